"""Every judgement of phase 2 with real tofu: on a store that holds, and on one with the defect that it must find."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import pytest
from pydantic import JsonValue

from readiness.evidence.observation import PROVIDER, Observation
from readiness.finding import Finding, State
from readiness.judges.opentofu.commands import FAULT
from readiness.judges.opentofu.plans import BEFORE
from readiness.recording import Recording
from readiness.subject import Subject
from readiness.tofu import Disposable, basics
from readiness.tofu.concurrent import concurrent_applies
from readiness.tofu.env import UnpreparedError
from readiness.tofu.midway import apply_through_fault
from readiness.tofu.probe import NoOpProbe, moved_probe
from readiness.tofu.rollback import restore_and_forward
from readiness.tofu.stale import stale_lock
from readiness.tofu.watched import Watched
from readiness.topology import Endpoint, FaultKind
from tests.support.executed import executed, without_versions
from tests.tofu.fake_s3 import FakeS3, Row

pytestmark = pytest.mark.store


def port(env: Disposable, at: int) -> int:
    return int(env.endpoints[at].url.rpartition(":")[2])


def proves(found: Finding) -> None:
    assert found.state is State.PROVED, found.reason


def refutes(found: Finding, word: str) -> None:
    assert found.state is State.REFUTED, found
    assert word in found.reason


def ready(env: Disposable, revision: int) -> None:
    assert env.client("first", env.entry).apply({"revision": revision}).ok


def test_first_write_finds_a_state_that_one_endpoint_denies(
    env: Disposable, subject: Subject, store: FakeS3
) -> None:
    env.client("first", env.entry)
    store.absent = lambda method, key, at: at == port(env, 1) and method == "GET" and key.endswith("tfstate")
    refutes(
        executed("P2.2", basics.first_write, env, subject=subject),
        "two has no state after it was acknowledged",
    )


def test_a_false_404_is_a_violation_and_not_an_outage(
    env: Disposable, subject: Subject, store: FakeS3
) -> None:
    proves(executed("P2.2", basics.first_write, env, subject=subject))
    store.absent = lambda method, key, at: at == port(env, 0) and key.endswith("tfstate")
    refutes(
        executed("P2.3", basics.no_op_plan, env, subject=subject),
        "the state it read is not the one that was written",
    )


def test_an_error_is_an_outage(env: Disposable, subject: Subject, store: FakeS3) -> None:
    proves(executed("P2.2", basics.first_write, env, subject=subject))
    for endpoint in env.endpoints:
        env.client("first", endpoint, max_retries=1)
    store.broken = lambda method, key, at: at == port(env, 1)
    refutes(executed("P2.3", basics.no_op_plan, env, subject=subject), "plan through two")


def test_endpoints_that_differ_are_found(
    env: Disposable, subject: Subject, store: FakeS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    proves(executed("P2.2", basics.first_write, env, subject=subject))
    real = store.current
    key = env.where("first").key
    threads: list[bool] = []

    def current(wanted: str) -> Row | None:
        threads.append(True)
        rows = store.rows[wanted]
        return rows[0] if wanted == key and len(threads) % 4 == 0 else real(wanted)

    ready(env, 2)
    for endpoint in env.endpoints:
        env.client("first", endpoint)
    monkeypatch.setattr(store, "current", current)
    refutes(executed("P2.11", basics.pull_everywhere, env, subject=subject), "the state differs")


def test_restore_without_versions_is_found(env: Disposable, subject: Subject, store: FakeS3) -> None:
    add = store.add

    def forgetful(key: str, body: bytes | None) -> Row:
        store.rows.pop(key, None)
        return add(key, body)

    store.add = forgetful  # type: ignore[method-assign]
    refutes(executed("P2.7", restore_and_forward, env, subject=subject), "lists 1 version of a state")


def test_a_pulled_state_is_enough_where_no_versions_are_promised(
    env: Disposable, subject: Subject, store: FakeS3
) -> None:
    found = executed("P2.7", restore_and_forward, env, subject=without_versions(subject))
    proves(found)
    assert "copied over the key" not in found.reason


def contended(subject: Subject, env: Disposable, **how: Any) -> Finding:
    def execution(_subject: Subject, see: Recording) -> None:
        watched = Watched(env, see, "one case")
        if pausing := how.pop("pausing", None):
            how["fault"] = kept_fault(watched, pausing)
        concurrent_applies(watched, **how)

    return executed("P2.8", execution, subject=subject)


def test_a_store_that_ignores_the_condition_is_refuted(
    env: Disposable, subject: Subject, store: FakeS3
) -> None:
    store.ignore_condition = True
    refutes(contended(subject, env, name="calm", rounds=1, hold_seconds=1), "held the lock at the same time")


def test_a_lock_that_does_not_stop_plans_is_found(env: Disposable, subject: Subject, store: FakeS3) -> None:
    store.ignore_condition = True
    refutes(executed("P2.10", stale_lock, env, subject=subject), "was not stopped by the lock")


def test_4405_is_met_named_and_survived(env: Disposable, subject: Subject, store: FakeS3) -> None:
    """The answer to one PUT of the lock is lost; the SDK tries again and meets 412 against its own lock."""
    once = iter([True])
    lock = env.where("contended-own").lock_key
    store.lose_answer = lambda method, key, at, status: (
        (method, key, at, status) == ("PUT", lock, port(env, 1), 200) and next(once, False)
    )
    found = contended(subject, env, name="own", rounds=1, lock_timeout=6, hold_seconds=0.1)
    assert found.measured["one case: opentofu_4405"] is True, found
    assert found.state is State.PROVED, found
    assert "opentofu#4405" in found.reason
    assert found.measured["one case: locks_force_unlocked"] == 1


@contextmanager
def kept_fault(watched: Watched, fault: AbstractContextManager[None], **asked: JsonValue) -> Iterator[float]:
    """The fault, kept as the campaign keeps one; it counts from when it began."""
    now = watched.see.subject.now
    began = now()
    with fault:
        yield began
    result: JsonValue = {"kind": "crash", "injecting": began, "fired": began, "healed": now()}
    about = {"case": watched.case, **asked}
    watched.see.keep(FAULT, "", PROVIDER, began, "ok", result=result, asked=about)


@dataclass
class Probing:
    """The probe through faults that the store plays, each judged by P2.6."""

    env: Disposable
    subject: Subject
    probe: NoOpProbe
    prepared: list[Observation] = field(default_factory=list)
    criterion: Iterator[str] = field(default_factory=lambda: iter(("P2.4", "P2.5", "P2.6")))

    def through(
        self,
        fault: AbstractContextManager[None] | None = None,
        *,
        endpoints: int | None = None,
        budget: float = 10,
        moved: bool = False,
        after: bool = True,
        before_after: Callable[[], object] = lambda: None,
        **how: Any,
    ) -> Finding:
        """The finding of one fault; `before_after` is done between the plans during it and those after it."""

        def execution(_subject: Subject, see: Recording) -> None:
            watched = Watched(self.env, see)
            if self.prepared:
                self.prepared = [see.again(one) for one in self.prepared]
            else:
                self.probe.prepare(watched)
                self.prepared = list(see.observations)
            self._play(watched.about("the fault"), fault or nullcontext(), endpoints, budget, moved, how)
            before_after()
            if after and not moved:
                self.probe.after(watched.about("the fault"))

        return executed(next(self.criterion), execution, subject=self.subject)

    def _play(
        self,
        watched: Watched,
        fault: AbstractContextManager[None],
        endpoints: int | None,
        budget: float,
        moved: bool,
        how: dict[str, Any],
    ) -> None:
        some = self.env.endpoints[:endpoints]
        through: list[JsonValue] = [endpoint.name for endpoint in some]
        asked: dict[str, JsonValue] = {"budgets": budget / self.subject.promises.rto[FaultKind.CRASH]}
        if moved:
            through, asked = [moved_probe(some[0], some[1])], {**asked, "moved": True}
        with kept_fault(watched, fault, through=through, **asked) as began:
            if moved:
                self.probe.moved(watched, some[0], some[1], began, budget)
            else:
                self.probe.within(watched, some, began, budget, **how)


@pytest.fixture
def probing(env: Disposable, subject: Subject) -> Probing:
    return Probing(env, subject, NoOpProbe(env, "p"))


def test_the_probe_waits_for_an_outage_within_the_budget(
    env: Disposable, store: FakeS3, probing: Probing
) -> None:
    @contextmanager
    def outage() -> Iterator[None]:
        store.broken = lambda method, key, at: at == port(env, 0)
        threading.Timer(1.0, lambda: setattr(store, "broken", lambda method, key, at: False)).start()
        yield

    found = probing.through(outage(), budget=6)
    proves(found)
    tries = found.measured["the fault: one_tries"]
    assert isinstance(tries, int)
    assert tries > 1


def test_the_probe_without_a_state_from_before_the_fault_is_unknown_with_that_reason(
    env: Disposable, subject: Subject
) -> None:
    probe = NoOpProbe(env, "p0")

    def during(_subject: Subject, see: Recording) -> None:
        probe.within(Watched(env, see, "fault"), env.endpoints, env.tools.clock(), 1)

    def after(_subject: Subject, see: Recording) -> None:
        probe.after(Watched(env, see, BEFORE))

    for id_, execution in (("P2.4", during), ("P2.5", after)):
        found = executed(id_, execution, subject=subject)
        assert found.state is State.UNKNOWN
    assert "no state was applied through one before the fault" in found.reason


def test_the_probe_refutes_an_outage_beyond_the_budget(
    env: Disposable, store: FakeS3, probing: Probing
) -> None:
    found = probing.through(broken(store, port(env, 0)), budget=4)
    refutes(found, "one: no plan succeeded within 4 s")


def test_the_probe_refutes_a_false_404_at_once(env: Disposable, store: FakeS3, probing: Probing) -> None:
    began = time.monotonic()
    found = probing.through(denying(store, port(env, 0)), endpoints=1, budget=30)
    refutes(found, "not the one that was written")
    assert time.monotonic() - began < 25


def test_the_probe_frees_the_lock_of_its_own_cut_off_try(
    env: Disposable, store: FakeS3, probing: Probing
) -> None:
    @contextmanager
    def hanging_once() -> Iterator[None]:
        # The lock is taken, and the answer comes only after the try has been cut off.
        once = iter([True])
        store.hangs = lambda method, key, at: method == "HEAD" and next(once, False)
        yield
        store.thawed.set()

    found = probing.through(hanging_once(), endpoints=1, budget=20, try_seconds=1)
    proves(found)
    assert found.measured["the fault: one_own_locks_freed"] == 1


def test_a_checkout_moves_to_a_survivor(env: Disposable, store: FakeS3, probing: Probing) -> None:
    proves(probing.through(broken(store, port(env, 0)), budget=8, moved=True))
    proves(probing.through())


def test_a_write_that_was_not_answered_is_no_lost_one_at_the_next_fault(
    env: Disposable, store: FakeS3, probing: Probing
) -> None:
    @contextmanager
    def nothing_is_written() -> Iterator[None]:
        store.broken = lambda method, key, at: method == "PUT" and key.endswith("tfstate")
        yield

    def healed() -> None:
        possible = probing.probe.revisions.values()
        assert any(len(some) > 1 for some in possible)
        store.broken = lambda method, key, at: False

    found = probing.through(nothing_is_written(), after=False)
    assert found.state is State.UNKNOWN, "no plan was made after the fault"
    straight_after = probing.through(before_after=healed)
    assert straight_after.state is State.UNKNOWN, "a fault straight after it cannot be judged"
    store.broken = lambda method, key, at: False
    probing.probe.after(Watched(env, Recording(probing.subject, "any")))
    assert all(len(possible) == 1 for possible in probing.probe.revisions.values())
    proves(probing.through())


def test_what_was_written_during_the_fault_must_be_there_after_it(
    env: Disposable, store: FakeS3, probing: Probing
) -> None:
    found = probing.through(before_after=lambda: store.rows[env.where("p-one").key].pop())
    refutes(found, "not the one that was written")


@contextmanager
def broken(store: FakeS3, at: int) -> Iterator[None]:
    store.broken = lambda method, key, port: port == at
    yield
    store.broken = lambda method, key, port: False


@contextmanager
def denying(store: FakeS3, at: int) -> Iterator[None]:
    store.absent = lambda method, key, port: port == at and key.endswith("tfstate")
    yield
    store.absent = lambda method, key, port: False


def hit(
    subject: Subject,
    env: Disposable,
    name: str,
    endpoint: Endpoint,
    fault: AbstractContextManager[None] | None = None,
    **how: Any,
) -> Finding:
    def execution(_subject: Subject, see: Recording) -> None:
        watched = Watched(env, see, name)
        apply_through_fault(watched, name, endpoint, kept_fault(watched, fault or nullcontext()), **how)

    return executed("P2.9", execution, subject=subject)


def test_an_apply_that_cannot_write_leaves_a_state_that_is_pushed(
    env: Disposable, subject: Subject, store: FakeS3
) -> None:
    client = env.client("midway-m1", env.endpoints[0], max_retries=1)
    fault = broken(store, port(env, 0))
    found = hit(subject, env, "m1", env.endpoints[0], fault, hold_seconds=0.5, fault_seconds=20)
    proves(found)
    assert found.measured["m1: ended"] == "failure"
    assert found.measured["m1: pushed"] is True
    assert found.measured["m1: locks_freed"] == 1
    assert not client.errored.exists()


def test_an_apply_through_no_fault_is_a_success(env: Disposable, subject: Subject) -> None:
    found = hit(subject, env, "m2", env.entry, hold_seconds=0.3)
    proves(found)
    assert found.measured["m2: ended"] == "success"


def test_an_acknowledged_state_that_is_not_written_is_found(
    env: Disposable, subject: Subject, store: FakeS3
) -> None:
    add = store.add

    def drops(key: str, body: bytes | None) -> Row:
        if key.endswith("midway-m3/terraform.tfstate") and body and b"hit" in body:
            return store.rows[key][-1]
        return add(key, body)

    store.add = drops  # type: ignore[method-assign]
    refutes(hit(subject, env, "m3", env.entry, hold_seconds=0.3), "did not advance")


@contextmanager
def pause(store: FakeS3, at: int) -> Iterator[None]:
    store.hangs = lambda method, key, port: port == at
    yield
    store.hangs = lambda method, key, port: False
    store.thawed.set()


def test_concurrent_applies_go_through_a_frozen_endpoint(
    env: Disposable, subject: Subject, store: FakeS3
) -> None:
    pausing = pause(store, port(env, 0))
    found = contended(
        subject, env, name="frozen", pausing=pausing, rounds=1, fault_seconds=2, hold_seconds=0.1
    )
    proves(found)


def test_an_endpoint_that_cannot_init_is_unknown(env: Disposable, subject: Subject, store: FakeS3) -> None:
    store.hangs = lambda method, key, port: True
    env.tools.limit = 0.5
    found = executed("P2.10", stale_lock, env, subject=subject)
    assert found.state is State.UNKNOWN
    assert "could not be prepared" in found.reason


def test_a_client_whose_init_failed_is_initialised_the_next_time(env: Disposable, store: FakeS3) -> None:
    store.broken = lambda method, key, port: True
    with pytest.raises(UnpreparedError, match="tofu init"):
        env.client("again", env.entry, max_retries=1)
    store.broken = lambda method, key, port: False
    assert env.client("again", env.entry, max_retries=1).plan().code == 2


@pytest.mark.parametrize("missing", [()])
def test_a_candidate_without_endpoints_is_a_mistake(env: Disposable, missing: tuple[()]) -> None:
    with pytest.raises(ValueError, match="without endpoints"):
        Disposable(env.tools, env.place, "run", missing)
