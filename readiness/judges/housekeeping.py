"""P1.13, where the contract promises it: the store's own housekeeping takes garbage, and nothing else."""

from __future__ import annotations

from collections import Counter

from readiness.evidence.scenario import Event, ScenarioRecord
from readiness.evidence.seen import Seen
from readiness.finding import Finding, merge, proved, refuted, unknown
from readiness.history import Verb
from readiness.judges.agreement import agreement
from readiness.judges.outage import longest_outage
from readiness.judges.recovery import made_whole

WORKLOAD = "churn"
"""Objects that are written, and some of them overwritten or deleted, before the housekeeping."""
SIZES = (800, 256 << 10)
"""Bytes of their bodies: stores keep a large body apart from their metadata."""
MINIMUM = 6
"""Overwrites and deletes that there must have been, so that there is garbage."""


def housekept(record: ScenarioRecord, seen: Seen) -> Finding:
    """It ended in the time promised; no endpoint was without answers meanwhile for longer than is promised for
    maintenance; there was something to clean up, and everything that was left then was read afterwards. What those
    reads had to find is judged as in every scenario (readiness.judges.safety).
    """
    if not record.events or record.events[0].fired is None:
        return unknown("no housekeeping was seen")
    event, promised = record.events[0], float(seen.contract["housekeeping"]["seconds"])
    parts = [made_whole(record), agreement(record), longest_outage(record, seen.promises, lambda _op: True)]
    return merge([*parts, _in_time(event, promised), _garbage(record, event), _read_after(record, event)])


def _in_time(event: Event, promised: float) -> Finding:
    assert event.fired is not None
    took = event.fired - event.injecting
    words = f"the housekeeping took {took:.1f} s, {promised:g} s promised"
    measured = {"housekeeping_s": round(took, 1)}
    return (
        proved(words, 1, **measured)
        if took <= promised
        else refuted(words, observations=1, measured=measured)
    )


def _garbage(record: ScenarioRecord, event: Event) -> Finding:
    before = [op for op in record.of(WORKLOAD) if op.acknowledged and op.completed <= event.injecting]
    writes = Counter((op.bucket, op.key) for op in before if op.verb is Verb.WRITE)
    overwritten = sum(times > 1 for times in writes.values())
    deleted = sum(op.verb is Verb.DELETE for op in before)
    words = f"{overwritten} objects were overwritten and {deleted} deleted before the housekeeping"
    if min(overwritten, deleted) < MINIMUM:
        return unknown(f"{words}, {MINIMUM} of each are needed")
    return proved(words, overwritten + deleted)


def _read_after(record: ScenarioRecord, event: Event) -> Finding:
    assert event.fired is not None
    here = record.of(WORKLOAD)
    gone = {(op.bucket, op.key) for op in here if op.verb is Verb.DELETE}
    left = {(op.bucket, op.key) for op in here if op.acknowledged} - gone
    read = {
        (op.bucket, op.key)
        for op in record.history
        if op.verb is Verb.READ and op.ok and op.invoked >= event.fired
    }
    if missing := sorted(left - read):
        bucket, key = missing[0]
        return unknown(f"{len(missing)} objects were not read after the housekeeping, such as {bucket}/{key}")
    return (
        proved(f"{len(left)} objects were read after the housekeeping", len(left))
        if left
        else unknown("no object was left to be read after the housekeeping")
    )
