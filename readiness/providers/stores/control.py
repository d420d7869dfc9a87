"""The embedded control: on every node one process, an etcd member and an S3 gateway in one."""

from __future__ import annotations

import secrets
import subprocess
import threading
from collections.abc import Mapping

from readiness.providers.engine import probe
from readiness.providers.stores.base import Health, Site, StartCommand, Store, new_keys
from readiness.topology import Endpoint, Instance, Keys

_CALL_SECONDS = 5.0
_REPAIR_SECONDS = 30.0
_ONE_OF_THREE = {"GOGC": "400"}
"""For Go: all members share one machine, so each of them collects garbage less often."""


class Control(Store):
    """Any odd number of nodes. Repair: a survivor replaces the member, whose node then joins as a new one."""

    stop_seconds = 10.0
    start_seconds = 30.0
    program, other_program = "control", "control-next"
    version_arguments = ("version",)

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self._program = site.program(self.program)
        self._s3, self._admin, self._peer = site.layout.ports(3)
        self._token = secrets.token_urlsafe(24)
        self._added: set[str] = set()
        self._joining: set[str] = set()
        self._lock = threading.Lock()
        self.health = Health("/readyz", self._admin)
        self.instances = tuple(Instance(f"control-{node}", node, "control") for node in site.nodes)
        self.endpoints = tuple(
            Endpoint(node, self._url(node, self._s3), node, f"control-{node}", self._url(node, self._admin))
            for node in site.nodes
        )

    def command(self, instance: Instance) -> StartCommand:
        node = instance.node
        address = self.site.layout.addresses[node]
        members = ",".join(f"{name}={self._url(name, self._peer)}" for name in self.site.nodes)
        argv = (
            *(self._program, "serve", "--name", node, "--data-dir", self.site.data(node)),
            *("--s3-listen", f"{address}:{self._s3}", "--admin-listen", f"{address}:{self._admin}"),
            *("--peer-listen", f"{address}:{self._peer}", "--initial-cluster", members),
            *("--cluster-state", "existing" if node in self._joining else "new"),
            *(("--plantable",) if self.site.options.get("plantable") else ()),
        )
        admin, read_only = self.site.keys["admin"], self.site.keys["read_only"]
        return StartCommand(
            argv,
            _ONE_OF_THREE
            | {
                "CONTROL_ROOT_ACCESS_KEY": admin.access_key,
                "CONTROL_ROOT_SECRET_KEY": admin.secret_key,
                "CONTROL_READONLY_ACCESS_KEY": read_only.access_key,
                "CONTROL_READONLY_SECRET_KEY": read_only.secret_key,
                "CONTROL_ADMIN_TOKEN": self._token,
            },
        )

    def settled(self) -> bool:
        """Every member sees all members, each started and voting."""
        try:
            return all(self._sees_all(node) for node in self.site.nodes)
        except (OSError, probe.Refused, ValueError, KeyError):
            return False

    def _sees_all(self, node: str) -> bool:
        members = probe.call_json(self._url(node, self._admin) + "/members", 1)["members"]
        voting = [member["name"] for member in members if member["started"] and not member["learner"]]
        return len(members) == len(voting) and sorted(voting) == sorted(self.site.nodes)

    def repair(self, node: str) -> str:
        peer = self._url(node, self._peer)
        tried = []
        for survivor in self.site.nodes:
            if survivor == node or probe.status(self._url(survivor, self._admin) + "/readyz", 0.5) != 200:
                continue
            try:
                self._admin_call(
                    survivor, "POST", "/members/replace", {"name": node, "peer_url": peer}, _REPAIR_SECONDS
                )
            except (OSError, probe.Refused) as error:
                tried.append(f"{survivor}: {error}")
                continue
            self._joining.add(node)
            return f"POST /members/replace on {survivor} for {node}; its next start joins the cluster as a new member"
        raise RuntimeError(
            f"no survivor could replace the member {node}: {'; '.join(tried) or 'none is ready'}"
        )

    def rotate(self, old: Keys | None) -> Keys:
        if old is not None:
            self._anywhere("DELETE", f"/users/{old.access_key}", None)
            return old
        fresh = new_keys()
        with self._lock:
            self._added.add(fresh.secret_key)
        user: dict[str, object] = {
            "access_key": fresh.access_key,
            "secret_key": fresh.secret_key,
            "role": "admin",
        }
        self._anywhere("POST", "/users", user)
        return fresh

    def divergence(self) -> Mapping[str, object]:
        found: dict[str, object] = {}
        for node in self.site.nodes:
            try:
                found[node] = probe.call_json(self._url(node, self._admin) + "/check", _CALL_SECONDS)
            except (OSError, probe.Refused, ValueError) as error:
                found[node] = {"unanswered": str(error)}
        return found

    def plant(self, bucket: str, key: str) -> str:
        node = self.site.nodes[0]
        self._admin_call(node, "POST", "/plant", {"bucket": bucket, "key": key}, _CALL_SECONDS)
        return "its index lost an object that its data holds"

    def versions(self) -> Mapping[str, str]:
        completed = subprocess.run(
            [self._program, "version"], capture_output=True, text=True, timeout=20, check=False
        )
        return {"control": completed.stdout.removeprefix("ha-control").strip()}

    def secrets(self) -> set[str]:
        with self._lock:
            return super().secrets() | {self._token} | self._added

    def _anywhere(self, method: str, path: str, body: Mapping[str, object] | None) -> None:
        failures = []
        for node in self.site.nodes:
            if probe.status(self._url(node, self._admin) + "/readyz", 0.5) != 200:
                continue
            try:
                self._admin_call(node, method, path, body, _CALL_SECONDS)
            except (OSError, probe.Refused) as error:
                failures.append(f"{node}: {error}")
            else:
                return
        raise RuntimeError(f"{method} of a user: {'; '.join(failures) or 'no node is ready'}")

    def _admin_call(
        self, node: str, method: str, path: str, body: Mapping[str, object] | None, seconds: float
    ) -> None:
        probe.call(self._url(node, self._admin) + path, seconds, method=method, body=body, token=self._token)

    def _url(self, node: str, port: int) -> str:
        return f"http://{self.site.layout.addresses[node]}:{port}"
