"""The interim shape: SeaweedFS as one process with one volume folder and one endpoint."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

from readiness.providers.stores.base import Site, StartCommand, Store
from readiness.topology import Endpoint, Instance

GRPC = 10_000  # SeaweedFS's own rule for the second port of each part
ROLES = {"admin": ["Admin"], "read_only": ["Read", "List"]}


class WeedSingleton(Store):
    """`weed server -s3` on the only node."""

    program, version_arguments = "weed", ("version",)
    stop_seconds = 25.0  # it takes 16 s: its filer waits that long for streams that nobody ends

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self._program = site.program(self.program)
        (node,) = site.nodes
        self._node = node
        self._address = site.layout.addresses[node]
        self._master, self._volume, self._filer, self._s3, self._metrics = site.layout.ports(5, (0, GRPC))
        self._parts = {"master": self._master, "volume": self._volume, "filer": self._filer, "s3": self._s3}
        self.instances = (Instance(f"weed-{node}", node, "weed"),)
        base = f"http://{self._address}"
        self.endpoints = (
            Endpoint(node, f"{base}:{self._s3}", node, f"weed-{node}", f"{base}:{self._metrics}"),
        )

    def prepare(self) -> None:
        write_identities(self.site, self.site.folder / "s3.json")
        self.site.make(self.site.data(self._node))

    def command(self, instance: Instance) -> StartCommand:
        folder = self.site.folder
        argv = (
            *(self._program, "-logtostderr=true", "server", "-s3", "-filer"),
            *(f"-ip={self._address}", f"-ip.bind={self._address}", f"-dir={self.site.data(instance.node)}"),
            *(f"-master.port={self._master}", f"-volume.port={self._volume}", f"-filer.port={self._filer}"),
            *(
                f"-s3.port={self._s3}",
                "-s3.port.iceberg=0",
                "-s3.port.lance=0",
                f"-s3.config={folder / 's3.json'}",
            ),
            *(f"-s3.localSocket={folder / 's3.sock'}", f"-filer.localSocket={folder / 'filer.sock'}"),
            *(f"-metricsIp={self._address}", f"-metricsPort={self._metrics}", "-master.telemetry=false"),
            *("-master.raftHashicorp", "-master.electionTimeout=1s", "-master.heartbeatInterval=100ms"),
            *("-master.volumeSizeLimitMB=256", "-volume.max=64", "-volume.preStopSeconds=1"),
        )
        return StartCommand(argv, weed_environment(folder))

    def litter(self) -> tuple[Path, ...]:
        return grpc_sockets(self._parts)

    def versions(self) -> Mapping[str, str]:
        return {"seaweedfs": weed_version(self._program)}


def write_identities(site: Site, path: Path) -> None:
    """The S3 identities: an administrator, a reader, and nobody else (so no anonymous access)."""
    identities = [
        {
            "name": role,
            "credentials": [{"accessKey": keys.access_key, "secretKey": keys.secret_key}],
            "actions": ROLES[role],
        }
        for role, keys in site.keys.items()
    ]
    path.touch(0o600)
    path.write_text(json.dumps({"identities": identities}), encoding="utf-8")


def grpc_sockets(parts: Mapping[str, int]) -> tuple[Path, ...]:
    """Sockets that every part makes in /tmp, named by its gRPC port; no option moves them."""
    names = (f"seaweedfs-{part}-grpc-{port + GRPC}.sock" for part, port in parts.items())
    return tuple(Path("/tmp") / name for name in names)  # noqa: S108 - not ours to choose


def weed_environment(folder: Path) -> dict[str, str]:
    """Its own home and temporary folder: SeaweedFS writes sockets and profiles there."""
    return {"HOME": str(folder), "TMPDIR": str(folder)}


def weed_version(program: Path) -> str:
    """Version as the program says it."""
    output = subprocess.run(
        [program, "version"], capture_output=True, text=True, timeout=20, check=False
    ).stdout
    words = output.split()
    return words[2] if output.startswith("version") and len(words) > 2 else output.strip()
