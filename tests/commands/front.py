"""TLS in front of the lab: Caddy with an authority of its own; a port a node, one for all, one that redirects."""

from __future__ import annotations

import json
import socket
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from readiness import obtain
from tests.commands.lab import NODES, Lab
from tests.support.eventually import eventually
from tests.support.ports import free_ports


class Front:
    """Call `stop` at the end. The certificate is for localhost, not for 127.0.0.1."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.lab, self.folder = lab, folder
        *ports, service, redirect = free_ports(5)
        self.https = {node: f"https://localhost:{port}" for node, port in zip(NODES, ports, strict=True)}
        self.service, self.redirect = f"https://localhost:{service}", f"http://127.0.0.1:{redirect}"
        upstreams = {node: lab.s3[node].removeprefix("http://") for node in NODES}
        servers = {node: _server(ports[at], [upstreams[node]]) for at, node in enumerate(NODES)}
        servers["service"] = _server(service, list(upstreams.values()))
        answer = {
            "handler": "static_response",
            "status_code": 308,
            "headers": {"Location": [self.https["bumble"] + "/"]},
        }
        servers["redirect"] = {"listen": [f"127.0.0.1:{redirect}"], "routes": [{"handle": [answer]}]}
        for server in servers.values():
            server["automatic_https"] = {"disable": True}
        internal = {"subjects": ["localhost"], "issuers": [{"module": "internal"}]}
        self._config = folder / "front.json"
        self._config.write_text(
            json.dumps(
                {
                    "admin": {"disabled": True, "config": {"persist": False}},
                    "storage": {"module": "file_system", "root": str(folder / "caddy")},
                    "logging": {"logs": {"default": {"level": "ERROR"}}},
                    "apps": {
                        "pki": {"certificate_authorities": {"local": {"install_trust": False}}},
                        "tls": {
                            "automation": {"policies": [internal]},
                            "certificates": {"automate": ["localhost"]},
                        },
                        "http": {"servers": servers},
                    },
                }
            )
        )
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def authority(self) -> Path:
        return self.folder / "caddy" / "pki" / "authorities" / "local" / "root.crt"

    def start(self) -> None:
        home = str(self.folder)
        log = (self.folder / "log").open("wb")
        self._process = subprocess.Popen(
            [obtain.caddy(), "run", "--config", str(self._config)],
            env={"HOME": home, "XDG_CONFIG_HOME": home, "XDG_DATA_HOME": home},
            stdout=subprocess.DEVNULL,
            stderr=log,
        )
        log.close()
        made = self.folder / "caddy" / "certificates" / "local" / "localhost" / "localhost.crt"
        try:
            eventually(lambda: made.exists() and self.authority.exists())
            eventually(lambda: all(_listens(url) for url in self.https.values()))
        except AssertionError as error:
            raise AssertionError((self.folder / "log").read_text()) from error

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(5)

    def declared(self, *, ca_bundle: str | None = "ca.pem") -> dict[str, Any]:
        """The lab through TLS; `ca.pem` lies beside the candidate file."""
        (self.lab.folder / "ca.pem").write_bytes(self.authority.read_bytes())
        raw = self.lab.declared()
        for endpoint in raw["endpoints"]:
            endpoint["url"] = self.https[endpoint["node"]]
        raw["endpoints"].append({"name": "service", "url": self.service})
        raw["s3"] = {"region": self.lab.region} | ({"ca_bundle": ca_bundle} if ca_bundle else {})
        return raw


def _listens(url: str) -> bool:
    split = urlsplit(url)
    try:
        socket.create_connection((split.hostname, split.port or 443), 1).close()
    except OSError:
        return False
    return True


def _server(port: int, upstreams: list[str]) -> dict[str, Any]:
    proxy = {"handler": "reverse_proxy", "upstreams": [{"dial": upstream} for upstream in upstreams]}
    return {
        "listen": [f"127.0.0.1:{port}"],
        "routes": [{"handle": [proxy]}],
        "tls_connection_policies": [{"default_sni": "localhost"}],
    }
