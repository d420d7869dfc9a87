"""Linearizability: histories by hand, one for each way a store is known to break."""

from __future__ import annotations

import random

import pytest

from readiness.checkers import check_linearizable
from readiness.checkers.simulate import Shape, many, register
from readiness.finding import State
from readiness.grounds import Doubt, DoubtKind
from readiness.history import Op

from .build import cas, create, delete, failed, head, op, read, write

RIGHT: dict[str, list[Op]] = {
    "absent at first": [read(None, 0, 1)],
    "write, then read": [write("a", 0, 1), read("a", 2, 3), head("a", 2, 3)],
    "concurrent writes in either order": [
        write("a", 0, 5),
        write("b", 1, 4),
        read("a", 6, 7),
        read("a", 8, 9),
    ],
    "read overlapping a write": [write("a", 0, 1), write("b", 2, 5), read("b", 3, 4), read("b", 4.5, 6)],
    "touching times are concurrent": [write("a", 0, 1), read(None, 1, 2)],
    "unknown write never seen": [write("a", 0, 1), write("b", 2, 5, status=None), read("a", 6, 7)],
    "unknown write surfaces late": [
        write("a", 0, 1),
        write("b", 2, 5, status=None),
        read("a", 6, 7),
        read("b", 60, 61),
    ],
    "unknown delete": [write("a", 0, 1), delete(2, 5, status=None), read("a", 6, 7), read(None, 8, 9)],
    "a condition on an absent object refused with 412": [
        write("a", 0, 1),
        delete(2, 3),
        cas("a", "b", 4, 5, status=412),
    ],
    "unknown create explains a refusal": [create("a", 0, 3, status=None), create("b", 4, 5, status=412)],
    "unseen unknown write explains a refusal": [write("a", 0, 3, status=None), create("b", 4, 5, status=412)],
    "unknown chain": [
        write("a", 0, 1),
        cas("a", "b", 2, 5, status=None),
        cas("b", "c", 2, 5, status=None),
        read("c", 6, 7),
    ],
    "unknown unseen body explains a refused condition": [
        write("a", 0, 1),
        write("x", 2, 3, status=None),
        cas("a", "b", 4, 5, status=412),
    ],
    "compare and set": [
        write("a", 0, 1),
        cas("a", "b", 2, 3),
        cas("a", "c", 4, 5, status=412),
        read("b", 6, 7),
    ],
    "compare and set of an absent object": [cas("a", "b", 0, 1, status=404)],
    "create, delete, create": [create("a", 0, 1), delete(2, 3), create("b", 4, 5), read("b", 6, 7)],
    "delete of an absent object": [delete(0, 1), read(None, 2, 3)],
    "failed write": [failed(write("a", 0, 1)), read(None, 2, 3)],
    "not in service: a read does not bind": [write("a", 0, 1), read(None, 2, 3, in_service=False)],
    "not in service: a write may have happened": [
        write("a", 0, 1, in_service=False),
        read(None, 2, 3),
        read("a", 4, 5),
    ],
}

