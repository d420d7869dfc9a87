"""Faults that leave a node half there: cut off from its peers alone, or slow. Every answer that it gives binds it."""

from __future__ import annotations

from dataclasses import replace

from readiness.evidence.scenario import ScenarioRecord
from readiness.evidence.seen import Promises
from readiness.finding import Finding, merge, proved, unknown
from readiness.judges.agreement import agreement
from readiness.judges.outage import outage
from readiness.judges.recovery import made_whole
from readiness.judges.safety import safety

MINIMUM_REQUESTS = 20


def half_there(record: ScenarioRecord, promises: Promises) -> Finding:
    """The node that is half there never answered what is old, and denied nothing that exists, whatever it said of its
    readiness; what it acknowledged survived; the others served within the RTO for silence; all agree since.
    """
    return merge([_asked(record), _right(record), outage(record, promises)])


def _right(record: ScenarioRecord) -> Finding:
    """Nothing that any endpoint answered was wrong: a node that was only cut off or slowed has no excuse."""
    bound = [op if op.in_service else replace(op, in_service=True) for op in record.history]
    without_excuse = replace(record, history=bound)
    return merge([made_whole(record), safety(without_excuse), agreement(without_excuse)])


def _asked(record: ScenarioRecord) -> Finding:
    """While the fault held, the node was asked often enough to tell."""
    event = record.events[0]
    if event.fired is None:
        return unknown(f"{event.fault} was not seen to have fired")
    through = frozenset(record.endpoints_through)
    until = event.healing or record.ended
    asked = [
        op
        for op in record.of("probe", "sweep", "register", "lock", "index")
        if op.endpoint not in through and event.fired <= op.invoked <= until
    ]
    answered = sum(op.answered for op in asked)
    measured = {"asked_of_it": len(asked), "answered_by_it": answered}
    if len(asked) < MINIMUM_REQUESTS:
        return unknown(
            f"only {len(asked)} requests were sent to {', '.join(record.nodes)} meanwhile", measured=measured
        )
    return proved(f"{answered} of {len(asked)} requests to it answered", len(asked), **measured)
