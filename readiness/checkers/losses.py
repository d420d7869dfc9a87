"""Direct checks for lost writes, false absences and stale answers: cheap, and clear about what was wrong.

They are weaker than linearizability (they see one write and one answer at a time) and need no budget. They
judge answers of instances in service; the same answers of others are counted in `measured` as
`..._outside_service`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from readiness.checkers.tally import Tally
from readiness.checkers.timeline import Timeline, timelines
from readiness.finding import Finding
from readiness.grounds import Doubt, DoubtKind, Summary, SummaryKind, Violation, ViolationKind
from readiness.history import READS, Op, Verb

_Objects = dict[tuple[str, str], Timeline]


def _informative(op: Op) -> bool:
    """A read that says what an object holds."""
    return op.verb in READS and op.ok and op.status in (200, 404)


def check_nothing_lost(history: Sequence[Op], final_reads: Sequence[Op]) -> Finding:
    """Whether every acknowledged write was there at the end, through every endpoint.

    A final read must find the last acknowledged write, or one concurrent with it, or an unknown one. What was
    deleted (acknowledged, and nothing written since) must not be found. No read, early or final, may find a
    body that nobody wrote to that object, or one whose write was refused. UNKNOWN if an object with an
    acknowledged write was not read at the end through each endpoint that final reads went through.
    """
    tally = Tally("lost_writes", "returned_from_the_dead", "corrupt_bodies", "refused_writes_found")
    everything = list(dict.fromkeys([*history, *final_reads]))
    objects = timelines(everything)
    for op in everything:
        found = _informative(op) and op.status == 200 and op.value is not None
        if found and (strange := _strange(op, objects.get((op.bucket, op.key)))):
            tally.add(strange)
    settled = {key: line for key, line in objects.items() if any(e.op.acknowledged for e in line.all.events)}
    seen: dict[str, set[tuple[str, str]]] = {}
    lost: set[tuple[str, str]] = set()
    reads = 0
    for op in final_reads:
        if op.verb in READS and op.in_service:
            seen.setdefault(op.endpoint, set())
        if not _informative(op) or (op.status == 200 and op.value is None):
            continue
        line = settled.get((op.bucket, op.key))
        if op.in_service:
            reads += 1
            seen[op.endpoint].add((op.bucket, op.key))
        if line is not None and (wrong := _final(op, line)):
            tally.add(wrong)
            if op.in_service and wrong.measure == "lost_writes":
                lost.add(wrong.object)
    doubts = [
        Doubt(
            DoubtKind.NOT_READ_BACK,
            endpoint=endpoint,
            names=tuple(sorted("/".join(key) for key in missing)),
        )
        for endpoint, keys in sorted(seen.items())
        if (missing := settled.keys() - keys)
    ]
    tally.measured |= {
        "acknowledged_writes": sum(e.op.acknowledged for line in objects.values() for e in line.all.events),
        "objects": len(settled),
        "objects_lost": len(lost),
        "endpoints_read": len(seen),
        "final_reads": reads,
    }
    if not seen or not settled:
        doubts = [Doubt(DoubtKind.NOTHING_READ_BACK)]
    return tally.finding(Summary(SummaryKind.READ_BACK, (len(settled), len(seen))), reads, doubts)


def _strange(op: Op, line: Timeline | None) -> Violation | None:
    """A body that cannot be there."""
    value = op.value or ""
    wrote = line.written.get(value, []) if line else []
    if line and value in line.refused and not wrote:
        refused = line.refused[value]
        return Violation(ViolationKind.REFUSED_WRITE_FOUND, op, refused, measure="refused_writes_found")
    if not wrote:
        return Violation(ViolationKind.NEVER_WRITTEN, op, measure="corrupt_bodies")
    if all(event.invoked > op.completed for event in wrote):
        first = min(wrote, key=lambda event: event.invoked)
        return Violation(ViolationKind.FOUND_BEFORE_WRITTEN, op, first.op, measure="corrupt_bodies")
    return None


def _final(op: Op, line: Timeline) -> Violation | None:
    """A final read that does not find what must be there."""
    last = line.all.last(op.invoked)
    if last is None:
        return None
    if op.status == 404:
        if line.deletes.possible(last.invoked, op.completed):
            return None
        return Violation(ViolationKind.LOST_AT_THE_END, op, last.shown, last.ops, measure="lost_writes")
    if op.value not in line.written or line.replaced(op) is None:
        return None
    others = (*(event.op for event in line.written[op.value]), *last.ops)
    if last.op.verb is Verb.DELETE:
        kind, measure = ViolationKind.DELETED_AT_THE_END, "returned_from_the_dead"
    else:
        kind, measure = ViolationKind.OLDER_AT_THE_END, "lost_writes"
    return Violation(kind, op, last.shown, others, measure=measure)


def check_false_absent(history: Sequence[Op]) -> Finding:
    """Whether no answer denied an object that was certainly there.

    An object is certainly there for an operation if a write of it was acknowledged (or found by a read)
    before the operation was invoked, and no delete that may have come after that write, not even one of
    unknown outcome, was invoked before the operation completed. Answers that deny: READ, HEAD or CAS with
    404, and a LIST without the key.
    """
    tally = Tally("false_404", "list_omissions")
    objects = timelines(history)
    judged = 0
    for op in history:
        if not op.ok:
            continue
        if op.verb in READS or op.verb is Verb.CAS:
            line = objects.get((op.bucket, op.key))
            put = line.certainly_there(op.invoked, op.completed) if line else None
            if put is None or op.status not in (200, 404, 412):
                continue
            judged += op.in_service
            if op.status == 404:
                tally.add(Violation(ViolationKind.ABSENT, op, put.shown, put.ops, measure="false_404"))
        elif op.verb is Verb.LIST and op.status == 200 and op.keys is not None:
            judged += _omitted(op, objects, tally)
    tally.measured["answers_judged"] = judged
    return tally.finding(Summary(SummaryKind.NOT_DENIED, (judged,)), judged)


def _omitted(op: Op, objects: _Objects, tally: Tally) -> int:
    """Notes the first object that a LIST left out. 1 if it had to show any, and binds the store; else 0."""
    due = 0
    listed = set(op.keys or ())
    for (bucket, key), line in objects.items():
        if bucket != op.bucket or not key.startswith(op.key):
            continue
        put = line.certainly_there(op.invoked, op.completed)
        if put is None:
            continue
        due = 1
        if key not in listed:
            omitted = Violation(
                ViolationKind.OMITTED, op, put.shown, put.ops, listed=key, measure="list_omissions"
            )
            tally.add(omitted)
            break
    return due if op.in_service else 0


def check_stale(history: Sequence[Op]) -> Finding:
    """Whether no read found a body that had certainly been replaced or deleted before the read was invoked.

    A body whose write had no answer and that was not found before may surface late: that is not stale. Once
    found, it is settled, and must not come back after something newer was acknowledged.
    """
    tally = Tally("stale_reads", "returned_from_the_dead")
    objects = timelines(history)
    judged = 0
    for op in _found(history):
        line = objects.get((op.bucket, op.key))
        if line is None or op.value not in line.written or line.all.last(op.invoked) is None:
            continue
        judged += op.in_service
        newer = line.replaced(op)
        if newer is None:
            continue
        others = (*(event.op for event in line.written[op.value]), *newer.ops)
        if newer.op.verb is Verb.DELETE:
            kind, measure = ViolationKind.DELETED, "returned_from_the_dead"
        else:
            kind, measure = ViolationKind.OLDER, "stale_reads"
        tally.add(Violation(kind, op, newer.shown, others, measure=measure))
    tally.measured["bodies_judged"] = judged
    return tally.finding(Summary(SummaryKind.NOT_STALE, (judged,)), judged)


def _found(history: Iterable[Op]) -> Iterable[Op]:
    return (op for op in history if _informative(op) and op.status == 200 and op.value is not None)
