"""A lock that nobody can take any more is a violation; a store that answers nothing is none."""

from __future__ import annotations

from readiness.evidence.scenario import ScenarioRecord
from readiness.explore.locks import WORKLOAD, locks_taken_again
from readiness.finding import State
from readiness.history import Outcome, Verb
from tests.campaign.healthy import Book


def _record(*answers: tuple[str, Outcome, int | None]) -> ScenarioRecord:
    book = Book()
    for at, (key, outcome, status) in enumerate(answers):
        error = None if outcome is Outcome.OK else "HTTP 503 SlowDown"
        book.add(WORKLOAD, Verb.CREATE, "a", float(at), key=key, outcome=outcome, status=status, error=error)
    return ScenarioRecord("by hand", None, history=book.ops)


def test_a_lock_that_is_taken_or_held_by_somebody_is_free_to_be_had() -> None:
    found = locks_taken_again(_record(("1", Outcome.OK, 200), ("2", Outcome.OK, 412)))
    assert (found.state, found.observations) == (State.PROVED, 2)


def test_a_lock_that_answers_at_last_is_not_stuck() -> None:
    record = _record(("1", Outcome.UNKNOWN, 503), ("1", Outcome.OK, 200), ("2", Outcome.OK, 200))
    assert locks_taken_again(record).state is State.PROVED


def test_a_lock_that_never_answers_while_another_does_is_a_violation() -> None:
    found = locks_taken_again(
        _record(("1", Outcome.UNKNOWN, 503), ("1", Outcome.UNKNOWN, 503), ("2", Outcome.OK, 200))
    )
    assert found.state is State.REFUTED
    assert "1 of 2 locks cannot be taken any more" in found.reason
    assert "1 was never answered in 2 tries (HTTP 503 SlowDown)" in found.reason


def test_a_store_that_answers_no_lock_at_all_is_not_judged() -> None:
    assert locks_taken_again(_record(("1", Outcome.UNKNOWN, 503))).state is State.UNKNOWN
    assert locks_taken_again(_record()).state is State.UNKNOWN
