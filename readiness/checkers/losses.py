"""Direct checks for lost writes, false absences and stale answers: cheap, and clear about what was wrong.

They are weaker than linearizability (they see one write and one answer at a time) and need no budget. They
judge answers of instances in service; the same answers of others are counted in `measured` as
`..._outside_service`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from readiness.checkers.tally import Tally
from readiness.checkers.timeline import Timeline, timelines
from readiness.checkers.words import answered, at, count, did, some
from readiness.finding import Finding
from readiness.history import READS, Op, Verb

_Objects = dict[tuple[str, str], Timeline]


def _told(op: Op) -> bool:
    """A read that says what an object holds."""
    return op.verb in READS and op.ok and op.status in (200, 404)


def check_nothing_lost(history: Sequence[Op], final_reads: Sequence[Op]) -> Finding:
    """Whether every acknowledged write was there at the end, through every endpoint.

    A final read must find the last acknowledged write, or one concurrent with it, or an unknown one. What was
    deleted (acknowledged, and nothing written since) must not be found. No read, early or final, may find a
    body that nobody wrote to that object, or one whose write was refused. UNKNOWN if an object with an
    acknowledged write was not read at the end through each endpoint that final reads went through.
    """
    tally = Tally(
        {
            "lost_writes": "lost acknowledged write",
            "returned_from_the_dead": "return of a deleted object",
            "corrupt_bodies": "corrupt body",
            "refused_writes_found": "refused write found",
        }
    )
    everything = list(dict.fromkeys([*history, *final_reads]))
    objects = timelines(everything)
    for op in everything:
        if _told(op) and op.status == 200 and op.value is not None:
            _strange(op, objects.get((op.bucket, op.key)), tally)
    settled = {key: line for key, line in objects.items() if any(e.op.acknowledged for e in line.all.events)}
    seen: dict[str, set[tuple[str, str]]] = {}
    reads = 0
    for op in final_reads:
        if op.verb in READS and op.in_service:
            seen.setdefault(op.endpoint, set())
        if not _told(op) or (op.status == 200 and op.value is None):
            continue
        line = settled.get((op.bucket, op.key))
        if op.in_service:
            reads += 1
            seen[op.endpoint].add((op.bucket, op.key))
        if line is not None:
            _final(op, line, tally)
    doubts = [
        f"no final answer through {endpoint} for {count(len(missing), 'object')} with acknowledged writes: "
        + some("/".join(key) for key in missing)
        for endpoint, keys in sorted(seen.items())
        if (missing := settled.keys() - keys)
    ]
    tally.measured |= {
        "acknowledged_writes": sum(e.op.acknowledged for line in objects.values() for e in line.all.events),
        "objects": len(settled),
        "endpoints_read": len(seen),
        "final_reads": reads,
    }
    if not seen or not settled:
        doubts = ["no acknowledged write was read again at the end"]
    through = f"{count(len(settled), 'object')} read back through {count(len(seen), 'endpoint')}"
    return tally.finding(f"{through}: nothing acknowledged is lost", reads, doubts)


def _strange(op: Op, line: Timeline | None, tally: Tally) -> None:
    """Notes a body that cannot be there."""
    value = op.value or ""
    wrote = line.written.get(value, []) if line else []
    if line and value in line.refused and not wrote:
        refused = line.refused[value]
        why = f"was refused ({refused.status})" if refused.status else "failed"
        tally.add("refused_writes_found", op, f"{answered(op)}, although {did(refused)} {why}", [refused])
    elif not wrote:
        tally.add("corrupt_bodies", op, f"{answered(op)}: a body that the suite never wrote to it")
    elif all(event.invoked > op.completed for event in wrote):
        first = min(wrote, key=lambda event: event.invoked)
        told = f"{answered(op)}, before anyone wrote it (first at {at(first.invoked)})"
        tally.add("corrupt_bodies", op, told, [first.op])


def _final(op: Op, line: Timeline, tally: Tally) -> None:
    """Notes a final read that does not find what must be there."""
    last = line.all.last(op.invoked)
    if last is None:
        return
    if op.status == 404:
        if not line.deletes.possible(last.invoked, op.completed):
            told = f"{answered(op)} at the end, although {last.known()} and no delete explains it"
            tally.add("lost_writes", op, told, last.ops)
        return
    if op.value not in line.written or line.replaced(op) is None:
        return
    wrote = [event.op for event in line.written[op.value]]
    if last.op.verb is Verb.DELETE:
        told = f"{answered(op)} at the end, although {last.known()} and nobody wrote {op.value} again"
        tally.add("returned_from_the_dead", op, told, [*wrote, *last.ops])
    else:
        told = f"{answered(op)} at the end, an older body, although {last.known()}"
        tally.add("lost_writes", op, told, [*wrote, *last.ops])


def check_false_absent(history: Sequence[Op]) -> Finding:
    """Whether no answer denied an object that was certainly there.

    An object is certainly there for an operation if a write of it was acknowledged (or found by a read)
    before the operation was invoked, and no delete that may have come after that write, not even one of
    unknown outcome, was invoked before the operation completed. Answers that deny: READ, HEAD or CAS with
    404, and a LIST without the key.
    """
    tally = Tally({"false_404": "false 404", "list_omissions": "listing without an existing object"})
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
                tally.add(
                    "false_404", op, f"{answered(op)} although {put.known()} and nothing deleted it", put.ops
                )
        elif op.verb is Verb.LIST and op.status == 200 and op.keys is not None:
            judged += _omitted(op, objects, tally)
    tally.measured["answers_judged"] = judged
    return tally.finding(f"{count(judged, 'answer')} about existing objects: none denied one", judged)


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
            told = (
                f"endpoint {op.endpoint} left {bucket}/{key} out of a listing at {at(op.completed)} although "
                f"{put.known()} and nothing deleted it"
            )
            tally.add("list_omissions", op, told, put.ops)
            break
    return due if op.in_service else 0


def check_stale(history: Sequence[Op]) -> Finding:
    """Whether no read found a body that had certainly been replaced or deleted before the read was invoked.

    A body whose write had no answer and that was not found before may surface late: that is not stale. Once
    found, it is settled, and must not come back after something newer was acknowledged.
    """
    tally = Tally({"stale_reads": "stale read", "returned_from_the_dead": "return of a deleted object"})
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
        others = [*(event.op for event in line.written[op.value]), *newer.ops]
        if newer.op.verb is Verb.DELETE:
            told = f"{answered(op)} although {newer.known()} and nobody wrote {op.value} again"
            tally.add("returned_from_the_dead", op, told, others)
        else:
            tally.add("stale_reads", op, f"{answered(op)}, an older body, although {newer.known()}", others)
    tally.measured["answers_judged"] = judged
    return tally.finding(f"{count(judged, 'answer')} with a body: none was stale", judged)


def _found(history: Iterable[Op]) -> Iterable[Op]:
    return (op for op in history if _told(op) and op.status == 200 and op.value is not None)
