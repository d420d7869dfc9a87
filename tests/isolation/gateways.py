"""Three real gateways over one store: `weed s3` on three nodes, and one SeaweedFS elsewhere that no file declares."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from readiness import obtain
from readiness.providers.engine import probe
from readiness.providers.stores.base import new_keys
from readiness.providers.stores.weed import grpc_sockets, weed_environment
from tests.commands.lab import toml
from tests.commands.wires import Wires
from tests.isolation.script import script
from tests.support.contract import CONTRACT
from tests.support.eventually import eventually
from tests.support.ports import free_ports_with_neighbors

NODES = ("bumble", "honey", "sting")
SCRIPT = script(
    'connections) $(cat $node/prefix) ss -Htanp | grep "pid=$pid," ;;',
    "bytes) du -s --block-size=1 $node/data | cut -f1 ;;",
    'isolate|rejoin) sh -c "$(cat $node/$verb)" ;;',
    'reaches) $(cat $node/prefix) timeout 2 bash -c ": >/dev/tcp/$3/$4" ;;',
)


class Gateways:
    """Call `stop` at the end."""

    def __init__(self, folder: Path, wires: Wires) -> None:
        self.folder, self.keys, self._wires = folder, new_keys(), wires
        program = obtain.weed()
        master, volume, filer, *s3 = free_ports_with_neighbors(3 + len(NODES))
        self.master, self.filer = f"{wires.beyond}:{master}", f"{wires.beyond}:{filer}"
        self._ports = {"master": master, "volume": volume, "filer": filer}
        self._s3 = dict(zip(NODES, s3, strict=True))
        self.urls = {node: f"http://{wires.hosts[node]}:{port}" for node, port in self._s3.items()}
        identity = {
            "name": "admin",
            "credentials": [{"accessKey": self.keys.access_key, "secretKey": self.keys.secret_key}],
            "actions": ["Admin"],
        }
        (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
        (folder / "run.sh").write_text(SCRIPT)
        for node in NODES:
            (folder / node / "data").mkdir(parents=True)
            arguments = (
                f"{program} -logtostderr=true s3 -filer={self.filer} -ip.bind={wires.hosts[node]} "
                f"-port={self._s3[node]} -port.iceberg=0 -port.lance=0 -config={folder}/s3.json "
                f"-localSocket={folder}/{node}/s3.sock"
            )
            texts = {
                "command": f"{wires.prefix(node)} {arguments}",
                "prefix": wires.prefix(node),
                "isolate": wires.isolate(node),
                "rejoin": wires.rejoin(node),
            }
            for name, text in texts.items():
                (folder / node / name).write_text(text)
        self._backend: subprocess.Popen[bytes] | None = None
        self._command = [
            *(str(program), "-logtostderr=true", "server", "-filer", f"-ip={wires.beyond}"),
            *(f"-ip.bind={wires.beyond}", f"-dir={folder / 'the-one-store'}", f"-master.port={master}"),
            *(
                f"-volume.port={volume}",
                f"-filer.port={filer}",
                f"-filer.localSocket={folder / 'filer.sock'}",
            ),
            *("-master.telemetry=false", "-master.volumeSizeLimitMB=64", "-volume.max=50"),
        ]

    @property
    def environment(self) -> dict[str, str]:
        return {"LAB_ACCESS_KEY": self.keys.access_key, "LAB_SECRET_KEY": self.keys.secret_key}

    def start(self) -> None:
        (self.folder / "the-one-store").mkdir()
        with (self.folder / "log").open("ab") as out:
            self._backend = subprocess.Popen(
                self._command, env=weed_environment(self.folder), stdout=out, stderr=out
            )
        eventually(lambda: probe.status(f"http://{self.filer}/", 1) == 200, 60)
        for node in NODES:
            subprocess.run(["sh", "run.sh", "start", node], cwd=self.folder, check=True, timeout=20)
        eventually(lambda: all(probe.status(url, 1) is not None for url in self.urls.values()), 60)

    def stop(self) -> None:
        for node in NODES:
            if (self.folder / node / "pid").exists():
                subprocess.run(["sh", "run.sh", "kill", node], cwd=self.folder, check=False, timeout=20)
        if self._backend is not None:
            self._backend.kill()
            self._backend.wait(10)
        gateways = [socket for port in self._s3.values() for socket in grpc_sockets({"s3": port})]
        for socket in (*grpc_sockets(self._ports), *gateways):
            socket.unlink(missing_ok=True)

    def declared(self, *shown: str) -> dict[str, Any]:
        """The candidate file: the gateways only; `shown` are the verbs that show what is so."""

        def verbs(node: str, *names: str) -> dict[str, Any]:
            return {name: ["sh", "run.sh", name, node] for name in names}

        isolating = ("isolate", "rejoin", "reaches") if "isolate" in shown else ()
        outside = {"outside": [self._wires.outside]} if isolating else {}
        of_instance = ("stop", "start", "kill", "identity", *({"connections"} & set(shown)))
        return {
            "schema": 1,
            "name": "gateways",
            "class": "dedicated-ha",
            "summary": "It says that it is three nodes.",
            "provider": {"kind": "commands"},
            "endpoints": [
                {"name": n, "url": self.urls[n], "node": n, "instance": f"gateway-{n}"} for n in NODES
            ],
            "instances": [{"name": f"gateway-{n}", "node": n, **verbs(n, *of_instance)} for n in NODES],
            "nodes": [
                {"name": n, **verbs(n, *isolating, *({"bytes"} & set(shown))), **outside} for n in NODES
            ],
            "volumes": [{"node": n, "kind": "local-dir"} for n in NODES],
            "contract": CONTRACT,
            "boundary": {"cache_endpoints": [f"http://{self._wires.outside}"]},
        }

    def write(self, raw: dict[str, Any]) -> Path:
        """The candidate file, beside the scripts."""
        path = self.folder / "gateways.toml"
        path.write_text(toml(raw))
        return path
