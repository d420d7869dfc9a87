"""Previous versions under fault: what was acknowledged is read, listed and brought back."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from readiness.evidence.scenario import ScenarioRecord
from readiness.finding import Finding, proved, refuted, unknown
from readiness.grounds import Violation, ViolationKind
from readiness.history import Op, Outcome, Verb
from readiness.judges.held import Held, held, served_beside, within

WORKLOAD, PREFIX, RESTORED = "older", "older", "restored"
RESTORE_SECONDS = 1.2
DUE_SECONDS = 2 * RESTORE_SECONDS
"""A fault that is held for longer must meet reads and a restore."""
MINIMUM_READS = 3
REFUSALS = 3
"""So many requests for previous versions of an object that are not answered, and none that is, where current objects
are served, show more than a single node's weakness."""
_Id = tuple[str, str, str]


@dataclass(frozen=True)
class _Known:
    """What was acknowledged before the fault: versions by bucket, key and version id, with the writes that made them;
    the changes that made a version or a delete marker; and the ids of those versions that are not the newest.
    """

    written: Mapping[_Id, Op]
    changes: Sequence[Op]
    previous: frozenset[_Id]


@dataclass(frozen=True)
class _Wrong:
    """A wrong answer about a version."""

    words: str
    violation: Violation


def previous_versions(record: ScenarioRecord) -> list[Finding]:
    """Every version that was acknowledged before the fault is there: no endpoint that is bound denies it to a read or
    to a copy, answers its id with another body, or leaves it out of a listing, and each endpoint showed it at the end.
    While a fault was held and others had to serve, previous versions were read and restored where current objects were
    read and written. What a restore brought back is judged as any write.

    Nothing where the store gave no version ids: whether it must is P1.15.
    """
    changes = [op for op in record.of(WORKLOAD) if op.acknowledged and op.key.startswith(f"{PREFIX}/")]
    writes = [op for op in changes if op.verb is Verb.WRITE]
    if not writes:
        return [unknown("no object with previous versions was written")]
    without = sum(not _is_version(op) for op in writes)
    if without == len(writes):
        return []
    known = _known(changes)
    wrong = [found for op in record.history if op.in_service and (found := _judge(op, known))]
    reads = [op for op in record.of(WORKLOAD) if op.verb is Verb.READ_VERSION]
    if wrong:
        return [_refuted(wrong, len(reads))]
    if without:
        return [unknown(f"{without} of {len(writes)} acknowledged writes came back without a version id")]
    if reason := _not_met(record, reads, known) or _unread(record, reads, known):
        return [unknown(reason)]
    answered = sum(op.ok for op in reads)
    return [proved(f"{len(known.written)} versions read", answered, versions_read=answered)]


def _refuted(wrong: Sequence[_Wrong], reads: int) -> Finding:
    first = wrong[0]
    more = f" (and {len(wrong) - 1} more wrong answers about versions)" if len(wrong) > 1 else ""
    return refuted(
        first.words + more,
        witness=first.violation.operations,
        observations=reads,
        measured={"wrong_versions": len(wrong)},
        grounds=[first.violation],
    )


def _is_version(op: Op) -> bool:
    return op.version not in (None, "", "null")


def _id(op: Op) -> _Id:
    return op.bucket, op.key, op.version or ""


def _known(changes: Sequence[Op]) -> _Known:
    written = {_id(op): op for op in changes if op.verb is Verb.WRITE and _is_version(op)}
    newest = {(op.bucket, op.key): _id(op) for op in sorted(changes, key=lambda op: op.invoked)}
    return _Known(
        written, [op for op in changes if _is_version(op)], frozenset(written.keys() - newest.values())
    )


def _judge(op: Op, known: _Known) -> _Wrong | None:
    if op.verb is Verb.READ_VERSION and op.ok:
        return _wrong_read(op, known.written.get(_id(op)))
    if op.verb is Verb.WRITE and op.status == 404 and _restores(op):
        source = next((write for write in known.written.values() if write.value == op.value), None)
        if source is None:
            return None
        said = f"{op.endpoint} denied {_named(source)} to a copy at {op.invoked:.2f} s"
        return _Wrong(said, Violation(ViolationKind.ABSENT, op, source))
    if op.verb is Verb.VERSIONS and op.ok and op.key.startswith(f"{PREFIX}/"):
        return _omitted(op, known.changes)
    return None


def _restores(op: Op) -> bool:
    return op.workload == WORKLOAD and op.key.startswith(f"{RESTORED}/")


