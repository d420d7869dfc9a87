"""versitygw over a directory: one process; objects are files, with their metadata in extended attributes."""

from __future__ import annotations

import asyncio
import subprocess
import threading
from collections.abc import Mapping

from readiness.providers.stores.base import Site, StartCommand, Store, new_keys
from readiness.s3.wire import NoReply, NotSent, Target, Wire
from readiness.topology import Endpoint, Instance, Keys

# No bucket can have this name, so the path hides none.
HEALTH = "/_health"
_CALL_SECONDS = 5.0


class Versitygw(Store):
    """`versitygw posix` with a directory for older versions, on the only node. Users can be added while it runs."""

    program = "versitygw"

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self._program = site.program(self.program)
        (node,) = site.nodes
        self._node = node
        (port,) = site.layout.ports(1)
        self._listen = f"{site.layout.addresses[node]}:{port}"
        self._added: set[str] = set()
        self._lock = threading.Lock()
        self.instances = (Instance(f"versitygw-{node}", node, "versitygw"),)
        self.endpoints = (Endpoint(node, f"http://{self._listen}", node, f"versitygw-{node}"),)

    def command(self, instance: Instance) -> StartCommand:
        data = self.site.data(instance.node)
        buckets, versions, users = data / "buckets", data / "versions", data / "users"
        for folder in (buckets, versions, users):
            self.site.make(folder)
        argv = (
            *(self._program, "--port", self._listen, "--health", HEALTH, "--iam-dir", users, "--quiet"),
            *("posix", "--versioning-dir", versions, buckets),
        )
        admin = self.site.keys["admin"]
        return StartCommand(argv, {"ROOT_ACCESS_KEY": admin.access_key, "ROOT_SECRET_KEY": admin.secret_key})

    def rotate(self, old: Keys | None) -> Keys:
        if old is not None:
            self._admin_call("delete-user", query=f"access={old.access_key}")
            return old
        fresh = new_keys()
        with self._lock:
            self._added.add(fresh.secret_key)
        user = f"<Access>{fresh.access_key}</Access><Secret>{fresh.secret_key}</Secret><Role>admin</Role>"
        self._admin_call("create-user", body=f"<Account>{user}</Account>".encode())
        return fresh

    def _admin_call(self, verb: str, *, query: str = "", body: bytes = b"") -> None:
        wire = Wire(Target(self.endpoints[0].url, self.site.keys["admin"]))
        try:
            reply = asyncio.run(
                wire.request("PATCH", verb, query=query, body=body, seconds=_CALL_SECONDS, fresh=True)
            )
        except (NoReply, NotSent) as error:
            raise RuntimeError(f"{verb}: {error}") from error
        if not 200 <= reply.status < 300:
            raise RuntimeError(f"{verb} was answered {reply.status} {reply.code or ''}".rstrip())

    def metrics_url(self, instance: Instance) -> str | None:
        """None: it sends metrics to a StatsD server, and offers none to be read."""
        return None

    def versions(self) -> Mapping[str, str]:
        output = subprocess.run(
            [self._program, "--version"], capture_output=True, text=True, timeout=20, check=False
        ).stdout
        first = output.split("\n", 1)[0]
        return {"versitygw": first.partition(":")[2].strip() or first}

    def secrets(self) -> set[str]:
        with self._lock:
            return super().secrets() | self._added
