"""What is certain of one object at a time, at the edges: touching moments, and answers that came to no end."""

from __future__ import annotations

import math

from readiness.checkers.timeline import timelines
from readiness.history import Op, Outcome

from .build import delete, op, read, write

OBJECT = ("scratch", "k")


def settled(*history: Op) -> list[float]:
    return [event.settled for event in timelines(history)[OBJECT].puts.events]


def test_an_unknown_write_is_settled_when_its_body_was_first_read_whole() -> None:
    lost = write("a", 1, 2, status=None)
    assert settled(lost) == [math.inf]
    assert settled(lost, read("a", 5, 7), read("a", 3, 6)) == [6]
    assert settled(lost, op("read", (3, 4), 200, value="a", outcome=Outcome.UNKNOWN)) == [math.inf]
    assert settled(lost, write("a", 1, 2, status=None), read("a", 3, 6)) == [math.inf, math.inf], (
        "which of them?"
    )


def test_a_body_is_replaced_by_what_began_after_it_was_acknowledged() -> None:
    seen = read("a", 5, 6)
    first, touching, later = write("a", 1, 2), write("b", 2, 3), write("b", 2.1, 3)
    assert timelines([first, touching])[OBJECT].replaced(seen) is None
    gone = timelines([first, later])[OBJECT].replaced(seen)
    assert gone is not None
    assert gone.op is later
    deleted = timelines([first, delete(2.1, 3)])[OBJECT].replaced(seen)
    assert deleted is not None
