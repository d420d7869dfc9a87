"""Which keys of a history OpenTofu's S3 backend could have written: the level of what is seen of them.

Fact (OpenTofu 1.12, internal/backend/remote-state/s3/client.go): the backend sends GET, HEAD, LIST, DELETE, PUT of a
state without a condition, and PUT `If-None-Match: *` of a lock. It never sends `If-Match`, and never writes one key
both with a condition and without. What happens to a key that was written in such a way is of level `s3`; everything
else of level `state`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from readiness.evidence.scenario import ScenarioRecord
from readiness.history import Op, Verb

Key = tuple[str, str]


def beyond_opentofu(history: Iterable[Op]) -> frozenset[Key]:
    """Keys with a compare-and-set, and those that were written both with and without a condition."""
    verbs: dict[Key, set[Verb]] = {}
    for op in history:
        if op.verb in (Verb.WRITE, Verb.CREATE, Verb.CAS):
            verbs.setdefault((op.bucket, op.key), set()).add(op.verb)
    return frozenset(key for key, seen in verbs.items() if Verb.CAS in seen or len(seen) > 1)


def as_opentofu_writes(record: ScenarioRecord) -> ScenarioRecord:
    """The record without the keys that OpenTofu would not have written so."""
    beyond = beyond_opentofu(record.history)
    return replace(record, history=[op for op in record.history if (op.bucket, op.key) not in beyond])


def as_others_write(record: ScenarioRecord) -> ScenarioRecord:
    """The record with those keys alone."""
    beyond = beyond_opentofu(record.history)
    return replace(record, history=[op for op in record.history if (op.bucket, op.key) in beyond])
