"""Did the fault happen? A proof is a provider's claim; an answer from what had to be away is an observation."""

from __future__ import annotations

from readiness.evidence.scenario import Event, ScenarioRecord
from readiness.history import Op
from readiness.topology import FaultKind, Topology

CRASHED_FOR = (
    0.5  # a killed process may be started again at once by what supervises it, but not as fast as this
)

ASKED_ENOUGH = 5
"""So many requests, ten a second and more: one that was killed, however fast it came back, misses some of them."""


def answered_while_away(record: ScenarioRecord, topology: Topology) -> str | None:
    """Why the faults of this record cannot have happened as they claim; None if nothing contradicts them."""
    for event in record.events:
        ends = {e.name for e in topology.endpoints if e.instance in event.instances}
        since, until = _away(event)
        for op in record.history:
            if op.endpoint in ends and since < op.invoked and op.completed < until and _answered(op):
                return (
                    f"{_claim(event)}: {op.endpoint} answered HTTP {op.status} at {op.completed:.2f} s, when it had "
                    f"to be away since {event.fired:.2f} s"
                )
        for end in sorted(ends):
            asked = _asked_meanwhile(record, event, end)
            if len(asked) >= ASKED_ENOUGH and all(map(_answered, asked)):
                return (
                    f"{_claim(event)}: {end} answered all of {len(asked)} requests until the fault was healed"
                )
    return None


def _claim(event: Event) -> str:
    return f"{event.fault} did not happen as claimed ({'; '.join(event.proofs)})"


def _asked_meanwhile(record: ScenarioRecord, event: Event, end: str) -> list[Op]:
    """Requests to that endpoint from the claimed begin of the fault until it was healed. None for a restart, which may
    be over by then.
    """
    if event.fired is None or event.healing is None or event.kind == FaultKind.RESTART:
        return []
    return [
        op
        for op in record.history
        if op.endpoint == end and event.fired < op.invoked and op.completed < event.healing
    ]


def _away(event: Event) -> tuple[float, float]:
    """When the instances of the event certainly had to be away; an empty span if that is unknown."""
    if event.fired is None or event.healing is None or event.kind == FaultKind.RESTART:
        return 0.0, 0.0
    held = event.healing
    return event.fired, min(held, event.fired + CRASHED_FOR) if event.kind == FaultKind.CRASH else held


def _answered(op: Op) -> bool:
    return op.ok and op.status is not None
