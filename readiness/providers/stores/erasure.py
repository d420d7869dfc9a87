"""What MinIO and RustFS have in common: on every node one process with some drives, erasure coding over all
drives, and MinIO's administration API.

Facts read in the sources of MinIO 7aac2a2c5b7c and RustFS 1.0.1, and seen on the running stores.
"""

from __future__ import annotations

import asyncio
import json
import re
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from readiness.errors import UsageError
from readiness.providers.stores.base import Health, Site, StartCommand, Store, new_keys
from readiness.s3.wire import NoReply, NotSent, Target, Wire
from readiness.topology import Endpoint, Instance, Keys, Unsupported

READ_ONLY, ADMINISTRATOR = "state-read-only", "consoleAdmin"
_READS = ("GetObject", "GetObjectVersion", "GetBucketLocation", "GetBucketVersioning")
_LISTS = ("ListBucket", "ListBucketVersions", "ListAllMyBuckets")
_CALL_SECONDS = 5.0
_LASTING_SECONDS = 3.0  # a write is acknowledged by a quorum: the last drives may have it a moment later
_CLOCK_TICK_SECONDS = 0.02  # a file's time is of the kernel's last tick
_MOST_DRIVES = 16
_IN_ORDER = ("ok", "online")  # MinIO's word for a drive, and RustFS's


class Erasure(Store):
    """Subclasses say how the process is started. Options: `drives` of each node, `environment` of its process
    (NAME=VALUE: the store's own settings), and `pod` (it is told that Kubernetes runs it).

    An emptied node is made whole by the store itself; there is no procedure.
    """

    stop_seconds = 20.0
    start_seconds = 120.0
    kind: str
    """Program and kind of instance."""
    reserved: str
    """First part of the path of the administration API."""
    ready: str
    """What a load balancer asks each of several nodes."""

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        if len(site.nodes) > 1 and site.layout.kind != "namespaces":
            raise UsageError(
                f"{self.kind} treats every loopback address as its own, so several nodes need network namespaces: "
                "run as root where the kernel allows them"
            )
        self._drives = _number_of_drives(site)
        self._settings = _settings(site)
        self._program = site.program(self.kind)
        (self._port,) = site.layout.ports(1)
        self.health = Health(self.ready) if len(site.nodes) > 1 else None
        self._added: set[str] = set()
        self._lock = threading.Lock()
        self.instances = tuple(Instance(f"{self.kind}-{node}", node, self.kind) for node in site.nodes)
        self.endpoints = tuple(
            Endpoint(node, f"http://{self.listen(node)}", node, f"{self.kind}-{node}") for node in site.nodes
        )

    def listen(self, node: str) -> str:
        """Address and port of a node's process."""
        return f"{self.site.layout.addresses[node]}:{self._port}"

    def drives(self, node: str) -> tuple[Path, ...]:
        """The folders that stand for a node's drives."""
        return tuple(self.site.data(node) / f"drive{number + 1}" for number in range(self._drives))

    def volumes(self) -> tuple[str, ...]:
        """All drives of all nodes, the same for each process: paths on one node, else URLs."""
        if len(self.site.nodes) == 1:
            return tuple(map(str, self.drives(self.site.nodes[0])))
        return tuple(
            f"http://{self.listen(node)}{drive}" for node in self.site.nodes for drive in self.drives(node)
        )

    def command(self, instance: Instance) -> StartCommand:
        for drive in self.drives(instance.node):
            self.site.make(drive)
        environment = {"HOME": str(self.site.folder)} | dict(self.environment())
        if self.site.options.get("pod"):
            environment["KUBERNETES_SERVICE_HOST"] = self.site.layout.outside
        return StartCommand(self.argv(instance.node), environment | self._settings)

    def argv(self, node: str) -> tuple[str | Path, ...]:
        """The command line of a node's process."""
        raise NotImplementedError

    def environment(self) -> Mapping[str, str]:
        """Credentials, and what keeps the process to itself."""
        raise NotImplementedError

    def settled(self) -> bool:
        """Every process sees all others online and all drives in order, none of them healing, and what it writes
        reaches every drive.

        The last is tried: for up to 15 s after a start MinIO does without the drives that it did not find, while its
        administration API calls all of them online. Neither store says how many objects still lack a copy on a drive
        that was away for a while.
        """
        try:
            return all(self._sees_all(node) and self._reaches_all(node) for node in self.site.nodes)
        except (RuntimeError, ValueError, KeyError, TypeError):
            return False

    def _sees_all(self, node: str) -> bool:
        info = json.loads(self._ask(node, "GET", "info"))
        servers: list[dict[str, Any]] = info.get("info", info)["servers"]  # RustFS has it all one level down
        drives = [drive for server in servers for drive in server["drives"]]
        return (
            len(servers) == len(self.site.nodes)
            and all(server["state"] == "online" for server in servers)
            and len(drives) == len(self.site.nodes) * self._drives
            and all(drive["state"] in _IN_ORDER and not drive.get("healing") for drive in drives)
        )

    def _reaches_all(self, node: str) -> bool:
        """Write a policy that nobody has, which is kept like an object but in no bucket, and look for it."""
        policy = f"readiness-looks-from-{node}"
        began = time.time() - _CLOCK_TICK_SECONDS
        self._ask(node, "PUT", "add-canned-policy", f"name={policy}", _policy("s3:GetBucketLocation"))
        drives = [drive for each in self.site.nodes for drive in self.drives(each)]
        for _ in range(5):
            if all(_written(drive, policy) >= began for drive in drives):
                return True
            time.sleep(0.1)  # the last drives may have it a moment later
        return False

    def provision(self) -> None:
        policy = _policy(*(f"s3:{action}" for action in (*_READS, *_LISTS)))
        self._anywhere("PUT", "add-canned-policy", f"name={READ_ONLY}", policy)
        self._add_user(self.site.keys["read_only"], READ_ONLY)

    def rotate(self, old: Keys | None) -> Keys:
        if old is not None:
            self._anywhere("DELETE", "remove-user", f"accessKey={old.access_key}")
            return old
        fresh = new_keys()
        with self._lock:
            self._added.add(fresh.secret_key)
        self._add_user(fresh, ADMINISTRATOR)
        return fresh

    def _add_user(self, keys: Keys, policy: str) -> None:
        body = json.dumps({"secretKey": keys.secret_key, "status": "enabled"}).encode()
        self._anywhere("PUT", "add-user", f"accessKey={keys.access_key}", self.sealed(body))
        whose = f"isGroup=false&policyName={policy}&userOrGroup={keys.access_key}"
        self._anywhere("PUT", "set-user-or-group-policy", whose)

    def sealed(self, body: bytes) -> bytes:
        """A body with a secret as the administration API takes it."""
        return body

    def divergence(self) -> Mapping[str, object]:
        """Versions' records (`xl.meta`) that some drives have and others lack, and that stay so. Only file names
        are read.
        """
        if self._drives * len(self.site.nodes) == 1:
            raise Unsupported(f"{self.kind} with one drive has one copy of everything: nothing to compare")
        before = self._incomplete()
        time.sleep(_LASTING_SECONDS)
        after = self._incomplete()
        lasting = sorted(name for name in before.keys() & after.keys() if before[name] == after[name])
        return {
            "drives": self._drives * len(self.site.nodes),
            "incomplete": len(lasting),
            "divergences": [f"{name} is missing on {', '.join(after[name])}" for name in lasting[:20]],
        }

    def plant(self, bucket: str, key: str) -> str:
        drive = next(iter(self.drives(self.site.nodes[0])))
        (drive / bucket / key / "xl.meta").unlink()
        return f"{drive.name} of {self.site.nodes[0]} lost the record of an object"

    def _incomplete(self) -> dict[str, tuple[str, ...]]:
        """Per record the drives that lack it."""
        drives = {
            f"{node}/{drive.name}": set(_records(drive))
            for node in self.site.nodes
            for drive in self.drives(node)
        }
        return {
            name: lacking
            for name in set().union(*drives.values())
            if (lacking := tuple(drive for drive, has in drives.items() if name not in has))
        }

    def secrets(self) -> set[str]:
        with self._lock:
            return super().secrets() | self._added

    def _anywhere(self, method: str, verb: str, query: str, body: bytes = b"") -> None:
        """Ask one node after the other until one does it."""
        refused = []
        for node in self.site.nodes:
            try:
                self._ask(node, method, verb, query, body)
            except RuntimeError as error:
                refused.append(f"{node}: {error}")
            else:
                return
        raise RuntimeError(f"{verb}: {'; '.join(refused)}")

    def _ask(self, node: str, method: str, verb: str, query: str = "", body: bytes = b"") -> bytes:
        """The body of the answer. Raises RuntimeError, which shows no secret."""
        wire = Wire(Target(f"http://{self.listen(node)}", self.site.keys["admin"]))
        call = wire.request(
            *(method, self.reserved, f"admin/v3/{verb}"),
            query=query,
            body=body,
            seconds=_CALL_SECONDS,
            fresh=True,
        )
        try:
            reply = asyncio.run(call)
        except (NoReply, NotSent) as error:
            raise RuntimeError(f"{verb}: {error}") from error
        if not 200 <= reply.status < 300:
            raise RuntimeError(f"{verb} was answered {reply.status}: {reply.body[:300]!r}")
        return reply.body


