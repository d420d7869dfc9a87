"""One winner of a race, one holder of a lock."""

from __future__ import annotations

from typing import Any

import pytest

from readiness.checkers import check_mutual_exclusion, check_one_winner
from readiness.finding import State
from readiness.history import Op

from .build import create, delete, failed, read


def racer(value: str, *span: float, **more: Any) -> Op:
    return create(value, *span, **({"workload": "race", "process": value} | more))


def found(value: str | None, *span: float, **more: Any) -> Op:
    return read(value, *span, **({"workload": "race"} | more))


def test_one_winner_read_back_is_proved() -> None:
    history = [racer("a", 0, 1), racer("b", 0, 1, status=412), failed(racer("c", 0, 1)), found("a", 2, 3)]
    finding = check_one_winner(history)
    assert finding.state is State.PROVED
    assert finding.measured["rounds_decided"] == 1


WRONG = {
    "check then act: all win": (
        [racer(str(n), 0, 1, endpoint=("honey", "sting")[n % 2]) for n in range(32)],
        "more than one winner",
    ),
    "nobody wins": ([racer("a", 0, 1, status=412), racer("b", 0, 1, status=412)], "nobody won"),
    "304 for 412": ([racer("a", 0, 1), racer("b", 0, 1, status=304), found("a", 2, 3)], "where 412 is due"),
    "loser's body": ([racer("a", 0, 1), racer("b", 0, 1, status=412), found("b", 2, 3)], "answered b for"),
    "winner gone": ([racer("a", 0, 1), racer("b", 0, 1, status=412), found(None, 2, 3)], "answered 404 for"),
    "refused, and not there": (
        [racer("a", 0, 1, status=None), racer("b", 0, 1, status=412), found(None, 2, 3)],
        "although it was there before",
    ),
    "two bodies": (
        [racer("a", 0, 1, status=None), racer("b", 0, 1, status=None), found("a", 2, 3), found("b", 4, 5)],
        "answered b for",
    ),
    "body gone": (
        [racer("a", 0, 1, status=None), found("a", 2, 3), found(None, 4, 5)],
        "although a was found",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_race(name: str) -> None:
    history, message = WRONG[name]
    finding = check_one_winner(history)
    assert finding.state is State.REFUTED
    assert message in finding.reason
    assert finding.witness


@pytest.mark.parametrize(
    "history",
    [
        [],
        [racer("a", 0, 1), found("a", 2, 3)],
        [racer("a", 0, 1), racer("b", 0, 1, status=412)],
        [racer("a", 0, 1, status=None), racer("b", 0, 1, status=412), found("a", 2, 3)],
        [racer("a", 0, 1, status=None), racer("b", 0, 1, status=None), found(None, 2, 3), found("b", 4, 5)],
        [failed(racer("a", 0, 1)), failed(racer("b", 0, 1))],
        [racer("a", 0, 1, in_service=False), racer("b", 0, 1), found("b", 2, 3)],
        [racer("a", 0, 1), delete(0, 1, workload="race"), racer("b", 0, 1), found("b", 2, 3)],
    ],
)
def test_undecided_race_is_unknown(history: list[Op]) -> None:
    assert check_one_winner(history).state is State.UNKNOWN


def test_too_few_rounds_is_unknown() -> None:
    history = [racer("a", 0, 1), racer("b", 0, 1, status=412), found("a", 2, 3)]
    finding = check_one_winner(history, minimum=2)
    assert finding.state is State.UNKNOWN
    assert finding.reason == "only 1 decided round, 2 needed"


def take(process: str, *span: float, **more: Any) -> Op:
    return create(f"{process}@{span[0]}", *span, **({"workload": "lock", "process": process} | more))


def free(process: str, *span: float, **more: Any) -> Op:
    return delete(*span, **({"workload": "lock", "process": process} | more))


HANDED_ON = [
    take("p", 0, 1),
    take("q", 1, 2, status=412),
    free("p", 3, 5),
    take("q", 4, 6),
    free("q", 7, 8),
    take("p", 9, 10),
]


def test_lock_handed_on_is_proved() -> None:
    finding = check_mutual_exclusion(HANDED_ON)
    assert finding.state is State.PROVED
    assert finding.observations == 3


def test_two_holders_are_refuted() -> None:
    finding = check_mutual_exclusion([take("p", 0, 1), take("q", 2, 3, endpoint="sting"), free("p", 4, 5)])
    assert finding.state is State.REFUTED
    assert (
        "was acknowledged through sting at 3.00 s to q although p held scratch/k since 1.00 s"
        in finding.reason
    )


def test_two_holders_right_after_a_hand_over_are_refuted() -> None:
    """The delete overlaps the second create, but was needed for it: it cannot explain the third."""
    history = [take("p", 0, 1), free("p", 2, 5), take("q", 3, 6), take("r", 7, 8)]
    assert check_mutual_exclusion(history).state is State.REFUTED


def test_unknown_release_or_create_makes_a_maybe() -> None:
    refusal = take("s", 0.5, 0.9, status=412)
    late = [take("p", 0, 1), refusal, free("p", 2, 3, status=None), take("q", 4, 5), take("r", 6, 7)]
    finding = check_mutual_exclusion(late)
    assert finding.state is State.REFUTED, "one unknown release frees one hold, not two"
    finding = check_mutual_exclusion(late[:-1])
    assert finding.state is State.PROVED
    finding = check_mutual_exclusion(
        [take("p", 0, 1, status=None), take("q", 2, 3, status=412), take("r", 4, 5)]
    )
    assert finding.state is State.PROVED
    assert finding.measured["maybe_holds"] == 1


def test_late_release_by_an_earlier_holder_is_a_maybe() -> None:
    history = [
        take("p", 0, 1),
        take("x", 0.5, 0.9, status=412),
        free("p", 2, 3, status=None),
        free("p", 3.5, 4),
        take("q", 5, 6),
        take("r", 7, 8),
    ]
    finding = check_mutual_exclusion(history)
    assert finding.state is State.PROVED
    assert finding.measured["maybe_overlaps"] == 1


def test_lock_broken_by_another_process() -> None:
    history = [take("p", 0, 1), take("q", 1.5, 1.8, status=412), free("q", 2, 3), take("q", 4, 5)]
    finding = check_mutual_exclusion(history)
    assert finding.state is State.PROVED
    assert finding.measured["broken_by_others"] == 1


def test_refusal_by_ones_own_lock_is_counted_and_refutes_nothing() -> None:
    """opentofu#4405."""
    mine = take("p", 0, 3, status=None)
    history = [
        mine,
        take("p", 4, 5, status=412),
        read(mine.value, 6, 7, workload="lock"),
        free("p", 8, 9),
        take("q", 10, 11),
        take("p", 12, 13, status=412),
    ]
    finding = check_mutual_exclusion(history)
    assert finding.state is State.PROVED
    assert finding.measured["own_lock_412"] == 1


def test_retry_inside_the_client_is_counted_too() -> None:
    refused = take("p", 0, 3, status=412)
    finding = check_mutual_exclusion([refused, read(refused.value, 4, 5, workload="lock")])
    assert finding.measured["own_lock_412"] == 1


@pytest.mark.parametrize("history", [[], [take("p", 0, 1)], [take("p", 0, 1, status=412)]])
def test_lock_without_contention_is_unknown(history: list[Op]) -> None:
    assert check_mutual_exclusion(history).state is State.UNKNOWN
