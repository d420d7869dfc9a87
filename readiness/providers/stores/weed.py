"""The interim shape: SeaweedFS as one process with one volume folder and one endpoint."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from readiness.providers.engine import probe
from readiness.providers.stores.base import Site, StartCommand, Store
from readiness.topology import Endpoint, Instance, Proof

GRPC = 10_000  # SeaweedFS's own rule for the second port of each part
GARBAGE = 0.0001
"""The share of a volume's bytes that must be garbage for it to be vacuumed; the store's default is 0.3."""
_SHELL_SECONDS, _SHOWN_SECONDS, _CALL_SECONDS = 60.0, 15.0, 5.0
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

    def housekeep(self) -> Proof:
        folder = self.site.folder
        at, filer = f"{self._address}:{self._master}", f"{self._address}:{self._filer}"
        return vacuumed(
            partial(compactions, f"http://{at}"),
            partial(weed_shell, self._program, at, filer, folder),
            folder / "logs" / "housekeeping.log",
        )

    def versions(self) -> Mapping[str, str]:
        return {"seaweedfs": weed_version(self._program)}


def vacuumed(revisions: Callable[[], Mapping[str, int]], shell: Callable[[str], str], log: Path) -> Proof:
    """Lets `weed shell` vacuum every volume that holds any garbage, and waits for it to show: `revisions` says how
    often each volume has been compacted, as the volume servers report it. Raises RuntimeError if that cannot be read.
    """
    before = revisions()
    said = shell(f"lock\nvolume.vacuum -garbageThreshold {GARBAGE}\nunlock")
    with log.open("a", encoding="utf-8") as out:
        out.write(said)
    deadline = time.monotonic() + _SHOWN_SECONDS
    while True:
        after = revisions()
        compacted = sorted(name for name, times in after.items() if times > before.get(name, 0))
        if compacted or time.monotonic() > deadline:
            words = f"volume.vacuum compacted {len(compacted)} of {len(after)} copies of volumes"
            return Proof(bool(compacted), words)
        time.sleep(0.5)


def compactions(master: str) -> Mapping[str, int]:
    """How often each copy of a volume was compacted, as the master with that URL knows it. Raises RuntimeError."""
    try:
        status = probe.call_json(f"{master}/vol/status", _CALL_SECONDS)
        racks = [rack for center in status["Volumes"]["DataCenters"].values() for rack in center.values()]
        servers = {name: volumes or () for rack in racks for name, volumes in rack.items()}
        return {
            f"{volume['Id']}@{name}": int(volume.get("CompactRevision", 0))
            for name, volumes in servers.items()
            for volume in volumes
        }
    except (OSError, probe.Refused, ValueError, KeyError, TypeError) as error:
        raise RuntimeError(f"the volumes cannot be listed: {error}") from None


def weed_shell(program: Path, masters: str, filer: str, folder: Path, commands: str) -> str:
    """What `weed shell` says to these commands. Raises subprocess.TimeoutExpired."""
    return subprocess.run(
        [program, "shell", f"-master={masters}", f"-filer={filer}"],
        input=f"{commands}\nexit\n",
        env=weed_environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_SHELL_SECONDS,
        check=False,
    ).stdout


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
