"""Nothing acknowledged is lost, nothing deleted returns, every key is linearizable, every lock has one holder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from readiness.checkers.guard import guarded
from readiness.checkers.linearizability import check_linearizable
from readiness.checkers.losses import check_false_absent, check_nothing_lost, check_stale
from readiness.checkers.races import check_mutual_exclusion
from readiness.checkers.traffic import check_enough
from readiness.evidence.scenario import ScenarioRecord
from readiness.finding import Finding, Measured, merge, proved, refuted, unknown
from readiness.history import READS, Verb
from readiness.judges.large import large_bodies
from readiness.judges.levels import as_opentofu_writes, as_others_write
from readiness.judges.older import previous_versions

MINIMUM_ANSWERS = 5


def safety(record: ScenarioRecord) -> Finding:
    """Nothing acknowledged is lost, nothing deleted returns, every key is linearizable, every lock has one
    holder: of the keys that were written as OpenTofu writes. However an object was written, it is not denied while it
    exists, and holds no body that nobody wrote.
    """
    written = as_opentofu_writes(record)
    parts = [
        guarded(check_linearizable, written.history),
        _lost(written),
        guarded(check_false_absent, record.history),
        guarded(check_stale, written.history),
        _traffic(record),
        *large_bodies(record),
        *previous_versions(record),
        *_foreign(as_others_write(record)),
    ]
    locks = guarded(check_mutual_exclusion, record.of("lock"))
    return merge([*parts, locks])


def _foreign(record: ScenarioRecord) -> list[Finding]:
    """REFUTED for a body that the suite never wrote."""
    reads = [op for op in record.history if op.verb in READS and op.ok and op.status == 200]
    wrong = [op for op in reads if (op.value or "").startswith("?")]
    if not wrong:
        return [proved("no foreign body", len(reads))] if reads else []
    first = wrong[0]
    reason = f"{first.endpoint} answered with a body that nobody wrote for {first.bucket}/{first.key}"
    return [refuted(reason, witness=[first], observations=len(reads))]


def mixed_writes(record: ScenarioRecord) -> Finding:
    """The same of the keys that were compared and set, or written both with and without a condition."""
    mixed = as_others_write(record)
    if not mixed.history:
        return unknown("no key was compared and set, or written both with and without a condition")
    parts = [guarded(check_linearizable, mixed.history), _lost(mixed), guarded(check_stale, mixed.history)]
    return merge(parts)


def denials(record: ScenarioRecord) -> Finding:
    """No endpoint in service denied an object that exists, or gave an old body of one that was written as OpenTofu
    writes.
    """
    written = as_opentofu_writes(record)
    return merge([guarded(check_false_absent, record.history), guarded(check_stale, written.history)])


def _lost(record: ScenarioRecord) -> Finding:
    """check_nothing_lost over groups of keys that were read back through the same endpoints."""
    final = record.of("final")
    read_by: dict[tuple[str, str], set[str]] = {}
    for op in final:
        if op.verb is Verb.READ:
            read_by.setdefault((op.bucket, op.key), set()).add(op.endpoint)
    groups: dict[frozenset[str], set[tuple[str, str]]] = {}
    for op in record.history:
        if op.acknowledged:
            at = (op.bucket, op.key)
            groups.setdefault(frozenset(read_by.get(at, ())), set()).add(at)
    if not groups:
        return unknown("no write was acknowledged")
    parts = []
    for endpoints, keys in groups.items():
        if not endpoints:
            parts.append(unknown(f"{len(keys)} objects with acknowledged writes were not read back"))
            continue
        history = [op for op in record.history if (op.bucket, op.key) in keys]
        reads = [op for op in final if (op.bucket, op.key) in keys]
        parts.append(guarded(check_nothing_lost, history, reads))
    return replace(merge(parts), measured=_added_up(parts))


def _added_up(parts: Sequence[Finding]) -> Measured:
    """What was measured of all groups of keys: counts are sums, `..._first_s` the earliest, `..._last_s` the latest,
    `endpoints_read` the most.
    """
    found: dict[str, list[float | int]] = {}
    for part in parts:
        for name, value in part.measured.items():
            if isinstance(value, int | float):
                found.setdefault(name, []).append(value)
    return {name: _of_all_groups(name, values) for name, values in found.items()}


def _of_all_groups(name: str, values: Sequence[float | int]) -> float | int:
    if name.endswith("_first_s"):
        return min(values)
    return max(values) if name.endswith("_last_s") or name == "endpoints_read" else sum(values)


def _traffic(record: ScenarioRecord) -> Finding:
    fired = record.fired
    if not record.events or fired is None:
        return guarded(
            check_enough, record.history, {"steady": (record.begun, record.ended)}, MINIMUM_ANSWERS
        )
    first, last = record.events[0], record.events[-1]
    windows = {"before": (record.begun, first.injecting)}
    due = {}
    held = (last.healing or fired) - fired
    if held > 1 and record.endpoints_through:
        windows["during"] = (fired, last.healing or fired)
        due["during"] = record.endpoints_through
    if record.whole:
        windows["after"] = (last.whole or last.healed or fired, record.ended)
    return guarded(check_enough, record.history, windows, MINIMUM_ANSWERS, endpoints=due)
