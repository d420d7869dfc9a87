"""The quick way: what it finds is an order, by brute force and by the search; the rest is left to the search."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.checkers.quick import Order, quick
from readiness.checkers.register import NoMeaning, acts_of
from readiness.checkers.simulate import Shape, register, spoilt
from readiness.checkers.wgl import search
from readiness.history import Op, Verb

from .brute import has_order
from .build import FIXED, cas, create, delete, failed, head, op, read, write
from .test_linearizability import RIGHT, WRONG
from .test_linearizability_properties import TINY, tiny

SEEDS = st.integers(0, 2**32)


def ordered(history: list[Op], initial: str | None = None) -> bool:
    return search(acts_of(history), initial).ordered is True


@FIXED
@given(SEEDS, st.sampled_from([0.0, 0.1, 0.3]), st.integers(1, 40), st.integers(0, 3))
def test_what_it_finds_the_search_finds_too(seed: int, lost: float, operations: int, defects: int) -> None:
    rng = random.Random(seed)
    history = register(rng, Shape(operations=operations, lost=lost, bodies=rng.choice([0, 3])))
    for _ in range(defects):
        history = spoilt(rng, history)
    if quick(history) is not None:
        assert ordered(history)


@FIXED
@given(TINY)
def test_what_it_finds_brute_force_finds_too(
    rows: list[tuple[tuple[Verb, int | None], str, str, int, int]],
) -> None:
    history = sorted(tiny(rows), key=lambda each: (each.invoked, each.index))
    try:
        acts_of(history)
    except NoMeaning:
        assert quick(history) is None
        return
    if quick(history) is not None:
        assert has_order(history)


def test_it_finds_most_of_what_is_right() -> None:
    histories = [register(random.Random(seed), Shape(operations=20, lost=0.02)) for seed in range(100)]
    assert sum(quick(history) is not None for history in histories) >= 95


@pytest.mark.parametrize("name", WRONG)
def test_it_finds_no_order_of_a_wrong_history(name: str) -> None:
    history = [each for each in WRONG[name][0] if each.in_service]
    assert quick(sorted(history, key=lambda each: (each.invoked, each.index))) is None


@pytest.mark.parametrize("name", [name for name in RIGHT if not name.startswith("not in service")])
def test_of_a_right_history_it_finds_one_or_the_search_does(name: str) -> None:
    assert quick(RIGHT[name]) is not None or ordered(RIGHT[name])


def test_answers_and_choices_are_counted() -> None:
    history = [write("a", 0, 1), read("a", 2, 3), head("a", 2, 3), failed(write("b", 2, 3)), delete(4, 5)]
    assert quick(history) == Order(answers=4, choices=2)
    assert quick([]) == Order(answers=0, choices=0)
    assert quick([write("a", 0, 1, status=None)]) == Order(answers=0, choices=0)


def test_it_goes_back() -> None:
    """The write needed longest comes last, unless it is read in between: then another choice is needed."""
    history = [write("a", 0, 9), write("b", 1, 9), read("a", 2, 3), read("b", 4, 5), read("b", 6, 7)]
    assert quick(history) is not None
    refused = [
        write("a", 0, 9),
        delete(0, 9),
        create("c", 1, 2, status=412),
        read(None, 3, 4),
        read("a", 5, 6),
    ]
    assert quick(refused) is None
    assert not ordered(refused)
    conditional = [
        write("a", 0, 1),
        cas("a", "c", 2, 9),
        cas("a", "b", 2, 3),
        cas("b", "d", 4, 9, status=None),
    ]
    assert (quick(conditional) is not None) <= ordered(conditional)


def test_it_gives_up_after_so_many_choices() -> None:
    history = [write(f"v{number}", number, number + 0.5) for number in range(9)]
    assert quick(history) == Order(9, 9)
    assert quick(history, most=8) == Order(9, 9)
    assert quick(history, most=7) is None


@pytest.mark.parametrize(
    "odd",
    [op("read", (0, 1)), op("write", (0, 1)), op("cas", (0, 1), value="b"), create("b", 0, 1, status=304)],
)
def test_an_operation_without_meaning_is_left_to_the_search(odd: Op) -> None:
    assert quick([odd]) is None


def test_the_contents_at_first() -> None:
    assert quick([read("a", 0, 1)]) is None
    assert quick([read("a", 0, 1)], "a") == Order(1, 0)
    assert quick([read(None, 0, 1)], "a") is None
    assert quick([replace(create("b", 0, 1), status=412)], "a") == Order(1, 0)
