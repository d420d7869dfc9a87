"""Whether the candidate was whole again."""

from __future__ import annotations

from readiness.evidence.scenario import NOT_WHOLE, ScenarioRecord
from readiness.finding import Finding, proved, refuted


def made_whole(record: ScenarioRecord) -> Finding:
    """The candidate was whole again after the fault, as soon as was promised; `recovered_s` counts from the moment when
    the last fault was healed.
    """
    if record.whole:
        whole = max((event.whole for event in record.events if event.whole is not None), default=None)
        if whole is None or record.healed is None:
            return proved("whole again", 1)
        return proved("whole again", 1, recovered_s=round(max(whole - record.healed, 0.0), 2))
    return refuted(record.notes.get(NOT_WHOLE, "not whole again after the fault was healed"))