WRONG: dict[str, tuple[list[Op], str]] = {
    "stale read": (
        [write("a", 0, 1), write("b", 2, 3, endpoint="sting"), read("a", 4, 5)],
        "endpoint bumble answered a for scratch/k at 5.00 s, an older body, although write b was acknowledged",
    ),
    "false 404": (
        [write("v17", 11, 11.9), read(None, 12, 12.31, endpoint="sting")],
        (
            "endpoint sting answered 404 for scratch/k at 12.31 s although write v17 was acknowledged through "
            "bumble at 11.90 s and nothing deleted it"
        ),
    ),
    "false 404 long after a delete": (
        [create("a", 0, 1), delete(2, 3), write("b", 4, 5), head(None, 6, 7)],
        (
            "head 404 for scratch/k at 7.00 s although write b was acknowledged through bumble at 5.00 s and nothing "
            "deleted it"
        ),
    ),
    "false 404 after an unknown write was seen": (
        [write("a", 0, 1, status=None), read("a", 2, 3, endpoint="honey"), read(None, 4, 5)],
        "although a was found through honey at 3.00 s and nothing deleted it",
    ),
    "return from the dead": (
        [write("a", 0, 1), delete(2, 3, endpoint="honey"), read("a", 4, 5)],
        "although delete was acknowledged through honey at 3.00 s: a deleted object came back",
    ),
    "late write surfaces twice": (
        [
            write("a", 0, 5, status=None),
            read("a", 6, 7),
            write("b", 8, 9),
            read("b", 10, 11),
            read("a", 12, 13),
        ],
        "an older body",
    ),
    "corrupt body": (
        [write("a", 0, 1), read("?9f", 2, 3)],
        "answered ?9f for scratch/k at 3.00 s: a body that the suite",
    ),
    "body before its write": (
        [read("a", 0, 1), write("a", 2, 3)],
        "before anyone wrote it (first at 2.00 s)",
    ),
    "refused write found": (
        [write("a", 0, 1), create("b", 2, 3, status=412), read("b", 4, 5)],
        "although create b was refused (412)",
    ),
    "failed write found": ([failed(write("a", 0, 1)), read("a", 2, 3)], "although write a was refused (503)"),
    "condition ignored: two creates": (
        [create("a", 0, 3), create("b", 1, 4, endpoint="sting")],
        "accepted create b of scratch/k at 4.00 s although it was there already: create a was acknowledged",
    ),
    "condition inverted": (
        [create("a", 0, 1, status=412)],
        "refused create a of scratch/k at 1.00 s (412) although it was absent: nobody had written it",
    ),
    "create refused after a delete": (
        [write("a", 0, 1), delete(2, 3), create("b", 4, 5, status=412)],
        "although it was absent: delete was acknowledged through bumble at 3.00 s",
    ),
    "stale condition accepted": (
        [write("a", 0, 1), write("b", 2, 3), cas("a", "c", 4, 5)],
        "accepted compare-and-set c of scratch/k at 5.00 s on the condition that it held a, which it did not",
    ),
    "If-Match creates a missing object": ([cas("a", "b", 0, 1)], "nothing shows that it ever held that"),
    "right condition refused": (
        [write("a", 0, 1), cas("a", "b", 2, 3, status=412)],
        "although it held a, as the condition required: write a was acknowledged",
    ),
    "condition finds nothing where something is": (
        [write("a", 0, 1), cas("a", "b", 2, 3, status=404)],
        "answered cas 404 for scratch/k at 3.00 s although write a was acknowledged",
    ),
    "two reads out of order": (
        [write("a", 0, 1), write("b", 2, 9), read("b", 3, 4), read("a", 5, 6)],
        "an older body, although b was found through bumble at 4.00 s",
    ),
    "write acknowledged but not done": (
        [write("a", 0, 1), write("b", 2, 3), read("a", 4, 5), read("a", 6, 7)],
        "older body",
    ),
    "unknown delete used twice": (
        [write("a", 0, 1), delete(2, 3, status=None), read(None, 4, 5), write("b", 6, 7), read(None, 8, 9)],
        "no delete explains it",
    ),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_history_is_proved(name: str) -> None:
    finding = check_linearizable(RIGHT[name])
    assert finding.state is State.PROVED, finding.reason
    assert finding.observations > 0


@pytest.mark.parametrize("name", WRONG)
def test_wrong_history_is_refuted_in_plain_words(name: str) -> None:
    history, message = WRONG[name]
    finding = check_linearizable(history)
    assert finding.state is State.REFUTED
    assert message in finding.reason
    assert 1 <= len(finding.witness) <= 5
    assert set(finding.witness) <= set(history)


def test_empty_history_is_unknown() -> None:
    assert check_linearizable([]).state is State.UNKNOWN
    assert check_linearizable([write("a", 0, 1, status=None)]).state is State.UNKNOWN


def test_answer_without_meaning_is_unknown_and_named() -> None:
    history = [write("a", 0, 1), create("b", 2, 3, status=304)]
    finding = check_linearizable(history)
    assert finding.state is State.UNKNOWN
    assert "scratch/k: create answered 304" in finding.reason
    other = [write("x", 0, 1, key="other"), read(None, 2, 3, key="other")]
    assert check_linearizable(history + other).state is State.REFUTED


@pytest.mark.parametrize("odd", [op("read", (0, 1)), op("write", (0, 1)), op("cas", (0, 1), value="b")])
def test_operation_without_its_bodies_is_unknown(odd: Op) -> None:
    assert check_linearizable([odd]).state is State.UNKNOWN


def test_initial_contents() -> None:
    first = {("scratch", "k"): "a"}
    assert check_linearizable([read("a", 0, 1), cas("a", "b", 2, 3)], initial=first).state is State.PROVED
    assert check_linearizable([read(None, 0, 1)], initial=first).state is State.REFUTED
    assert check_linearizable([create("b", 0, 1, status=412)], initial=first).state is State.PROVED


def test_keys_and_buckets_are_independent() -> None:
    history = [write("a", 0, 1), read(None, 2, 3, key="other"), read(None, 2, 3, bucket="second")]
    assert check_linearizable(history).state is State.PROVED


def test_witness_is_short_in_a_long_history() -> None:
    history = register(random.Random(7), Shape(operations=400, clients=5, lost=0))
    end = max(each.completed for each in history)
    history += [write("last", end + 1, end + 2), read(None, end + 3, end + 4, endpoint="sting")]
    finding = check_linearizable(history)
    assert finding.state is State.REFUTED
    assert len(finding.witness) <= 3
    assert "endpoint sting answered 404" in finding.reason
    assert "write last was acknowledged" in finding.reason


def test_the_earliest_violation_is_told_and_the_others_are_counted() -> None:
    history = [
        each
        for number in range(3)
        for each in (
            write("a", 10 - number, 10.5 - number, key=f"k{number}"),
            read(None, 20 - number, 21 - number, key=f"k{number}"),
        )
    ]
    finding = check_linearizable(history)
    assert "scratch/k2" in finding.reason
    assert "2 more objects not linearizable" in finding.reason
    assert finding.measured["keys_refuted"] == 3


@pytest.fixture
def hard() -> list[Op]:
    """Many writes at once, seen in an order that none of them allows."""
    writes = [write(f"v{n}", n / 100, 100, process=f"p{n}") for n in range(14)]
    reads = [read(f"v{n}", 10 + n, 10.5 + n) for n in range(14)]
    return [*writes, *reads, read("v0", 50, 51)]


def beyond(cap: str, seconds: float, states: int) -> Doubt:
    return Doubt(
        DoubtKind.BEYOND_BUDGET, "scratch/k", counted=29, needed=states, names=(cap,), seconds=(seconds,)
    )


def test_memory_cap_is_unknown_and_names_the_object(hard: list[Op]) -> None:
    finding = check_linearizable(hard, budget_states=5)
    assert finding.state is State.UNKNOWN
    assert finding.grounds == (beyond("memory", 60.0, 5),)


def test_time_cap_is_unknown(hard: list[Op]) -> None:
    ticks = iter(range(10**6))
    finding = check_linearizable(hard, budget_seconds=1, clock=lambda: float(next(ticks)))
    assert finding.state is State.UNKNOWN
    assert finding.grounds == (beyond("time", 1, 400_000),)


def test_a_hard_object_does_not_hide_a_wrong_one(hard: list[Op]) -> None:
    wrong = [write("a", 0, 1, key="wrong"), read(None, 2, 3, key="wrong")]
    finding = check_linearizable(hard + wrong, budget_states=5)
    assert finding.state is State.REFUTED
    assert "scratch/wrong" in finding.reason


def test_ten_thousand_operations_in_a_second() -> None:
    """Ten clients an object. The limit is loose: machines are shared."""
    history = many(1, operations=10_000, keys=200, clients=10)
    finding = check_linearizable(history)
    assert finding.state is State.PROVED
    seconds = finding.measured["seconds"]
    assert isinstance(seconds, float)
    assert seconds < 3
