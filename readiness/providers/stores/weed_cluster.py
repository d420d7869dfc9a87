"""SeaweedFS on three nodes: on every node one `weed server` (master, volumes, filer, S3) and one etcd for the
filers' metadata.

Ports differ between nodes: the parts find each other by sockets in /tmp that are named by port alone.

"""

from __future__ import annotations

import base64
import json
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from readiness.providers.engine import probe
from readiness.providers.stores.base import Health, Site, StartCommand, Store
from readiness.providers.stores.weed import (
    GRPC,
    compactions,
    grpc_sockets,
    vacuumed,
    weed_environment,
    weed_shell,
    weed_version,
    write_identities,
)
from readiness.topology import Endpoint, Instance, Proof

COPIES = 2  # replication 001: another server has each volume too
_REPAIR_SECONDS = 60.0
_MASTER = """\
[master.volume_growth]
copy_2 = 3
"""


@dataclass(frozen=True)
class _Ports:
    master: int
    volume: int
    filer: int
    s3: int
    metrics: int
    client: int
    peer: int


class WeedCluster(Store):
    """Kinds `etcd` and `weed`. Metadata survives in etcd's majority, bodies in two copies."""

    program, other_program, version_arguments = "weed", "weed-other", ("version",)
    stop_seconds = 25.0
    start_seconds = 90.0
    health = Health("/healthz")

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self._weed, self._etcd = site.program("weed"), site.program("etcd")
        numbers = iter(site.layout.ports(7 * len(site.nodes), (0, GRPC)))
        self._ports = {node: _Ports(*(next(numbers) for _ in range(7))) for node in site.nodes}
        self._joining: set[str] = set()
        self._lock = threading.Lock()
        etcd = [Instance(f"etcd-{node}", node, "etcd") for node in site.nodes]
        weed = [Instance(f"weed-{node}", node, "weed") for node in site.nodes]
        self.instances = (*etcd, *weed)
        self.endpoints = tuple(
            Endpoint(node, self._url(node, "s3"), node, f"weed-{node}", self._url(node, "metrics"))
            for node in site.nodes
        )

    def prepare(self) -> None:
        folder = self.site.folder
        write_identities(self.site, folder / "s3.json")
        servers = ",".join(self._at(node, "client") for node in self.site.nodes)
        (folder / "filer.toml").write_text(
            f'[leveldb2]\nenabled = false\n[etcd]\nenabled = true\nservers = "{servers}"\n'
            'key_prefix = "seaweedfs."\ntimeout = "3s"\n',
            encoding="utf-8",
        )
        (folder / "master.toml").write_text(_MASTER, encoding="utf-8")

    def command(self, instance: Instance) -> StartCommand:
        return (self._etcd_command if instance.kind == "etcd" else self._weed_command)(instance.node)

    def _etcd_command(self, node: str) -> StartCommand:
        cluster = ",".join(f"{name}={self._url(name, 'peer')}" for name in self.site.nodes)
        client, peer = self._url(node, "client"), self._url(node, "peer")
        argv = (
            *(self._etcd, "--name", node, "--data-dir", self.site.data(node) / "etcd"),
            *("--listen-client-urls", client, "--advertise-client-urls", client),
            *("--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer),
            *("--initial-cluster", cluster, "--log-level", "warn"),
            *("--initial-cluster-state", "existing" if node in self._joining else "new"),
        )
        return StartCommand(argv)

    def _weed_command(self, node: str) -> StartCommand:
        folder, ports, address = self.site.folder, self._ports[node], self.site.layout.addresses[node]
        data = self.site.data(node) / "weed"
        self.site.make(data)
        masters = ",".join(self._at(name, "master") for name in self.site.nodes)
        argv = (
            *(self._weed, "-logtostderr=true", "server", "-s3", "-filer", f"-dir={data}"),
            *(f"-ip={address}", f"-ip.bind={address}", "-dataCenter=lab", "-rack=lab"),
            *(f"-master.port={ports.master}", f"-volume.port={ports.volume}"),
            *(f"-filer.port={ports.filer}", f"-s3.port={ports.s3}"),
            *(f"-metricsIp={address}", f"-metricsPort={ports.metrics}", f"-master.peers={masters}"),
            *("-master.raftHashicorp", "-master.electionTimeout=1s", "-master.heartbeatInterval=100ms"),
            *("-master.defaultReplication=001", "-master.volumeSizeLimitMB=64", "-volume.max=200"),
            *("-master.telemetry=false", "-volume.preStopSeconds=1"),
            *("-s3.port.iceberg=0", "-s3.port.lance=0", f"-s3.config={folder / 's3.json'}"),
            *(
                f"-s3.localSocket={folder / f's3-{node}.sock'}",
                f"-filer.localSocket={folder / f'filer-{node}.sock'}",
            ),
        )
        return StartCommand(argv, weed_environment(folder))

    def founded(self, instance: Instance) -> bool:
        """A filer gives a fresh shared store its id. Filers that do so at the same time take themselves for owners of
        different stores, and write each other's past changes over newer ones (`meta_aggregator` in their logs). The
        option `found_alone = false` starts them all at once.
        """
        if instance.kind == "etcd" or self.site.options.get("found_alone") is False:
            return True
        prefix = b"seaweedfs.filer.store.id"
        wanted = {"key": prefix, "range_end": prefix[:-1] + b"e"}
        body = {name: base64.b64encode(value).decode() for name, value in wanted.items()}
        try:
            answer = probe.call(
                f"{self._url(instance.node, 'client')}/v3/kv/range", 1, method="POST", body=body
            )
        except (OSError, probe.Refused):
            return False
        return int(json.loads(answer).get("count", 0)) > 0

    def litter(self) -> tuple[Path, ...]:
        return tuple(
            socket
            for ports in self._ports.values()
            for socket in grpc_sockets(
                {"master": ports.master, "volume": ports.volume, "filer": ports.filer, "s3": ports.s3}
            )
        )

    def in_service(self, instance: Instance, seconds: float) -> bool:
        return probe.status(self._url(instance.node, "client") + "/readyz", seconds) == 200

    def settled(self) -> bool:
        """All etcd members started, all masters follow one leader, each volume has its copies on live servers."""
        try:
            return self._members_started() and self._one_leader() and not self._thin()
        except (OSError, probe.Refused, ValueError, KeyError, TypeError):
            return False

    def repair(self, node: str) -> str:
        survivor = next(
            (
                n
                for n in self.site.nodes
                if n != node and probe.status(self._url(n, "client") + "/readyz", 1) == 200
            ),
            None,
        )
        if survivor is None:
            raise RuntimeError(f"no survivor could replace the etcd member {node}: none is ready")
        for member in self._members(survivor):
            if member.get("name") == node or self._url(node, "peer") in member["peerURLs"]:
                self._etcd_call(survivor, "member/remove", {"ID": member["ID"]})
        self._etcd_call(survivor, "member/add", {"peerURLs": [self._url(node, "peer")]})
        with self._lock:
            self._joining.add(node)
        deadline = time.monotonic() + _REPAIR_SECONDS
        others = [survivor, *(name for name in self.site.nodes if name not in (node, survivor))]
        thin = self._thin_volumes(survivor, others)
        while thin and time.monotonic() < deadline:
            self._fix_replication(others)
            thin = self._thin_volumes(survivor, others)
        left = f"volumes {thin} still have one copy" if thin else "every volume has two copies"
        return f"etcd member {node} replaced through {survivor}; after volume.fix.replication, {left}"

    def divergence(self) -> Mapping[str, object]:
        output = self._shell("fs.verify /buckets", self.site.nodes)
        return {"fs.verify /buckets": output.splitlines()[-20:]}

    def housekeep(self) -> Proof:
        nodes = self.site.nodes
        return vacuumed(
            lambda: compactions(self._url(nodes[0], "master")),
            lambda commands: self._shell(commands, nodes),
            self.site.folder / "logs" / "housekeeping.log",
        )

    def _fix_replication(self, nodes: Sequence[str]) -> None:
        output = self._shell("lock\nvolume.fix.replication -apply\nunlock", nodes)
        with (self.site.folder / "logs" / "repair.log").open("a", encoding="utf-8") as log:
            log.write(output)

    def _shell(self, commands: str, nodes: Sequence[str]) -> str:
        """What `weed shell` says to these commands, asked through these nodes."""
        masters = ",".join(self._at(name, "master") for name in nodes)
        return weed_shell(self._weed, masters, self._at(nodes[0], "filer"), self.site.folder, commands)

    def versions(self) -> Mapping[str, str]:
        output = subprocess.run(
            [self._etcd, "--version"], capture_output=True, text=True, timeout=20, check=False
        ).stdout
        return {
            "seaweedfs": weed_version(self._weed),
            "etcd": output.split("\n", 1)[0].removeprefix("etcd Version: "),
        }

    def _thin(self) -> list[int]:
        return self._thin_volumes(self.site.nodes[0], self.site.nodes)

    def _members_started(self) -> bool:
        started = [str(member.get("name", "")) for member in self._members(self.site.nodes[0])]
        return sorted(started) == sorted(self.site.nodes)

    def _one_leader(self) -> bool:
        statuses = [
            probe.call_json(self._url(node, "master") + "/cluster/status", 1) for node in self.site.nodes
        ]
        leaders = {str(status.get("Leader", "")) for status in statuses}
        return len(leaders) == 1 and "" not in leaders

    def _thin_volumes(self, asked: str, nodes: Sequence[str]) -> list[int]:
        """Volumes that have fewer copies on these nodes than promised, as the leader knows it. Raises ValueError."""
        status = probe.call_json(self._url(asked, "master") + "/vol/status", 2)
        racks = [rack for center in status["Volumes"]["DataCenters"].values() for rack in center.values()]
        servers = {name: volumes or () for rack in racks for name, volumes in rack.items()}
        wanted = [self._at(node, "volume") for node in nodes]
        if not all(name in servers for name in wanted):
            raise ValueError(f"not all volume servers are registered: {sorted(servers)}")
        everywhere = {int(volume["Id"]) for volumes in servers.values() for volume in volumes}
        copies = Counter(int(volume["Id"]) for name in wanted for volume in servers[name])
        return sorted(volume for volume in everywhere if copies[volume] < COPIES)

    def _members(self, node: str) -> list[dict[str, Any]]:
        return list(self._etcd_call(node, "member/list", {})["members"])

    def _etcd_call(self, node: str, what: str, body: Mapping[str, object]) -> Any:
        url = f"{self._url(node, 'client')}/v3/cluster/{what}"
        return json.loads(probe.call(url, 5, method="POST", body=body))

    def _at(self, node: str, part: str) -> str:
        return f"{self.site.layout.addresses[node]}:{getattr(self._ports[node], part)}"

    def _url(self, node: str, part: str) -> str:
        return f"http://{self._at(node, part)}"
