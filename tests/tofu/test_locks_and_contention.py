from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path
from typing import cast

import pytest

from readiness.evidence.observation import Observation
from readiness.finding import State
from readiness.judges.opentofu.contention import Attempt, Contest, Left, judge, self_collision
from readiness.judges.opentofu.holds import LockHold, gaps, holds, overlap
from readiness.recording import Recording
from readiness.tofu.env import Disposable
from readiness.tofu.locks import from_error, from_object, refused, vanished
from readiness.tofu.run import TofuRun
from readiness.tofu.watched import Watched
from tests.support.executed import on_paper

REFUSAL = """
Error: Error acquiring the state lock

Error message: operation error S3: PutObject, https response error StatusCode: 412, api error PreconditionFailed
Lock Info:
  ID:        3e528c1c-adcd-075f-085b-6bc2111ea057
  Path:      bucket/key
  Operation: OperationTypeApply
  Who:       root@host
  Version:   1.12.6
  Created:   2026-05-06 10:11:12.123456789 +0000 UTC
  Info:
"""
CREATED = 1778062272.123456


def run(
    code: int | None = 0, stderr: str = "", wall: float = 0.0, seconds: float = 1.0, client: str = "c"
) -> TofuRun:
    return TofuRun(("tofu", "apply"), "one", code, 10, 10 + seconds, wall, "", stderr, 1, client)


def kept(run: TofuRun) -> Observation:
    """The observation that is kept of it."""
    with tempfile.TemporaryDirectory() as folder:
        recording = Recording(on_paper(Path(folder)), "P2.8")
        return Watched(cast(Disposable, None), recording).ran("apply", run)


def test_the_lock_in_a_refusal_and_in_an_object() -> None:
    lock = from_error(run(1, REFUSAL))
    assert lock is not None
    assert (lock.id, lock.who) == ("3e528c1c-adcd-075f-085b-6bc2111ea057", "root@host")
    assert lock.created == pytest.approx(CREATED, abs=1e-5)
    body = b'{"ID":"x","Operation":"o","Who":"w","Path":"p","Created":"2026-05-06T10:11:12.123456789Z"}'
    stored = from_object(body)
    assert stored is not None
    assert stored.created == pytest.approx(CREATED, abs=1e-5)
    assert from_object(b"{}") is None
    assert from_object(b"half {") is None


def test_refused_and_vanished() -> None:
    assert refused(run(1, REFUSAL))
    assert not refused(run(None, REFUSAL))
    assert not vanished(run(1, REFUSAL))
    assert vanished(run(1, "Error: Error acquiring the state lock\nPreconditionFailed … NoSuchKey"))


def test_4405_is_certain_only_by_exclusion() -> None:
    left = Left("3e528c1c-adcd-075f-085b-6bc2111ea057", CREATED)
    own = kept(run(1, REFUSAL, CREATED - 0.1))
    other = kept(run(0, "", CREATED - 0.2, 5, "other"))
    assert self_collision([own, other], left) == (own,)
    cut_off = kept(run(None, "", CREATED - 0.2, 5, "cut"))
    assert self_collision([own, cut_off], left) == ()
    assert self_collision([own], None) == ()
    assert self_collision([kept(run(1, REFUSAL, CREATED + 5))], left) == ()


def test_holds_are_read_and_overlaps_found() -> None:
    apart = holds("a begin 1.0\na end 2.0\nb begin 2.5\nb end 3.0\n")
    assert apart == [LockHold("a", 1, 2), LockHold("b", 2.5, 3)]
    assert overlap(apart) is None
    assert gaps(apart) == [0.5]
    assert overlap(holds("a begin 1.0\nb begin 1.5\na end 2.0\nb end 2.1\n")) == (
        LockHold("a", 1, 2),
        LockHold("b", 1.5, 2.1),
    )
    assert overlap(holds("a begin 1.0\nb begin 1.5\nb end 2.1\n")) is None, (
        "an open interval says only when it began"
    )
    nested = [LockHold("long", 0, 10), LockHold("short", 1, 2), LockHold("late", 5, 6)]
    assert overlap(nested) is not None
    with pytest.raises(ValueError, match="hold log"):
        holds("a begin %N\n")


def contest(**changes: object) -> Contest:
    whole = Contest(
        attempts=(Attempt("a", kept(run())), Attempt("b", kept(run()))),
        holds=(LockHold("a", 1, 2), LockHold("b", 3, 4)),
        serial_before=1,
        serials={"one": 3, "two": 3},
        present={"one": frozenset("ab"), "two": frozenset("ab")},
        observations=4,
    )
    return dataclasses.replace(whole, **changes)  # type: ignore[arg-type]


def test_a_contest_without_fault_is_proved() -> None:
    assert judge(contest()).state is State.PROVED


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"holds": (LockHold("a", 1, 2), LockHold("b", 1.5, 4))}, "held the lock at the same time"),
        (
            {"present": {"one": frozenset("ab"), "two": frozenset("a")}},
            "two: acknowledged changes are not in the state: b",
        ),
        ({"serials": {"one": 2, "two": 2}}, "advanced by 1, not by 2"),
        ({"serials": {"one": 4, "two": 4}}, "advanced by 3, not by 2"),
        ({"serials": {"one": 3, "two": 2}}, "different serials"),
        ({"lock_after": ("two",)}, "a lock is still there"),
        ({"left": Left("x", 0.5)}, "a lock was left behind"),
    ],
)
def test_what_refutes(changes: dict[str, object], word: str) -> None:
    found = judge(contest(**changes))
    assert found.state is State.REFUTED
    assert word in found.reason


def test_4405_is_named_and_does_not_refute() -> None:
    attempts = (
        Attempt("a", kept(run())),
        Attempt("b", kept(run())),
        Attempt("c", kept(run(1, REFUSAL, CREATED - 0.1))),
    )
    left = Left("3e528c1c-adcd-075f-085b-6bc2111ea057", CREATED)
    found = judge(contest(attempts=attempts, left=left))
    assert found.state is State.PROVED
    assert "opentofu#4405" in found.reason
    assert found.measured["opentofu_4405"] is True
    assert found.measured["locks_force_unlocked"] == 1


def test_an_apply_that_failed_after_it_had_the_lock_may_have_written() -> None:
    attempts = (
        Attempt("a", kept(run())),
        Attempt("b", kept(run())),
        Attempt("c", kept(run(1, "Error: failed to upload state"))),
    )
    for serial in (3, 4):
        assert judge(contest(attempts=attempts, serials={"one": serial})).state is State.PROVED
    assert judge(contest(attempts=attempts, serials={"one": 5})).state is State.REFUTED


def test_a_refused_apply_wrote_nothing() -> None:
    attempts = (Attempt("a", kept(run())), Attempt("b", kept(run())), Attempt("c", kept(run(1, REFUSAL))))
    assert judge(contest(attempts=attempts, serials={"one": 4})).state is State.REFUTED


def test_too_few_successes_prove_nothing() -> None:
    attempts = (Attempt("a", kept(run())), Attempt("b", kept(run(1, REFUSAL))))
    found = judge(contest(attempts=attempts, serials={"one": 2}, present={"one": frozenset("a")}))
    assert found.state is State.UNKNOWN
    assert "only 1" in found.reason


def test_a_holder_of_whom_no_interval_was_noted_proves_nothing() -> None:
    for noted in ((), (LockHold("a", 1, 2),), (LockHold("a", 1, 2), LockHold("b", 3, 3))):
        found = judge(contest(holds=noted))
        assert found.state is State.UNKNOWN
        assert "it was not recorded when" in found.reason
