"""Did the fault happen? A proof is a provider's claim; a request that was not answered is an observation."""

from __future__ import annotations

from readiness.evidence.scenario import Event, ScenarioRecord
from readiness.topology import FaultKind, Topology

AWAY = (FaultKind.DRAIN, FaultKind.CRASH, FaultKind.SILENCE, FaultKind.POWER_CUT)
"""Through which an instance does not answer. A restart may be over before anybody asks."""

CRASHED_FOR = (
    0.5  # a killed process may be started again at once by what supervises it, but not as fast as this
)


def not_seen_away(record: ScenarioRecord, topology: Topology) -> str | None:
    """Why the faults of this record cannot be believed; None if each instance that has an endpoint was seen to be away:
    it answered nothing at first, and left at least one request without an answer before it was healed. One that was
    healed at once, as in a rolling restart, cannot be asked.
    """
    for event in record.events:
        if event.kind not in AWAY or event.fired is None or event.healing is None:
            continue
        for end in sorted(e.name for e in topology.endpoints if e.instance in event.instances):
            if doubt := _doubt(record, event, end, event.fired, event.healing):
                return f"{event.fault} did not happen as claimed ({'; '.join(event.proofs)}): {doubt}"
    return None


def _doubt(record: ScenarioRecord, event: Event, end: str, fired: float, healing: float) -> str | None:
    certain = min(healing, fired + CRASHED_FOR) if event.kind == FaultKind.CRASH else healing
    asked = [
        op for op in record.history if op.endpoint == end and fired < op.completed and op.invoked < healing
    ]
    for op in asked:
        if op.answered and fired < op.invoked and op.completed < certain:
            at, since = f"{op.completed:.2f} s", f"{fired:.2f} s"
            return f"{end} answered HTTP {op.status} at {at}, when it had to be away since {since}"
    if healing - fired >= CRASHED_FOR and all(op.answered for op in asked):
        return (
            f"{end} was not seen to be away: all of {len(asked)} requests until it was healed were answered"
        )
    return None
