"""Every judgement of phase 2 with real tofu: on a store that holds, and on one with the defect that it must find."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import pytest

from readiness.finding import Finding, State
from readiness.tofu import (
    Disposable,
    NoOpProbe,
    apply_through_fault,
    concurrent_applies,
    first_write,
    no_op_plan,
    pull_everywhere,
    restore_and_forward,
    stale_lock,
)
from readiness.tofu.env import ready
from tests.tofu.fake_s3 import FakeS3, Row

pytestmark = pytest.mark.store


def port(env: Disposable, at: int) -> int:
    return int(env.endpoints[at].url.rpartition(":")[2])


def proves(found: Finding) -> None:
    assert found.state is State.PROVED, found.reason


def refutes(found: Finding, word: str) -> None:
    assert found.state is State.REFUTED, found
    assert word in found.reason


def test_first_write_finds_a_state_that_one_endpoint_denies(env: Disposable, store: FakeS3) -> None:
    env.client("first", env.entry)
    store.absent = lambda method, key, at: at == port(env, 1) and method == "GET" and key.endswith("tfstate")
    refutes(first_write(env), "two has no state after it was acknowledged")


def test_a_false_404_is_a_violation_and_not_an_outage(env: Disposable, store: FakeS3) -> None:
    proves(first_write(env))
    store.absent = lambda method, key, at: at == port(env, 0) and key.endswith("tfstate")
    refutes(no_op_plan(env), "the state it read is not the one that was written")


def test_an_error_is_an_outage(env: Disposable, store: FakeS3) -> None:
    proves(first_write(env))
    for endpoint in env.endpoints:
        env.client("first", endpoint, max_retries=1)
    store.broken = lambda method, key, at: at == port(env, 1)
    refutes(no_op_plan(env), "plan through two")


def test_endpoints_that_differ_are_found(
    env: Disposable, store: FakeS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    proves(first_write(env))
    real = store.current
    key = env.where("first").key
    threads: list[bool] = []

    def current(wanted: str) -> Row | None:
        threads.append(True)
        rows = store.rows[wanted]
        return rows[0] if wanted == key and len(threads) % 4 == 0 else real(wanted)

    ready(env.client("first", env.entry).apply({"revision": 2}))
    for endpoint in env.endpoints:
        env.client("first", endpoint)
    monkeypatch.setattr(store, "current", current)
    refutes(pull_everywhere(env), "the state differs")


def test_restore_without_versions_is_found(env: Disposable, store: FakeS3) -> None:
    add = store.add

    def forgetful(key: str, body: bytes | None) -> Row:
        store.rows.pop(key, None)
        return add(key, body)

    store.add = forgetful  # type: ignore[method-assign]
    refutes(restore_and_forward(env), "lists 1 version of a state")
    proves(restore_and_forward(env, versioned=False))


def test_a_store_that_ignores_the_condition_is_refuted(env: Disposable, store: FakeS3) -> None:
    store.ignore_condition = True
    refutes(concurrent_applies(env, "calm", rounds=1, hold_seconds=1), "held the lock at the same time")


def test_a_lock_that_does_not_stop_plans_is_found(env: Disposable, store: FakeS3) -> None:
    store.ignore_condition = True
    refutes(stale_lock(env), "was not stopped by the lock")


def test_4405_is_met_named_and_survived(env: Disposable, store: FakeS3) -> None:
    """The answer to one PUT of the lock is lost; the SDK tries again and meets 412 against its own lock."""
    once = iter([True])
    lock = env.where("contended-own").lock_key
    store.lose_answer = lambda method, key, at, status: (
        (method, key, at, status) == ("PUT", lock, port(env, 1), 200) and next(once, False)
    )
    found = concurrent_applies(env, "own", rounds=1, lock_timeout=6, hold_seconds=0.1)
    assert found.measured["opentofu_4405"] is True, found
    assert found.state is State.PROVED, found
    assert "opentofu#4405" in found.reason
    assert found.measured["locks_force_unlocked"] == 1


def test_the_probe_waits_for_an_outage_within_the_budget(env: Disposable, store: FakeS3) -> None:
    probe = NoOpProbe(env, "p1")
    proves(probe.prepare())
    store.broken = lambda method, key, at: at == port(env, 0)
    threading.Timer(1.0, lambda: setattr(store, "broken", lambda method, key, at: False)).start()
    found = probe.within(env.endpoints, env.tools.clock(), 6)
    proves(found)
    assert isinstance(found.measured["one_tries"], int)
    assert found.measured["one_tries"] > 1
    proves(probe.after())


def test_the_probe_without_a_state_from_before_the_fault_is_unknown_with_that_reason(env: Disposable) -> None:
    probe = NoOpProbe(env, "p0")
    for found in (probe.within(env.endpoints, env.tools.clock(), 1), probe.after()):
        assert found.state is State.UNKNOWN
        assert "no state was applied through one before the fault" in found.reason


def test_the_probe_refutes_an_outage_beyond_the_budget(env: Disposable, store: FakeS3) -> None:
    probe = NoOpProbe(env, "p2")
    proves(probe.prepare())
    store.broken = lambda method, key, at: at == port(env, 0)
    refutes(probe.within(env.endpoints, env.tools.clock(), 1), "one: no plan succeeded within 1 s")


def test_the_probe_refutes_a_false_404_at_once(env: Disposable, store: FakeS3) -> None:
    probe = NoOpProbe(env, "p3")
    proves(probe.prepare())
    store.absent = lambda method, key, at: at == port(env, 0) and key.endswith("tfstate")
    began = time.monotonic()
    refutes(probe.within(env.endpoints[:1], env.tools.clock(), 30), "not the one that was written")
    assert time.monotonic() - began < 10


def test_the_probe_frees_the_lock_of_its_own_cut_off_try(env: Disposable, store: FakeS3) -> None:
    probe = NoOpProbe(env, "p4")
    proves(probe.prepare())
    once = iter([True])
    # The lock is taken, and the answer comes only after the try has been cut off.
    store.hangs = lambda method, key, at: method == "HEAD" and next(once, False)
    found = probe.within(env.endpoints[:1], env.tools.clock(), 20, try_seconds=1)
    proves(found)
    assert found.measured["one_own_locks_freed"] == 1
    store.thawed.set()


def test_a_checkout_moves_to_a_survivor(env: Disposable, store: FakeS3) -> None:
    probe = NoOpProbe(env, "p5")
    proves(probe.prepare())
    store.broken = lambda method, key, at: at == port(env, 0)
    proves(probe.moved(env.endpoints[0], env.endpoints[1], env.tools.clock(), 5))
    store.broken = lambda method, key, at: False
    proves(probe.after())


def test_a_write_that_was_not_answered_is_no_lost_one_at_the_next_fault(
    env: Disposable, store: FakeS3
) -> None:
    probe = NoOpProbe(env, "p8")
    proves(probe.prepare())
    store.broken = lambda method, key, at: method == "PUT" and key.endswith("tfstate")
    proves(probe.within(env.endpoints, env.tools.clock(), 10))
    assert any(len(possible) > 1 for possible in probe.revisions.values())
    unknown = probe.within(env.endpoints, env.tools.clock(), 10)
    assert unknown.state is State.UNKNOWN, "a fault straight after it cannot be judged"
    store.broken = lambda method, key, at: False
    proves(probe.after())
    assert all(len(possible) == 1 for possible in probe.revisions.values())
    proves(probe.within(env.endpoints, env.tools.clock(), 10))


def test_what_was_written_during_the_fault_must_be_there_after_it(env: Disposable, store: FakeS3) -> None:
    probe = NoOpProbe(env, "p6")
    proves(probe.prepare())
    proves(probe.within(env.endpoints, env.tools.clock(), 10))
    key = env.where("p6-one").key
    store.rows[key].pop()
    refutes(probe.after(), "not the one that was written")


@contextmanager
def broken(store: FakeS3, at: int) -> Iterator[None]:
    store.broken = lambda method, key, port: port == at
    yield
    store.broken = lambda method, key, port: False


def test_an_apply_that_cannot_write_leaves_a_state_that_is_pushed(env: Disposable, store: FakeS3) -> None:
    client = env.client("midway-m1", env.endpoints[0], max_retries=1)
    fault = broken(store, port(env, 0))
    found = apply_through_fault(env, "m1", env.endpoints[0], fault, hold_seconds=0.5, fault_seconds=20)
    proves(found)
    assert found.measured["m1_ended"] == "failure"
    assert found.measured["m1_pushed"] is True
    assert found.measured["m1_locks_freed"] == 1
    assert not client.errored.exists()


def test_an_apply_through_no_fault_is_a_success(env: Disposable) -> None:
    found = apply_through_fault(env, "m2", env.entry, nullcontext(), hold_seconds=0.3)
    proves(found)
    assert found.measured["m2_ended"] == "success"


def test_an_acknowledged_state_that_is_not_written_is_found(env: Disposable, store: FakeS3) -> None:
    add = store.add

    def drops(key: str, body: bytes | None) -> Row:
        if key.endswith("midway-m3/terraform.tfstate") and body and b"hit" in body:
            return store.rows[key][-1]
        return add(key, body)

    store.add = drops  # type: ignore[method-assign]
    refutes(apply_through_fault(env, "m3", env.entry, nullcontext(), hold_seconds=0.3), "did not advance")


@contextmanager
def pause(store: FakeS3, at: int) -> Iterator[None]:
    store.hangs = lambda method, key, port: port == at
    yield
    store.hangs = lambda method, key, port: False
    store.thawed.set()


def test_concurrent_applies_go_through_a_frozen_endpoint(env: Disposable, store: FakeS3) -> None:
    fault = pause(store, port(env, 0))
    found = concurrent_applies(env, "frozen", fault=fault, rounds=1, fault_seconds=2, hold_seconds=0.1)
    proves(found)


def test_an_endpoint_that_cannot_init_is_unknown(env: Disposable, store: FakeS3) -> None:
    store.hangs = lambda method, key, port: True
    env.tools.limit = 0.5
    assert stale_lock(env).state is State.UNKNOWN


@pytest.mark.parametrize("missing", [()])
def test_a_candidate_without_endpoints_is_a_mistake(env: Disposable, missing: tuple[()]) -> None:
    with pytest.raises(ValueError, match="without endpoints"):
        Disposable(env.tools, env.place, "run", missing)
