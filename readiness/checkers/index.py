"""The index: what LIST shows against what was created and deleted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from readiness.checkers.agreement import check_agreement
from readiness.checkers.tally import Tally
from readiness.checkers.timeline import Timeline, timelines
from readiness.finding import Finding
from readiness.grounds import Doubt, DoubtKind, Summary, SummaryKind, Violation, ViolationKind
from readiness.history import Op, Verb

__all__ = ["check_agreement", "check_listing"]


def check_listing(history: Sequence[Op]) -> Finding:
    """Whether every LIST showed what was there, and nothing else.

    An object must appear if it was certainly there for all of the LIST, must not if it was certainly absent
    or never written, and may otherwise. No key may appear twice, or outside the prefix. Only listings of one
    bucket's objects that the history wrote can be judged: the prefix must be the suite's own. PROVED needs a
    listing with something that must appear.
    """
    tally = Tally("omitted", "resurrected", "invented", "repeated", "outside_prefix")
    buckets: dict[str, dict[str, Timeline]] = {}
    for (bucket, key), line in timelines(history).items():
        buckets.setdefault(bucket, {})[key] = line
    lists = due = 0
    for op in history:
        if op.verb is Verb.LIST and op.ok and op.status == 200 and op.keys is not None:
            lists += op.in_service
            must = _judge(op, buckets.get(op.bucket, {}), tally)
            due += must if op.in_service else 0
    tally.measured |= {"listings": lists, "entries_due": due}
    doubts = [Doubt(DoubtKind.NOTHING_LISTED)] if lists and not due else []
    return tally.finding(Summary(SummaryKind.LISTED, (lists, due)), lists, doubts)


def _judge(op: Op, objects: dict[str, Timeline], tally: Tally) -> int:
    """Notes what is wrong with one listing; returns how many objects it had to show."""
    keys = Counter(op.keys or ())
    due = 0
    for key, times in keys.items():
        for violation in _shown(op, key, times, objects.get(key)):
            tally.add(violation)
    for key, line in objects.items():
        if not key.startswith(op.key):
            continue
        put = line.certainly_there(op.invoked, op.completed)
        if put is None:
            continue
        due += 1
        if key not in keys:
            tally.add(Violation(ViolationKind.OMITTED, op, put.shown, put.ops, listed=key, measure="omitted"))
    return due


def _shown(op: Op, key: str, times: int, line: Timeline | None) -> Iterator[Violation]:
    """What is wrong with one key that a listing showed."""
    if times > 1:
        yield Violation(ViolationKind.LISTED_REPEATEDLY, op, listed=key, times=times, measure="repeated")
    if not key.startswith(op.key):
        yield Violation(ViolationKind.LISTED_OUTSIDE_PREFIX, op, listed=key, measure="outside_prefix")
    elif line is None or not any(put.invoked <= op.completed for put in line.puts.events):
        yield Violation(ViolationKind.LISTED_NEVER_WRITTEN, op, listed=key, measure="invented")
    elif gone := line.certainly_absent(op.invoked, op.completed):
        yield Violation(
            ViolationKind.LISTED_AFTER_DELETE, op, gone.shown, gone.ops, listed=key, measure="resurrected"
        )
