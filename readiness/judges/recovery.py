"""Whether the candidate was whole again."""

from __future__ import annotations

from readiness.evidence.scenario import NOT_WHOLE, ScenarioRecord
from readiness.finding import Finding, proved, refuted


def made_whole(record: ScenarioRecord) -> Finding:
    """The candidate was whole again after the fault."""
    if record.whole:
        return proved("whole again", 1)
    return refuted(record.notes.get(NOT_WHOLE, "not whole again after the fault was healed"))
