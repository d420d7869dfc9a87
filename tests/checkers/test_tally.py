"""How wrong answers are counted and told, and the words that all checkers share."""

from __future__ import annotations

import pytest

from readiness.checkers.tally import Tally
from readiness.checkers.words import acknowledged, answered, at, count, did, name, some
from readiness.finding import State
from readiness.grounds import Doubt, DoubtKind, Summary, SummaryKind, Violation, ViolationKind
from readiness.history import Op

from .build import cas, create, delete, head, op, read, write

RIGHT = Summary(SummaryKind.NOT_STALE, (9,))
DOUBTS = [Doubt(DoubtKind.NO_PROBE), Doubt(DoubtKind.NO_WINDOW)]


def tally() -> Tally:
    return Tally("lost_writes", "stale_reads")


def lost(answer: Op, *others: Op) -> Violation:
    return Violation(ViolationKind.NEVER_WRITTEN, answer, others=others, measure="lost_writes")


def stale(answer: Op) -> Violation:
    return Violation(ViolationKind.NEVER_WRITTEN, answer, measure="stale_reads")


def test_wrong_answers_are_counted_and_the_earliest_is_kept() -> None:
    made = tally()
    wrote = write("a", 0, 1)
    answers = [
        read(None, 7, 8, endpoint="sting"),
        read(None, 2, 3, endpoint="honey"),
        read(None, 2, 3.0004, endpoint="sting"),
    ]
    for answer in answers:
        made.add(lost(answer, wrote))
    old = stale(read("a", 4, 5.1236))
    made.add(stale(read("a", 4, 5.1236, in_service=False)))
    made.add(old)
    made.measured["judged"] = 4
    finding = made.finding(RIGHT, 9, DOUBTS)
    assert (finding.state, finding.observations, finding.witness) == (State.REFUTED, 9, (wrote, answers[1]))
    assert finding.grounds == (lost(answers[1], wrote), old)
    assert finding.measured == {
        "judged": 4,
        "lost_writes": 3,
        "lost_writes_outside_service": 0,
        "lost_writes_first_s": 3.0,
        "lost_writes_last_s": 8.0,
        "lost_writes_through_honey": 1,
        "lost_writes_through_sting": 2,
        "stale_reads": 1,
        "stale_reads_outside_service": 1,
        "stale_reads_first_s": 5.124,
        "stale_reads_last_s": 5.124,
        "stale_reads_through_bumble": 1,
    }


def test_of_answers_at_one_time_the_first_noted_is_kept() -> None:
    made = tally()
    one = lost(read(None, 2, 3))
    made.add(one)
    made.add(lost(read(None, 1, 3)))
    finding = made.finding(RIGHT, 0)
    assert (finding.grounds, finding.observations) == ((one,), 1)


def test_the_witness_is_in_the_order_of_time() -> None:
    made = tally()
    late, early, twin = write("a", 4, 5), write("b", 0, 9), write("c", 0, 9)
    odd = read(None, 2, 3)
    made.add(lost(odd, late, twin, early, late, odd))
    assert made.finding(RIGHT, 0).witness == (early, twin, odd, late)


def test_what_was_not_in_service_refutes_nothing() -> None:
    made = tally()
    made.add(lost(read(None, 2, 3, in_service=False)))
    made.add(lost(read(None, 4, 5, in_service=False)))
    zero = {
        "lost_writes": 0,
        "lost_writes_outside_service": 2,
        "stale_reads": 0,
        "stale_reads_outside_service": 0,
    }
    nothing = Doubt(DoubtKind.NOTHING_OBSERVED)
    for finding, state, observations, grounds in (
        (made.finding(RIGHT, 1), State.PROVED, 1, (RIGHT,)),
        (made.finding(RIGHT, 1, DOUBTS), State.UNKNOWN, 1, tuple(DOUBTS)),
        (made.finding(RIGHT, 0, DOUBTS), State.UNKNOWN, 0, tuple(DOUBTS)),
        (made.finding(RIGHT, 0), State.UNKNOWN, 0, (nothing,)),
    ):
        assert (finding.state, finding.observations, finding.grounds) == (state, observations, grounds)
        assert (finding.measured, finding.witness) == (zero, ())


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (write("a", 0, 1), "write a"),
        (create("a", 0, 1), "create a"),
        (cas("a", "b", 0, 1), "compare-and-set b"),
        (delete(0, 1), "delete"),
        (delete(0, 1, value="a"), "delete"),
        (op("write", (0, 1)), "write"),
        (head("a", 0, 1), "head a"),
    ],
)
def test_what_a_write_did(made: Op, message: str) -> None:
    assert did(made) == message
    assert acknowledged(made) == f"{message} was acknowledged through bumble at 1.00 s"


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (read("a", 0, 1), "answered a for"),
        (read(None, 0, 1), "answered 404 for"),
        (head("a", 0, 1), "answered head a for"),
        (read("a", 0, 1, status=503), "answered 503 for"),
        (op("read", (0, 1)), "answered 200 for"),
    ],
)
def test_what_was_answered(made: Op, message: str) -> None:
    assert answered(made) == f"endpoint bumble {message} scratch/k at 1.00 s"
    assert name(made) == "scratch/k"


def test_numbers_in_words() -> None:
    assert (at(1), at(2.345678)) == ("1.00 s", "2.35 s")
    assert [count(number, "answer") for number in (0, 1, 2)] == ["0 answers", "1 answer", "2 answers"]
    assert some(["b", "a", "b"]) == "a, b"
    assert some("dcba") == "a, b, c and 1 more"
    assert some("abc") == "a, b, c"
    assert some("abcd", most=2) == "a, b and 2 more"
    assert some([]) == ""
