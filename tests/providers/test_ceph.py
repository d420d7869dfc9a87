"""The recipe ceph: what is started with which settings, and what is asked of whom. No Ceph runs: its programs are
scripts that note how they were called.
"""

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from readiness.errors import UsageError
from readiness.providers.stores.ceph import admin_socket, index, recipe, settings, users
from readiness.providers.stores.ceph.programs import Programs
from readiness.providers.stores.ceph.recipe import Ceph, is_whole
from readiness.topology import Instance, Keys
from tests.providers.sites import shown, site

pytestmark = [pytest.mark.store, pytest.mark.side_by_side]

NODES = ("bumble", "honey", "sting")
LOADER = '#!/bin/sh\nshift 4\nexec "$@"\n'  # --library-path FOLDERS --argv0 NAME
NOTES = '#!/bin/sh\necho "$(basename "$0") $*" >> "$(dirname "$0")/../../calls"\n'
ASKED = """{ cat; echo; } >> "$(dirname "$0")/../../asked"
[ -e "$(dirname "$0")/../../refuses" ] && { echo "osd.0 is up" >&2; exit 1; }
cat "$(dirname "$0")/../../answers" 2>/dev/null || echo '[]'
"""
NEW_KEY = """#!/bin/sh
count="$(dirname "$0")/../../keys"
echo >> "$count"
echo "key-$(wc -l < "$count")-of-a-test"
"""
WHOLE: Mapping[str, Any] = {
    "quorum_names": list(NODES),
    "osdmap": {"epoch": 7, "num_osds": 3, "num_up_osds": 3, "num_in_osds": 3},
    "mgrmap": {"available": True},
    "pgmap": {
        "num_pgs": 65,
        "pgs_by_state": [
            {"state_name": "active+clean", "count": 64},
            {"state_name": "active+clean+scrubbing", "count": 1},
        ],
    },
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root file system whose programs are scripts."""
    root = tmp_path / "root"
    scripts = {
        "usr/lib64/ld-linux-x86-64.so.2": LOADER,
        "usr/bin/python3": NOTES + ASKED,
        "usr/bin/ceph-authtool": NEW_KEY,
        "usr/bin/radosgw": NOTES + "echo 'ceph version 20.2.4 (abc) tentacle'\n",
        **{f"usr/bin/{name}": NOTES for name in ("ceph-mon", "ceph-osd", "monmaptool")},
    }
    (root / "usr/lib/x86_64-linux-gnu").mkdir(parents=True)
    for name, text in scripts.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)
    return root


@pytest.fixture
def ceph(root: Path, tmp_path: Path) -> Ceph:
    folder = tmp_path / "run"
    folder.mkdir()
    return Ceph(site(folder, NODES, lambda _name: root))


def calls(root: Path) -> list[str]:
    path = root / "calls"
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def asked(root: Path) -> list[dict[str, Any]]:
    """The commands that the monitors were given."""
    return [one for line in (root / "asked").read_text().splitlines() if line for one in json.loads(line)]


def of(store: Ceph, name: str) -> Instance:
    return next(each for each in store.instances if each.name == name)


# -- programs and settings


def test_a_daemon_runs_with_the_loader_of_its_root_and_no_secret_is_an_argument(
    ceph: Ceph, root: Path
) -> None:
    command = ceph.command(of(ceph, "osd-honey"))
    assert command.argv[0] == root / "usr/lib64/ld-linux-x86-64.so.2"
    line = shown(command.argv)
    assert f"{root}/usr/lib/x86_64-linux-gnu/ceph" in line
    assert line.endswith(f"--argv0 ceph-osd {root}/usr/bin/ceph-osd -f --conf {ceph.conf} --name osd.1")
    assert command.env["PYTHONHOME"] == str(root / "usr")
    for instance in ceph.instances:
        assert not any(secret in shown(ceph.command(instance).argv) for secret in ceph.secrets())


def test_a_root_without_a_loader_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no root file system with Ceph"):
        Programs(tmp_path)


def test_a_program_that_fails_says_why_and_one_that_hangs_ends(root: Path) -> None:
    for name, body in (("fails", "echo no quorum >&2; exit 3"), ("hangs", "exec sleep 60")):
        (root / "usr/bin" / name).write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        (root / "usr/bin" / name).chmod(0o755)
    with pytest.raises(RuntimeError, match="fails now ended with 3: no quorum"):
        Programs(root).run("fails", "now")
    with pytest.raises(RuntimeError, match="hangs now took longer than"):
        Programs(root).run("hangs", "now", seconds=0.2)


def test_what_the_processes_read(ceph: Ceph, root: Path) -> None:
    ceph.prepare()
    text = ceph.conf.read_text(encoding="utf-8")
    address = ceph.site.layout.addresses["sting"]
    section = text.split("[osd.2]\n")[1].split("[")[0]
    assert f"public_addr = {address}\n" in section
    assert f"osd_data = {ceph.site.data('sting') / 'osd'}\n" in section
    assert "osd_heartbeat_grace = 4\n" in text
    assert "mon_client_ping_timeout = 4\n" in text
    assert "osd_crush_update_on_start = false\n" in text
    assert f"plugin_dir = {root}/usr/lib/x86_64-linux-gnu/ceph\n" in text
    assert f"rgw_frontends = beast endpoint={ceph.endpoints[2].url.removeprefix('http://')}\n" in text
    assert not any(secret in text for secret in ceph.secrets())
    made = [line for line in calls(root) if line.startswith("ceph-mon --mkfs")]
    assert [f"-i {node}" in line for node, line in zip(NODES, made, strict=True)] == [True] * 3
    keys = sorted((ceph.site.folder / "keys").iterdir())
    assert {path.stat().st_mode & 0o777 for path in keys} == {0o600}
    assert 'caps mon = "allow profile mgr"' in (ceph.site.folder / "keys" / "mgr.honey").read_text()


def test_every_key_is_another_one_and_a_secret(ceph: Ceph) -> None:
    ceph.prepare()
    lines = (ceph.site.folder / "keys" / "founding").read_text(encoding="utf-8").splitlines()
    found = [line.removeprefix("key = ") for line in lines if line.startswith("key = ")]
    assert len(set(found)) == len(found) == 8
    assert set(found) <= ceph.secrets()


def test_osds_are_known_before_they_start_and_pools_are_there_before_the_gateways(
    ceph: Ceph, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ceph.prepare()
    answers = {"ready": False}
    monkeypatch.setattr(ceph, "in_service", lambda _instance, _seconds: answers["ready"])
    assert ceph.founded(of(ceph, "mon-bumble"))
    assert not ceph.founded(of(ceph, "mon-sting"))
    assert not (root / "asked").exists()
    answers["ready"] = True
    assert ceph.founded(of(ceph, "mon-sting"))
    commands = asked(root)
    assert [one["id"] for one in commands if one["prefix"] == "osd new"] == [0, 1, 2]
    places = [one["args"][0] for one in commands if one["prefix"] == "osd crush create-or-move"]
    assert places == [f"host={node}" for node in NODES]
    assert ceph.founded(of(ceph, "osd-sting"))
    pools = [one["pool"] for one in asked(root) if one["prefix"] == "osd pool create"]
    assert pools == list(settings.POOLS)
    assert not any(secret in line for secret in ceph.secrets() for line in calls(root))


def test_a_wiped_node_gets_a_new_monitor_and_the_same_osd_number_with_a_new_key(
    ceph: Ceph, root: Path
) -> None:
    ceph.prepare()
    before = ceph.secrets()
    ceph.repair("honey")
    assert [one["prefix"] for one in asked(root)] == [
        "osd destroy-actual",
        "osd new",
        "osd crush create-or-move",
    ]
    assert {one["id"] for one in asked(root)} == {1}
    assert [line.split()[0] for line in calls(root)[-4:]] == ["ceph-mon", "python3", "python3", "ceph-osd"]
    (new,) = ceph.secrets() - before
    assert new in (ceph.site.folder / "keys" / "osd.1").read_text(encoding="utf-8")


def test_an_osd_that_stays_up_cannot_be_destroyed(
    ceph: Ceph, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ceph.prepare()
    (root / "refuses").touch()
    monkeypatch.setattr(recipe, "_DESTROY_SECONDS", 0.0)
    with pytest.raises(RuntimeError, match=r"osd\.0 is up"):
        ceph.repair("bumble")


def test_the_version_is_the_one_that_the_program_says(ceph: Ceph) -> None:
    assert ceph.versions() == {"ceph": "20.2.4 (abc) tentacle"}


# -- whether it is whole


def without(**changed: Any) -> dict[str, Any]:
    return {**WHOLE, **changed}


DEGRADED = {
    "num_pgs": 65,
    "pgs_by_state": [
        {"state_name": "active+clean", "count": 64},
        {"state_name": "active+undersized+degraded", "count": 1},
    ],
}


@pytest.mark.parametrize(
    ("status", "whole"),
    [
        (WHOLE, True),
        (without(quorum_names=["bumble", "honey"]), False),
        (without(osdmap={"epoch": 7, "num_osds": 3, "num_up_osds": 2, "num_in_osds": 3}), False),
        (without(osdmap={"epoch": 7, "num_osds": 3, "num_up_osds": 3, "num_in_osds": 2}), False),
        (without(osdmap={"epoch": 7, "num_osds": 2, "num_up_osds": 2, "num_in_osds": 2}), False),
        (without(mgrmap={"available": False}), False),
        (without(pgmap=DEGRADED), False),
        (without(pgmap={"num_pgs": 0}), False),
    ],
)
def test_whole(status: Mapping[str, Any], whole: bool) -> None:
    assert is_whole(status, 3) is whole


def test_what_was_whole_once_must_stay_so_for_a_while(
    ceph: Ceph, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The numbers of placement groups may still be those from before an OSD went."""
    ceph.prepare()
    monkeypatch.setattr(recipe, "_PAUSE_SECONDS", 0.0)
    moment = iter(range(0, 100, 2))
    monkeypatch.setattr("readiness.providers.stores.ceph.recipe.time.monotonic", lambda: float(next(moment)))
    monkeypatch.setattr(recipe, "_LASTING_SECONDS", 1.0)
    answers = root / "answers"

    def says(status: Mapping[str, Any]) -> None:
        answers.write_text(json.dumps([json.dumps(status)]), encoding="utf-8")

    says(WHOLE)
    assert [ceph.settled(), ceph.settled()] == [False, True]
    says(without(osdmap={**WHOLE["osdmap"], "epoch": 8}))
    assert [ceph.settled(), ceph.settled()] == [False, True]
    says(without(pgmap=DEGRADED))
    assert not ceph.settled()
    says(without(osdmap={**WHOLE["osdmap"], "epoch": 8}))
    assert [ceph.settled(), ceph.settled()] == [False, True]
    (root / "refuses").touch()
    assert not ceph.settled()


# -- admin sockets


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Callable[[bytes], Path]]:
    """A daemon that answers its admin socket with these bytes, once, and keeps the connection open."""
    opened: list[socket.socket] = []

    def answering(answer: bytes) -> Path:
        path = tmp_path / f"{len(opened)}.asok"
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(path))
        listener.listen()
        opened.append(listener)

        def serve() -> None:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            opened.append(connection)
            connection.recv(4096)
            connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        return path

    yield answering
    for each in opened:
        each.close()


