"""The shortest segment that still shows a violation."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from readiness.explore.schedule import Segment, Step, When

TRIES = 3
"""How often a shorter segment is played before it counts as one that shows nothing: a violation may need luck."""


def shrunk(segment: Segment, shows: Callable[[Segment], bool], time_left: Callable[[], bool]) -> Segment:
    """Leaves out steps, one at a time, as long as what is left still shows a violation. Returns the segment itself if
    nothing can be left out, or there was no time.
    """
    found = segment
    while shorter := _first(found, shows, time_left):
        found = shorter
    return found


def _first(
    segment: Segment, shows: Callable[[Segment], bool], time_left: Callable[[], bool]
) -> Segment | None:
    for shorter in without_one(segment):
        for _ in range(TRIES):
            if not time_left():
                return None
            if shows(shorter):
                return shorter
    return None


def without_one(segment: Segment) -> Iterator[Segment]:
    """The segment without one of its steps, the last one first."""
    for left_out in reversed(range(len(segment.steps))):
        rest = [step for at, step in enumerate(segment.steps) if at != left_out]
        if rest:
            yield Segment(number=segment.number, steps=(_first_step(rest[0]), *rest[1:]))


def _first_step(step: Step) -> Step:
    """Nothing comes before it."""
    return step.model_copy(update={"when": When.WHOLE})
