"""Ceph with a monitor, a manager, an OSD and a RADOS Gateway on every node, from Debian's packages."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from readiness.errors import UsageError
from readiness.providers.stores.base import Health, Site, StartCommand, Store
from readiness.providers.stores.ceph import admin_socket, index, settings, users
from readiness.providers.stores.ceph.programs import Programs
from readiness.topology import Endpoint, Instance, Keys

READY = "/swift/healthcheck"
_ASK_SECONDS = 5
_DESTROY_SECONDS = 60.0
_LASTING_SECONDS = 4.0
"""What the manager says of the placement groups may be older than a change of the OSDs' map by less than that."""
_PAUSE_SECONDS = 1.0
_IN_SERVICE: Mapping[str, tuple[str, frozenset[str]]] = {
    "mon": ("mon_status", frozenset({"leader", "peon"})),
    "osd": ("status", frozenset({"active"})),
}


class Ceph(Store):
    """Kinds `mon`, `mgr`, `osd`, `rgw`."""

    program = "ceph"
    stop_seconds = 30.0
    start_seconds = 180.0
    health = Health(READY)

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self.programs = Programs(site.program(self.program))
        self._mon_port, self._s3_port, self._metrics_port = site.layout.ports(3)
        self.conf = site.folder / "ceph.conf"
        self._fsid = str(uuid.uuid4())
        self._keys: dict[str, str] = {}
        self._added: set[str] = set()
        self._lock = threading.Lock()
        self._seen: tuple[object, float] = (None, 0.0)
        self._asked = 0.0
        self.instances = tuple(each for kind in ("mon", "mgr", "osd", "rgw") for each in self._of(kind))
        self.endpoints = tuple(
            Endpoint(
                node,
                self._url(node, self._s3_port),
                node,
                f"rgw-{node}",
                self._url(node, self._metrics_port),
            )
            for node in site.nodes
        )

    # -- what the processes read

    def prepare(self) -> None:
        for folder in ("keys", "crash"):
            (self.site.folder / folder).mkdir()
        self.conf.write_text(settings.conf(self._sections()), encoding="utf-8")
        capabilities = {"mon.": settings.MONITOR_CAPABILITIES, "client.admin": settings.ADMIN_CAPABILITIES}
        of_kind = {"mgr": settings.MANAGER_CAPABILITIES, "client": settings.GATEWAY_CAPABILITIES}
        daemons = [self._name(each) for kind in ("mgr", "rgw") for each in self._of(kind)]
        self._keys = {name: self._new_key() for name in ("mon.", "client.admin", *daemons)}
        entries = {
            name: settings.keyring(name, key, capabilities.get(name) or of_kind[name.split(".")[0]])
            for name, key in self._keys.items()
        }
        for name, entry in entries.items():
            self._write_key(name, entry)
        self._write_key("founding", "".join(entries.values()))
        nodes = [
            part
            for node in self.site.nodes
            for part in ("--addv", node, f"[v2:{self._at(node, self._mon_port)}]")
        ]
        self.programs.run("monmaptool", "--create", "--fsid", self._fsid, *nodes, self.site.folder / "monmap")
        for node in self.site.nodes:
            self._make_monitor(node)

    def _sections(self) -> Mapping[str, settings.Section]:
        folder, addresses = self.site.folder, self.site.layout.addresses
        everywhere = {
            "fsid": self._fsid,
            "mon_initial_members": ",".join(self.site.nodes),
            "mon_host": ",".join(f"[v2:{self._at(node, self._mon_port)}]" for node in self.site.nodes),
            "run_dir": str(folder),
            "crash_dir": str(folder / "crash"),
            "admin_socket": str(folder / "$name.asok"),
            "keyring": str(folder / "keys" / "$name"),
            **self.programs.settings(),
            **settings.SETTINGS,
        }
        sections: dict[str, settings.Section] = {"global": everywhere, "client.admin": {"admin_socket": ""}}
        for each in self.instances:
            address, name = addresses[each.node], self._name(each)
            own = {"public_addr": address, "cluster_addr": address}
            own[f"{each.kind}_data"] = str(self._data(each))
            if each.kind == "rgw":
                own["rgw_frontends"] = f"beast endpoint={self._at(each.node, self._s3_port)}"
            if each.kind == "mon":
                own |= {
                    "keyring": str(folder / "keys" / "mon."),
                    "public_addr": f"v2:{self._at(each.node, self._mon_port)}",
                }
            sections[name] = own
        return sections

    def command(self, instance: Instance) -> StartCommand:
        if instance.kind in ("mgr", "rgw"):
            self.site.make(self._data(instance))
        program = "radosgw" if instance.kind == "rgw" else f"ceph-{instance.kind}"
        argv = self.programs.argv(program, "-f", "--conf", self.conf, "--name", self._name(instance))
        return StartCommand(argv, self.programs.environment)

    # -- how one store is made of them

    def founded(self, instance: Instance) -> bool:
        """The OSDs are known before they start, the pools are there before the gateways do. Raises UsageError."""
        last = self.site.nodes[-1]
        if instance.node != last or instance.kind not in ("mon", "osd"):
            return True
        here = [each for each in self.instances if each.kind == instance.kind]
        if not all(self.in_service(each, _ASK_SECONDS) for each in here) or not self._answers():
            return False
        try:
            (self._make_osds if instance.kind == "mon" else self._make_pools)()
        except RuntimeError as error:
            raise UsageError(f"Ceph cannot be set up: {error}") from None
        return True

    def _answers(self) -> bool:
        """Whether the monitors know the administrator yet: a moment after they have a leader."""
        try:
            self._ask({"prefix": "status"})
        except RuntimeError:
            return False
        return True

    def _make_osds(self) -> None:
        module = {"who": "mgr", "name": "mgr/prometheus/server_port", "value": str(self._metrics_port)}
        commands: list[Mapping[str, object]] = [{"prefix": "config set", "force": True, **module}]
        for node, address in self.site.layout.addresses.items():
            named = {"name": f"mgr/prometheus/{node}/server_addr", "value": address}
            commands.append({"prefix": "config set", "who": "mgr", "force": True, **named})
        self._ask(*commands)
        for node in self.site.nodes:
            self._make_osd(node)

    def _make_pools(self) -> None:
        number = settings.PLACEMENT_GROUPS
        # A name that begins with a dot is meant; otherwise the answer is success, and there is no pool.
        how = {"pg_num": number, "pgp_num": number, "yes_i_really_mean_it": True}
        self._ask(
            *({"prefix": "osd pool create", "pool": pool, **how} for pool in settings.POOLS),
            *(
                {"prefix": "osd pool application enable", "pool": pool, "app": "rgw"}
                for pool in settings.POOLS
            ),
        )

    def _new_key(self) -> str:
        """A key that nobody has had before, of the kind that this version of Ceph takes."""
        return self.programs.run("ceph-authtool", "--gen-print-key").strip()

    def _make_monitor(self, node: str) -> None:
        data = self.site.data(node) / "mon"
        self.site.make(data)
        self.programs.run(
            *("ceph-mon", "--mkfs", "--conf", self.conf, "-i", node),
            *("--monmap", self.site.folder / "monmap", "--keyring", self._key_file("founding")),
            *("--mon-data", self.site.storage.seen(data)),
        )

    def _make_osd(self, node: str) -> None:
        """Its number, its key, its place among the nodes, and what lies on its disk."""
        number, key, known_as = self._number(node), self._new_key(), str(uuid.uuid4())
        data = self.site.data(node) / "osd"
        self.site.make(data)
        with self._lock:
            self._keys[f"osd.{number}"] = key
        self._write_key(f"osd.{number}", settings.keyring(f"osd.{number}", key, {}))
        place = {"id": number, "weight": 1.0, "args": [f"host={node}", "root=default"]}
        self._ask(
            {"prefix": "osd new", "uuid": known_as, "id": number, "input": f'{{"cephx_secret": "{key}"}}'},
            {"prefix": "osd crush create-or-move", **place},
        )
        self.programs.run(
            *("ceph-osd", "--mkfs", "--conf", self.conf, "-i", str(number), "--osd-uuid", known_as),
            *("--osd-data", self.site.storage.seen(data), "--no-mon-config"),
        )

    # -- whether it is whole

    def in_service(self, instance: Instance, seconds: float) -> bool:
        """The daemon is asked itself. A manager is in service as soon as it answers: one of them is active."""
        command, states = _IN_SERVICE.get(instance.kind, ("version", frozenset()))
        try:
            answer = admin_socket.ask(self._socket(instance), command, seconds)
        except (OSError, ValueError):
            return False
        return not states or answer.get("state") in states

    def settled(self) -> bool:
        """All monitors agree, all OSDs are up, every placement group has all of its copies, and nothing has changed for
        some seconds: the manager's numbers may be older than the OSDs' map.
        """
        with self._lock:
            if time.monotonic() - self._asked < _PAUSE_SECONDS:
                return False
            self._asked = time.monotonic()
            try:
                (status,) = self._ask({"prefix": "status"})
                epoch, whole = status["osdmap"]["epoch"], is_whole(status, len(self.site.nodes))
            except (RuntimeError, KeyError, TypeError):
                return False
            if not whole or epoch != self._seen[0]:
                self._seen = (epoch if whole else None, time.monotonic())
                return False
            if time.monotonic() - self._seen[1] < _LASTING_SECONDS:
                return False
            self._asked = 0.0
            return True

    # -- users, repair, divergence

    def provision(self) -> None:
        users.provision(self._administration, self.site.keys)

    def rotate(self, old: Keys | None) -> Keys:
        if old is not None:
            users.retire(self._administration, old)
            return old
        fresh = users.add(self._administration)
        with self._lock:
            self._added.add(fresh.secret_key)
        return fresh

    def repair(self, node: str) -> str:
        """As Ceph's documentation replaces a disk: `osd destroy`, then `osd new` of that number. It keeps its place."""
        number = self._number(node)
        self._make_monitor(node)
        self._destroy(number)
        self._make_osd(node)
        return f"monitor {node} made anew from the others' map; osd.{number} destroyed and made anew, to be backfilled"

    def _destroy(self, number: int) -> None:
        """Once it is marked down. Raises RuntimeError."""
        deadline = time.monotonic() + _DESTROY_SECONDS
        command = {"prefix": "osd destroy-actual", "id": number, "yes_i_really_mean_it": True}
        while True:
            try:
                self._ask(command)
            except RuntimeError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(_PAUSE_SECONDS)
            else:
                return

    def divergence(self) -> Mapping[str, object]:
        return index.divergence(self._administration, self._rados)

    def plant(self, bucket: str, key: str) -> str:
        return index.plant(self._administration, self._rados, bucket, key)

    def versions(self) -> Mapping[str, str]:
        return {"ceph": self.programs.run("radosgw", "--version").strip().removeprefix("ceph version ")}

    def secrets(self) -> set[str]:
        with self._lock:
            return super().secrets() | self._added | set(self._keys.values())

    # -- asking

    def _administration(self, *arguments: str, given: str = "") -> str:
        return self.programs.run("radosgw-admin", *arguments, "--conf", self.conf, given=given)

    def _rados(self, *arguments: str) -> str:
        return self.programs.run("rados", "--pool", settings.DATA_POOL, *arguments, "--conf", self.conf)

    def _ask(self, *commands: Mapping[str, object]) -> list[Any]:
        return self.programs.ask(self.conf, commands, _ASK_SECONDS)

    # -- names and places

    def _of(self, kind: str) -> tuple[Instance, ...]:
        return tuple(Instance(f"{kind}-{node}", node, kind) for node in self.site.nodes)

    def _number(self, node: str) -> int:
        return self.site.nodes.index(node)

    def _name(self, instance: Instance) -> str:
        """As Ceph calls it."""
        if instance.kind == "osd":
            return f"osd.{self._number(instance.node)}"
        return f"client.rgw.{instance.node}" if instance.kind == "rgw" else f"{instance.kind}.{instance.node}"

    def _data(self, instance: Instance) -> Path:
        return self.site.data(instance.node) / instance.kind

    def _socket(self, instance: Instance) -> Path:
        return self.site.folder / f"{self._name(instance)}.asok"

    def _key_file(self, name: str) -> Path:
        return self.site.folder / "keys" / name

    def _write_key(self, name: str, text: str) -> None:
        path = self._key_file(name)
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")

    def _at(self, node: str, port: int) -> str:
        return f"{self.site.layout.addresses[node]}:{port}"

    def _url(self, node: str, port: int) -> str:
        return f"http://{self._at(node, port)}"


def is_whole(status: Mapping[str, Any], nodes: int) -> bool:
    """Whether `ceph status` has that many monitors in the quorum and OSDs up, a manager, and no placement group that
    lacks a copy.
    """
    groups, osds = status["pgmap"], status["osdmap"]
    clean = sum(
        each["count"]
        for each in groups.get("pgs_by_state", ())
        if each["state_name"].startswith("active+clean")
    )
    return bool(
        len(status["quorum_names"]) == nodes
        and osds["num_osds"] == osds["num_up_osds"] == osds["num_in_osds"] == nodes
        and status["mgrmap"]["available"]
        and clean == groups["num_pgs"] > 0
    )