def framed(answer: object) -> bytes:
    text = json.dumps(answer).encode()
    return struct.pack(">I", len(text)) + text


@pytest.mark.parametrize(
    ("name", "answer", "ready"),
    [
        ("mon-bumble", {"state": "leader"}, True),
        ("mon-bumble", {"state": "electing"}, False),
        ("osd-bumble", {"state": "active"}, True),
        ("osd-bumble", {"state": "booting"}, False),
        ("mgr-bumble", {"version": "20.2.4"}, True),
    ],
)
def test_a_daemon_is_asked_itself(
    name: str,
    answer: object,
    ready: bool,
    ceph: Ceph,
    daemon: Callable[[bytes], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = daemon(framed(answer))
    monkeypatch.setattr(ceph, "_socket", lambda _instance: path)
    assert ceph.in_service(of(ceph, name), 5) is ready


def test_a_daemon_that_is_away_or_frozen_is_not_in_service(
    ceph: Ceph, daemon: Callable[[bytes], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not ceph.in_service(of(ceph, "osd-bumble"), 5)
    silent, halfway = daemon(b""), daemon(framed({"state": "active"})[:9])
    for path in (silent, halfway):
        monkeypatch.setattr(ceph, "_socket", lambda _instance, path=path: path)
        assert not ceph.in_service(of(ceph, "osd-bumble"), 0.2)
    with pytest.raises(TimeoutError):
        admin_socket.ask(daemon(b""), "status", 0.2)


# -- users


class Administration:
    """`radosgw-admin` with the users that it was told to make."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.keys = [
            {"user": "admin", "access_key": "MADE", "secret_key": "made", "active": True},
            {"user": "admin:reader", "access_key": "READ", "secret_key": "read", "active": True},
        ]

    def __call__(self, *arguments: str, given: str = "") -> str:
        self.calls.append(" ".join(arguments))
        if arguments[:2] == ("metadata", "put"):
            self.keys = json.loads(given)["data"]["keys"]
        if arguments[:2] == ("key", "create"):
            self.keys.append({"user": "admin", "access_key": "FRESH", "secret_key": "fresh", "active": True})
        return json.dumps({"keys": self.keys, "data": {"keys": self.keys}})


def test_both_users_get_the_keys_of_this_run_and_no_secret_is_an_argument() -> None:
    administration = Administration()
    keys = {"admin": Keys("AKEY", "secret-a"), "read_only": Keys("RKEY", "secret-r")}
    users.provision(administration, keys)
    assert {each["user"]: (each["access_key"], each["secret_key"]) for each in administration.keys} == {
        "admin": ("AKEY", "secret-a"),
        "admin:reader": ("RKEY", "secret-r"),
    }
    assert "--access=read" in administration.calls[1]
    assert not any("secret-" in call for call in administration.calls)


def test_a_key_is_added_and_retired() -> None:
    administration = Administration()
    fresh = users.add(administration)
    assert fresh == Keys("FRESH", "fresh")
    users.retire(administration, fresh)
    assert administration.calls[-1] == "key rm --uid=admin --key-type=s3 --access-key=FRESH"


def test_a_key_that_was_not_made_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="made 0 keys"):
        users.add(lambda *_arguments, given="": json.dumps({"keys": []}))


# -- the index


class Index:
    """Buckets with the objects that their indexes name, and the objects that are there, look by look."""

    def __init__(
        self, *there: str, counted: int = 2, left: tuple[str, ...] = (), marker: bool = False
    ) -> None:
        self.there, self.counted, self.left, self.marker = list(there), counted, left, marker
        self.removed: list[str] = []

    def administration(self, *arguments: str, given: str = "") -> str:
        assert not given
        assert "--fix" not in arguments
        if arguments == ("bucket", "list"):
            return json.dumps(["state"])
        if arguments[1] == "radoslist":
            return "1.2_a\n1.2_b\n" + ("1.2__:gone_a\n" if self.marker else "")
        if arguments[:2] == ("bucket", "list"):
            flags = [{"instance": "gone", "flags": 7}] if self.marker else []
            return json.dumps([{"instance": "kept", "flags": 1}, *flags])
        main, nothing = {"num_objects": 2, "size": 9}, {"num_objects": 0, "size": 0}
        existing = {"rgw.main": {**main, "num_objects": self.counted}, "rgw.multimeta": nothing}
        headers = {"existing_header": {"usage": existing}, "calculated_header": {"usage": {"rgw.main": main}}}
        return json.dumps({"invalid_multipart_entries": self.left, "check_result": headers})

    def rados(self, verb: str, *names: str) -> str:
        if verb == "rm":
            self.removed += names
            return ""
        return self.there.pop(0) if len(self.there) > 1 else self.there[0]


@pytest.mark.parametrize(
    ("store", "found"),
    [
        (Index("1.2_a\n1.2_b\n1.2_c\n"), []),
        (Index("1.2_a\n"), ["state: 1.2_b is not there"]),
        (Index("1.2_a\n1.2_b\n", marker=True), []),  # a delete marker has no object
        (Index("1.2_a\n", marker=True), ["state: 1.2_b is not there"]),
        (Index("1.2_a\n", "1.2_a\n1.2_b\n"), []),  # a write under way
        (
            Index("1.2_a\n1.2_b\n", counted=3),
            ["state: the index counts other objects or bytes than it has"],
        ),
        (Index("1.2_a\n1.2_b\n", left=("part.1",)), ["state: part.1 is left of an upload"]),
    ],
)
def test_what_diverges(store: Index, found: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "LASTING_SECONDS", 0)
    answer = index.divergence(store.administration, store.rados)
    assert answer["divergences"] == found
    assert answer["divergent"] == len(found)


def test_a_divergence_is_planted_below_the_gateways() -> None:
    store = Index("")
    index.plant(store.administration, store.rados, "state", "b")
    assert store.removed == ["1.2_b"]
    with pytest.raises(RuntimeError, match="names 0 objects"):
        index.plant(store.administration, store.rados, "state", "c")
