"""HEAD of buckets and objects while a fault holds, and after it."""

from __future__ import annotations

from collections.abc import Sequence

from readiness.checkers.guard import guarded
from readiness.checkers.losses import check_false_absent
from readiness.evidence.scenario import ScenarioRecord
from readiness.evidence.seen import Promises
from readiness.finding import Finding, merge, proved, refuted, unknown
from readiness.history import WRITES, Op, Outcome, Verb
from readiness.judges.outage import longest_outage
from readiness.judges.recovery import made_whole
from readiness.topology import FaultKind


def heads(record: ScenarioRecord, promises: Promises) -> Finding:
    """Bucket and object HEAD, with both libraries: through every endpoint that had to serve while the fault
    held (a restart: after it), and through every endpoint once the candidate is whole; none of them ever
    denied an object that exists.
    """
    if record.kind is not FaultKind.RESTART and not record.endpoints_through:
        return refuted("no endpoint is left to serve HEAD while the node is away")
    parts = [made_whole(record)]
    if record.kind is not FaultKind.RESTART:
        parts.append(_snapshot_heads(record, "during", record.endpoints_through))
        parts.append(longest_outage(record, promises, lambda op: op.verb is Verb.HEAD))
    if record.whole:
        parts.append(_snapshot_heads(record, "after", sorted({op.endpoint for op in record.of("bucket")})))
    head_only = [op for op in record.history if op.verb in WRITES or op.verb is Verb.HEAD]
    parts.append(guarded(check_false_absent, head_only))
    return merge(parts)


def _snapshot_heads(record: ScenarioRecord, label: str, endpoints: Sequence[str]) -> Finding:
    name = f"{label}:{record.name}"
    ops = [
        o
        for o in record.of("matrix", "bucket")
        if o.process == name and o.verb in (Verb.HEAD, Verb.HEAD_BUCKET)
    ]
    if not ops:
        return unknown(f"no HEAD was sent {label} the fault")
    for endpoint in endpoints:
        here = [op for op in ops if op.endpoint == endpoint]
        if not here:
            return refuted(
                f"{endpoint} was not in service for HEAD {label} the fault",
                measured={f"heads {label}": len(ops)},
            )
        for op in _lasting(here):
            if not op.ok or op.status != 200:
                what = f"HEAD {op.bucket}/{op.key}".rstrip("/")
                answer = op.error or f"HTTP {op.status}"
                return refuted(
                    f"{what} through {endpoint} with {op.library} {label} the fault: {answer}", witness=[op]
                )
    return proved(f"{len(ops)} HEADs {label} the fault", len(ops))


def _lasting(ops: Sequence[Op]) -> list[Op]:
    """The calls, without those that were not answered and then repeated: how long a silence may be is judged by the
    outages. The last call counts, and every answer.
    """
    last = {(op.library, op.verb, op.bucket, op.key): op for op in ops}.values()
    return [op for op in ops if op.outcome is not Outcome.UNKNOWN or op in last]