def _records(drive: Path) -> list[str]:
    """Names of the records on a drive, except those of the store itself (`.minio.sys`, `.rustfs.sys`)."""
    return [
        str(record.relative_to(drive).parent)
        for bucket in drive.iterdir()
        if not bucket.name.startswith(".")
        for record in bucket.rglob("xl.meta")
    ]


def _policy(*actions: str) -> bytes:
    statement = {"Effect": "Allow", "Action": actions, "Resource": ["arn:aws:s3:::*"]}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}).encode()


def _written(drive: Path, policy: str) -> float:
    """When the drive got the policy last, in seconds since 1970; 0 if it has none."""
    records = drive.glob(f".*.sys/config/iam/policies/{policy}/policy.json/xl.meta")
    return max((record.stat().st_mtime for record in records), default=0.0)


def _number_of_drives(site: Site) -> int:
    drives = site.options.get("drives", 1)
    if not isinstance(drives, int) or isinstance(drives, bool) or not 1 <= drives <= _MOST_DRIVES:
        raise UsageError(f"provider.options.drives = {drives!r}: a whole number from 1 to {_MOST_DRIVES}")
    return drives


def _settings(site: Site) -> dict[str, str]:
    given = site.options.get("environment", [])
    lines = given if isinstance(given, list) else [given]
    found = [re.fullmatch(r"((?:MINIO|RUSTFS)_[A-Z0-9_]+)=(.*)", str(line)) for line in lines]
    wrong = [line for line, match in zip(lines, found, strict=True) if match is None]
    if wrong:
        raise UsageError(
            f'provider.options.environment: {wrong[0]!r} is not a setting of the store; write ["NAME=VALUE", …] '
            "with names that begin with MINIO_ or RUSTFS_"
        )
    return {match[1]: match[2] for match in found if match}
