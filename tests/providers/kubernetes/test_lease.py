"""The Lease: one run at a time, from whatever machine, and an undo journal that outlives the run."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any, cast

import pytest
from kubernetes.client.exceptions import ApiException

from readiness.errors import UsageError
from readiness.providers.engine.journal import FaultVerb, KeptEntry, MemoryJournal, Undo
from readiness.providers.kubernetes import lease
from readiness.providers.kubernetes.api import CONFLICT, NOT_FOUND, Cluster
from readiness.providers.kubernetes.lease import NAME, UNDO, LeaseJournal, RunLease, kept, settle

RESTORE = Undo("kubernetes", "store", FaultVerb.RESTORE, "bumble")
START = Undo("kubernetes", "store", FaultVerb.START, "state-1")
REACH = {"node": "bumble", "run": "run-a"}


class Server:
    """Keeps one Lease as an API server does: by its resource version. `down`: nothing is answered."""

    def __init__(self) -> None:
        self.namespace, self.coordination = "tofu-state", self
        self.lease: dict[str, Any] | None = None
        self.version, self.down = 0, False

    def ask(self, call: Any, *args: Any, **more: Any) -> Any:
        if self.down:
            raise ConnectionError("the API server does not answer")
        return copy.deepcopy(call(*args, **more))

    def write(self, _verb: str, _target: str, call: Any, *args: Any, **more: Any) -> Any:
        return self.ask(call, *args, **more)

    def read_namespaced_lease(self, name: str, namespace: str) -> dict[str, Any]:
        assert (name, namespace) == (NAME, "tofu-state")
        if self.lease is None:
            raise ApiException(status=NOT_FOUND)
        return self.lease

    def create_namespaced_lease(self, _namespace: str, body: dict[str, Any]) -> dict[str, Any]:
        if self.lease is not None:
            raise ApiException(status=CONFLICT)
        return self._keep(body)

    def replace_namespaced_lease(self, name: str, namespace: str, body: dict[str, Any]) -> dict[str, Any]:
        self._must_be(body["metadata"]["resourceVersion"], name, namespace)
        return self._keep(body)

    def delete_namespaced_lease(self, name: str, namespace: str, body: Any) -> dict[str, Any]:
        self._must_be(body.preconditions.resource_version, name, namespace)
        self.lease = None
        return {}

    def _must_be(self, version: str, name: str, namespace: str) -> None:
        if self.read_namespaced_lease(name, namespace)["metadata"]["resourceVersion"] != version:
            raise ApiException(status=CONFLICT)

    def _keep(self, body: dict[str, Any]) -> dict[str, Any]:
        self.version += 1
        self.lease = copy.deepcopy(body)
        self.lease["metadata"]["resourceVersion"] = str(self.version)
        return self.lease

    def open(self) -> list[str]:
        """What its annotation lists."""
        assert self.lease is not None
        rows = json.loads(self.lease["metadata"]["annotations"][UNDO])
        return [f"{row['verb']} {row['target']}" for row in rows]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    monkeypatch.setattr(lease, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(lease, "LEASE_SECONDS", 0.05)
    monkeypatch.setattr(lease, "RENEW_SECONDS", 3600.0)
    return Server()


def run_of(server: Server, name: str) -> RunLease:
    return RunLease(cast("Cluster", server), name, "tofu-state-ha-readiness undo --candidate mine.toml")


@pytest.fixture
def taken(server: Server) -> Iterator[RunLease]:
    run = run_of(server, "run-a")
    run.take()
    yield run
    server.down = True
    run._thread = None
    run.release()


def entry(id_: str, undo: Undo) -> KeptEntry:
    return KeptEntry(id_, "2026-11-24T12:00:00Z", "drain", undo, REACH)


def renewed(server: Server) -> None:
    """As the holder does it."""
    assert server.lease is not None
    server.lease["spec"]["renewTime"] += "0"


def test_a_second_run_is_refused_while_the_first_renews(server: Server, taken: RunLease) -> None:
    assert taken.taken
    reads = server.read_namespaced_lease

    def read(name: str, namespace: str) -> dict[str, Any]:
        renewed(server)
        return reads(name, namespace)

    server.read_namespaced_lease = read  # type: ignore[method-assign]
    with pytest.raises(UsageError, match=r"run run-a is still going on against this candidate \(lease"):
        run_of(server, "run-b").take()


def test_a_lease_that_nobody_renews_is_taken(server: Server, taken: RunLease) -> None:
    other = run_of(server, "run-b")
    other.take()
    assert lease.holder_of(server.lease or {}) == "run-b"
    with pytest.raises(OSError, match="it was taken by run-b: this run was not heard of"):
        taken.add(entry("1", RESTORE))
    assert server.open() == []
    other.release()
    assert server.lease is None


def test_two_that_begin_at_once_are_one(server: Server) -> None:
    first = run_of(server, "run-a")
    look = lease.look

    def look_and_lose(cluster: Cluster) -> Any:
        found = look(cluster)
        if server.lease is None:
            server.create_namespaced_lease("tofu-state", {"metadata": {}, "spec": {}})
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lease, "look", look_and_lose)
        with pytest.raises(UsageError, match="has begun at the same time"):
            first.take()
    assert not first.taken


def test_a_fault_is_in_the_lease_before_it_is_done_and_goes_with_its_undo(
    server: Server, taken: RunLease
) -> None:
    local = MemoryJournal()
    journal = LeaseJournal(local, taken)
    id_ = journal.open(FaultVerb.DRAIN, "bumble", RESTORE, REACH)
    assert server.open() == ["restore bumble"]
    assert local.left() == (RESTORE,)
    journal.close(id_)
    assert server.open() == []
    assert local.left() == ()


def test_what_the_lease_does_not_take_must_not_be_done(server: Server, taken: RunLease) -> None:
    local = MemoryJournal()
    server.down = True
    with pytest.raises(OSError, match="the undo could not be written to lease"):
        LeaseJournal(local, taken).open(FaultVerb.DRAIN, "bumble", RESTORE, REACH)
    assert local.left() == ()
    server.down = False
    taken._try_to_write()
    assert server.open() == []


def test_an_undo_that_could_not_be_written_is_written_with_the_next_renewal(
    server: Server, taken: RunLease
) -> None:
    taken.add(entry("1", RESTORE))
    server.down = True
    taken.remove("1")
    server.down = False
    assert server.open() == ["restore bumble"]
    taken._try_to_write()
    assert server.open() == []


def test_the_lease_is_written_again_if_somebody_else_changed_it_meanwhile(
    server: Server, taken: RunLease
) -> None:
    assert server.lease is not None
    server.lease["metadata"]["resourceVersion"] = "99"  # such as a label that an operator adds
    taken.add(entry("1", RESTORE))
    assert server.open() == ["restore bumble"]


def test_what_a_dead_run_left_is_refused_shown_and_closed_one_by_one(server: Server, taken: RunLease) -> None:
    taken.add(entry("1", RESTORE))
    taken.add(entry("2", START))
    with pytest.raises(
        UsageError, match=r"drain bumble, drain state-1; lease.*undo it first with: tofu-state"
    ):
        run_of(server, "run-b").take()
    cluster = cast("Cluster", server)
    left = kept(cluster)
    assert left is not None
    assert (left.run, left.lives) == ("run-a", False)
    assert [one.undo for one in left.entries] == [RESTORE, START]
    assert left.entries[0].reach == REACH
    settle(cluster, lambda one: one.id == "1")
    assert server.open() == ["start_instance state-1"]
    settle(cluster, lambda one: one.undo == START)
    assert server.lease is None
    settle(cluster, lambda _one: True)
    assert kept(cluster) is None


def test_the_lease_of_a_dead_run_that_left_nothing_goes_with_undo(server: Server, taken: RunLease) -> None:
    assert taken.taken
    cluster = cast("Cluster", server)
    settle(cluster, lambda _one: True)
    assert server.lease is not None, "nothing was closed: it may be another run's"
    left = kept(cluster)
    assert left is not None
    assert (left.lives, left.entries) == (False, ())
    settle(cluster, lambda _one: False, dead=True)
    assert server.lease is None


def test_a_run_that_ends_with_something_open_leaves_it(server: Server, taken: RunLease) -> None:
    taken.add(entry("1", RESTORE))
    taken.release()
    assert lease.holder_of(server.lease or {}) == ""
    assert server.open() == ["restore bumble"]
    with pytest.raises(UsageError, match="ended before it could undo"):
        run_of(server, "run-b").take()


def test_an_annotation_that_cannot_be_read_is_refused(server: Server, taken: RunLease) -> None:
    assert taken.taken
    assert server.lease is not None
    server.lease["metadata"]["annotations"][UNDO] = '[{"id": "1"}]'
    with pytest.raises(UsageError, match="cannot be read: another version wrote it"):
        run_of(server, "run-b").take()
