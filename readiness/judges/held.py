"""When faults were held, and what was served then."""

from __future__ import annotations

from collections.abc import Sequence

from readiness.evidence.scenario import ScenarioRecord
from readiness.history import Op, Verb

Held = tuple[float, float]
"""From when a fault was seen to have fired, until its healing began; seconds since the run began."""
BESIDE = 0.5
"""Seconds within which a small object is asked for, or written, beside another request."""


def held(record: ScenarioRecord) -> list[Held]:
    """One for each fault that fired and was healed."""
    return [
        (event.fired, event.healing)
        for event in record.events
        if event.fired is not None and event.healing is not None
    ]


def within(moment: float, windows: Sequence[Held]) -> bool:
    """Whether some fault was held then."""
    return any(fired <= moment <= healing for fired, healing in windows)


def served_beside(record: ScenarioRecord, op: Op, verb: Verb) -> bool:
    """A probe of that kind (a READ that found an object, or a WRITE that was acknowledged) was sent through the same
    endpoint just after that request, and was answered.
    """
    return any(
        probe.verb is verb
        and probe.ok
        and probe.status == 200
        and probe.endpoint == op.endpoint
        and 0 <= probe.invoked - op.invoked <= BESIDE
        for probe in record.of("probe")
    )
