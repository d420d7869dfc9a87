"""Bodies that stores do not keep in their metadata: whether they were written while a fault was held, and served
where small ones were.
"""

from __future__ import annotations

from collections.abc import Sequence

from readiness.evidence.scenario import ScenarioRecord
from readiness.finding import Finding, proved, unknown
from readiness.history import Op, Outcome, Verb
from readiness.judges.held import Held, held, served_beside, within

WORKLOAD = "large"
SIZES = {"large": 256 << 10, "huge": 5 << 20}
"""Bytes of a body, by the first part of its key."""
INTERVALS = {"large": 0.8, "huge": 2.5}
"""Seconds from one to the next while a fault is held, whether or not earlier ones were answered: each fault that is
held meets both."""
REFUSALS = 3
"""So many bodies of a size that are not acknowledged, and none that is, show more than a single node's weakness: each
goes through another endpoint than the one before it."""


def large_bodies(record: ScenarioRecord) -> list[Finding]:
    """While a fault was held and others had to serve, bodies of each size were written that stores keep apart from
    their metadata, and were acknowledged if small ones were. A fault that is soon over need not meet one.
    """
    windows = held(record)
    if not windows or not record.endpoints_through:
        return []
    written = _written(record, windows)
    doubts = [reason for kind in SIZES if (reason := _doubt(record, kind, written[kind], windows))]
    if doubts:
        return [unknown("; ".join(doubts))]
    every = [op for ops in written.values() for op in ops]
    acknowledged = sum(op.acknowledged for op in every)
    return (
        [proved(f"{len(every)} large bodies", len(every), large_acknowledged=acknowledged)] if every else []
    )


def _written(record: ScenarioRecord, windows: Sequence[Held]) -> dict[str, list[Op]]:
    """By size, what was sent while a fault was held."""
    sent = [
        op
        for op in record.of(WORKLOAD)
        if op.verb is Verb.WRITE and op.outcome is not Outcome.FAIL and within(op.invoked, windows)
    ]
    return {kind: [op for op in sent if op.key.startswith(f"{kind}/")] for kind in SIZES}


def _doubt(record: ScenarioRecord, kind: str, ops: Sequence[Op], windows: Sequence[Held]) -> str | None:
    """Why nothing is known of bodies of that size."""
    size = f"{SIZES[kind] >> 10} KiB"
    if not ops:
        due = max(healing - fired for fired, healing in windows) > 1.5 * INTERVALS[kind]
        return f"no body of {size} was written while the fault held" if due else None
    if len(ops) < REFUSALS or any(op.acknowledged for op in ops):
        return None
    where = sum(
        served_beside(record, op, Verb.WRITE) for op in ops
    )  # not those of a time when nothing was served
    if where >= REFUSALS:
        return (
            f"none of {where} bodies of {size} was acknowledged while the fault held, where small ones were"
        )
    return None
