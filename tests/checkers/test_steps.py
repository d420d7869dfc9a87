"""The steps of the search: an unknown effect happens at most once, and one that nothing needs is never tried."""

from __future__ import annotations

import pytest

from readiness.checkers.register import acts_of
from readiness.checkers.wgl import search
from readiness.history import Op

from .build import cas, create, delete, read, write


def lost(body: str, call: float) -> Op:
    return write(body, call, 9, status=None)


@pytest.mark.parametrize("again", ["a", "b", "c"])
def test_an_unknown_effect_happens_once(again: str) -> None:
    unknown = [lost(body, n / 10) for n, body in enumerate("abc")]
    seen = [read(body, 2 + n, 2.5 + n) for n, body in enumerate("abc")]
    history = [*unknown, *seen, write("z", 6, 7), read("z", 7.2, 7.4)]
    assert search(acts_of(history)).ordered is True
    assert search(acts_of([*history, read(again, 8, 8.5)])).ordered is False


WRONG = [write("a", 0.0, 0.1), read("a", 0.15, 0.2), write("c", 0.22, 0.25), read("b", 0.6, 0.7)]


@pytest.mark.parametrize(
    "useless",
    [
        pytest.param(lost("z", 0.05), id="a body that nothing names"),
        pytest.param(lost("a", 0.3), id="a body that nothing names any more"),
        pytest.param(delete(0.05, 9, status=None), id="a delete, and nothing needs it empty"),
    ],
)
def test_what_nothing_needs_costs_nothing(useless: Op) -> None:
    alone = search(acts_of(WRONG))
    assert (alone.ordered, alone.states) == (False, 3)
    assert search(acts_of([*WRONG, useless])) == alone


@pytest.mark.parametrize(
    "needed",
    [
        read(None, 0.6, 0.7),
        create("x", 0.6, 0.7),
        cas("c", "x", 0.6, 0.7, status=404),
    ],
)
def test_a_delete_is_tried_where_something_needs_it_empty(needed: Op) -> None:
    history = [write("a", 0.0, 0.1), delete(0.05, 9, status=None), needed]
    assert search(acts_of(history)).ordered is True
    assert search(acts_of([history[0], needed])).ordered is False
