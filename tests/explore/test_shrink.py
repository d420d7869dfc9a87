"""What is not needed for a violation is left out; what shows nothing stays."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from readiness.explore.schedule import Kind, Segment, When
from readiness.explore.shrink import TRIES, shrunk
from tests.explore.given import segment, step

FIVE = segment(
    step(Kind.DRAIN, "a"),
    step(Kind.CRASH, "b", When.HEALED),
    step(Kind.LIMP, "c", When.MEANWHILE),
    step(Kind.SPLIT, "a", When.HEALED),
    step(Kind.UNPLUG, "b", When.HEALED),
)


def _names(found: Segment) -> list[str]:
    return [each.name for each in found.steps]


def _shows(*needed: str) -> Callable[[Segment], bool]:
    return lambda shorter: set(needed) <= set(_names(shorter))


def test_only_what_is_needed_stays_and_its_first_step_waits_for_the_whole_candidate() -> None:
    found = shrunk(FIVE, _shows("crash:b", "split:a"), lambda: True)
    assert _names(found) == ["crash:b", "split:a"]
    assert [each.when for each in found.steps] == [When.WHOLE, When.HEALED]


def test_a_segment_of_which_everything_is_needed_stays_as_it_is() -> None:
    assert shrunk(FIVE, _shows(*_names(FIVE)), lambda: True) == FIVE


def test_what_shows_only_sometimes_is_tried_more_than_once() -> None:
    turns = count(1)
    found = shrunk(FIVE, lambda shorter: next(turns) % TRIES == 0 and len(shorter.steps) > 3, lambda: True)
    assert len(found.steps) == 4


def test_without_time_nothing_is_tried() -> None:
    assert shrunk(FIVE, lambda _: True, lambda: False) == FIVE


def test_the_last_step_is_never_left_out() -> None:
    assert len(shrunk(FIVE, lambda _: True, lambda: True).steps) == 1