def _named(change: Op) -> str:
    what = "delete marker" if change.verb is Verb.DELETE else "version"
    at = f"{change.bucket}/{change.key}, acknowledged at {change.completed:.2f} s"
    return f"{what} {change.version} of {at},"


def _wrong_read(op: Op, write: Op | None) -> _Wrong | None:
    if write is None or op.value == write.value:
        return None
    if op.status == 404:
        said = f"{op.endpoint} denied {_named(write)} at {op.invoked:.2f} s"
        return _Wrong(said, Violation(ViolationKind.ABSENT, op, write))
    said = f"{op.endpoint} answered another body for {_named(write)} at {op.invoked:.2f} s"
    damaged = (op.value or "").startswith("?")
    return _Wrong(said, Violation(ViolationKind.NEVER_WRITTEN if damaged else ViolationKind.OLDER, op, write))


def _omitted(op: Op, changes: Iterable[Op]) -> _Wrong | None:
    """A listing of versions without a version or a delete marker that is there."""
    for change in changes:
        covered = change.bucket == op.bucket and change.key.startswith(op.key)
        due = covered and change.completed <= op.invoked
        if due and f"{change.key}@{change.version}" not in (op.keys or ()):
            said = f"{op.endpoint} does not list {_named(change)} at {op.invoked:.2f} s"
            return _Wrong(said, Violation(ViolationKind.OMITTED, op, change, listed=change.key))
    return None


def _not_met(record: ScenarioRecord, reads: Sequence[Op], known: _Known) -> str | None:
    """While a fault was held, previous versions were not asked for often enough to tell, or not given."""
    bodies = {known.written[at].value for at in known.previous}
    through = frozenset(record.endpoints_through)
    asked = [op for op in reads if op.endpoint in through and _id(op) in known.previous]
    restores = [
        op
        for op in record.of(WORKLOAD)
        if _restores(op) and op.value in bodies and op.outcome is not Outcome.FAIL
    ]
    for window in held(record) if through else ():
        if window[1] - window[0] <= DUE_SECONDS:
            continue
        if reason := _not_met_in(record, _during(asked, window), _during(restores, window)):
            return f"{reason} while a fault held from {window[0]:.2f} s to {window[1]:.2f} s"
    return None


def _during(ops: Iterable[Op], window: Held) -> list[Op]:
    return [op for op in ops if within(op.invoked, [window])]


def _not_met_in(record: ScenarioRecord, asked: Sequence[Op], restores: Sequence[Op]) -> str | None:
    if len(asked) < MINIMUM_READS:
        return f"only {len(asked)} previous versions were asked for"
    if not any(op.ok for op in asked):
        return f"none of {len(asked)} previous versions that were asked for was read"
    if not restores:
        return "no previous version was restored"
    for group in (*_groups(asked, _object), *_groups(asked, _id)):
        if _refused(record, group, Verb.READ):
            what = f"previous versions of {group[0].bucket}/{group[0].key}"
            return f"none of {len(group)} reads of {what} was answered, where current objects were read,"
    if _refused(record, restores, Verb.WRITE):
        return f"none of {len(restores)} restores was acknowledged, where small bodies were written,"
    return None


def _object(op: Op) -> tuple[str, str]:
    return op.bucket, op.key


def _groups(ops: Iterable[Op], by: Callable[[Op], Hashable]) -> list[list[Op]]:
    found: dict[Hashable, list[Op]] = {}
    for op in ops:
        found.setdefault(by(op), []).append(op)
    return list(found.values())


def _refused(record: ScenarioRecord, ops: Sequence[Op], beside: Verb) -> bool:
    """None of them was answered, though requests of that kind for current objects were."""
    if len(ops) < REFUSALS or any(op.ok for op in ops):
        return False
    return sum(served_beside(record, op, beside) for op in ops) >= REFUSALS


def _unread(record: ScenarioRecord, reads: Sequence[Op], known: _Known) -> str | None:
    """At the end, versions were not read through each endpoint that final reads went through."""
    final = [op for op in record.of("final") if op.verb is Verb.READ and op.in_service]
    if not final:
        return "no previous version was read at the end"
    began = min(op.invoked for op in final)
    seen = {(op.endpoint, _id(op)) for op in reads if op.ok and op.invoked >= began}
    missing = sum(
        (endpoint, at) not in seen for endpoint in {op.endpoint for op in final} for at in known.written
    )
    return f"{missing} versions were not read at the end" if missing else None
