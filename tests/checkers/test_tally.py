"""How wrong answers are counted and told, and the words that all checkers share."""

from __future__ import annotations

import pytest

from readiness.checkers.tally import Tally
from readiness.checkers.words import acknowledged, answered, at, count, did, name, some
from readiness.finding import Finding, State
from readiness.history import Op

from .build import cas, create, delete, head, op, read, write


def tally() -> Tally:
    return Tally({"lost": "lost write", "stale": "stale read"})


def test_wrong_answers_are_told_with_the_earliest_first() -> None:
    made = tally()
    wrote = write("a", 0, 1)
    answers = [
        read(None, 7, 8, endpoint="sting"),
        read(None, 2, 3, endpoint="honey"),
        read(None, 2, 3.0004, endpoint="sting"),
    ]
    for number, answer in enumerate(answers):
        made.add("lost", answer, f"answer {number}", [wrote])
    made.add("stale", read("a", 4, 5.1236, in_service=False), "not in service")
    made.add("stale", read("a", 4, 5.1236), "old")
    made.measured["judged"] = 4
    assert made.finding("right", 9, ["a doubt"]) == Finding(
        State.REFUTED,
        "lost write, 3 times (3.00 s to 8.00 s; 2 through sting, 1 through honey); first: answer 1; "
        "stale read: old",
        {
            "judged": 4,
            "lost": 3,
            "lost_outside_service": 0,
            "lost_first_s": 3.0,
            "lost_last_s": 8.0,
            "lost_through_honey": 1,
            "lost_through_sting": 2,
            "stale": 1,
            "stale_outside_service": 1,
            "stale_first_s": 5.124,
            "stale_last_s": 5.124,
            "stale_through_bumble": 1,
        },
        9,
        (wrote, answers[1]),
    )


def test_of_answers_at_one_time_the_first_noted_is_told() -> None:
    made = tally()
    made.add("lost", read(None, 2, 3), "one")
    made.add("lost", read(None, 1, 3), "other")
    assert made.finding("right", 0).reason.endswith("first: one")
    assert made.finding("right", 0).observations == 1


def test_the_witness_is_in_the_order_of_time() -> None:
    made = tally()
    late, early, twin = write("a", 4, 5), write("b", 0, 9), write("c", 0, 9)
    odd = read(None, 2, 3)
    made.add("lost", odd, "odd", [late, twin, early, late, odd])
    assert made.finding("right", 0).witness == (early, twin, odd, late)


def test_what_was_not_in_service_refutes_nothing() -> None:
    made = tally()
    made.add("lost", read(None, 2, 3, in_service=False), "odd")
    made.add("lost", read(None, 4, 5, in_service=False), "odd")
    zero = {"lost": 0, "lost_outside_service": 2, "stale": 0, "stale_outside_service": 0}
    assert made.finding("right", 1) == Finding(State.PROVED, "right", zero, 1)
    assert made.finding("right", 1, ["a", "b"]) == Finding(State.UNKNOWN, "a; b", zero, 1)
    assert made.finding("right", 0) == Finding(
        State.UNKNOWN, "nothing was observed that could show it", zero, 0
    )


@pytest.mark.parametrize(
    ("made", "told"),
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
def test_what_a_write_did(made: Op, told: str) -> None:
    assert did(made) == told
    assert acknowledged(made) == f"{told} was acknowledged through bumble at 1.00 s"


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (read("a", 0, 1), "answered a for"),
        (read(None, 0, 1), "answered 404 for"),
        (head("a", 0, 1), "answered head a for"),
        (read("a", 0, 1, status=503), "answered 503 for"),
        (op("read", (0, 1)), "answered 200 for"),
    ],
)
def test_what_was_answered(made: Op, told: str) -> None:
    assert answered(made) == f"endpoint bumble {told} scratch/k at 1.00 s"
    assert name(made) == "scratch/k"


def test_numbers_in_words() -> None:
    assert (at(1), at(2.345678)) == ("1.00 s", "2.35 s")
    assert [count(number, "answer") for number in (0, 1, 2)] == ["0 answers", "1 answer", "2 answers"]
    assert some(["b", "a", "b"]) == "a, b"
    assert some("dcba") == "a, b, c and 1 more"
    assert some("abc") == "a, b, c"
    assert some("abcd", most=2) == "a, b and 2 more"
    assert some([]) == ""
