"""Whether the candidate was whole again, and serves."""

from __future__ import annotations

from collections.abc import Sequence

from readiness.evidence.scenario import NOT_WHOLE, ScenarioRecord
from readiness.finding import Finding, merge, proved, refuted, unknown
from readiness.history import Op, Verb


def made_whole(record: ScenarioRecord) -> Finding:
    """The candidate was whole again after the fault, as soon as was promised; `recovered_s` counts from the moment when
    the last fault was healed.
    """
    if record.whole:
        whole = record.whole_at
        if whole is None or record.healed is None:
            return proved("whole again", 1)
        return proved("whole again", 1, recovered_s=round(max(whole - record.healed, 0.0), 2))
    return refuted(record.notes.get(NOT_WHOLE, "not whole again after the fault was healed"))


def serves_again(record: ScenarioRecord) -> Finding:
    """Every endpoint that took writes before the fault takes them again once the candidate is whole."""
    if not record.events:
        return unknown("no fault was injected")
    injected = record.events[0].injecting
    whole = record.whole_at
    if whole is None:
        return unknown("the candidate was not seen whole again")
    writes = [op for op in record.of("probe") if op.verb is Verb.WRITE]
    before = sorted({op.endpoint for op in writes if op.acknowledged and op.completed < injected})
    return merge(
        [_took(end, [op for op in writes if op.endpoint == end and op.invoked > whole]) for end in before]
    )


def _took(endpoint: str, writes: Sequence[Op]) -> Finding:
    if not writes:
        return unknown(f"no write through {endpoint} was tried once the candidate was whole again")
    taken = sum(op.acknowledged for op in writes)
    if taken:
        return proved(f"{endpoint} takes writes again", taken)
    last = writes[-1].status
    how = "were not answered" if last is None else f"were answered HTTP {last}"
    return refuted(
        f"{endpoint} takes no writes though the fault is over: {len(writes)} {how}", observations=len(writes)
    )
