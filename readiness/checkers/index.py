"""The index: what LIST shows against what was created and deleted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from readiness.checkers.agreement import check_agreement
from readiness.checkers.tally import Tally
from readiness.checkers.timeline import Timeline, timelines
from readiness.checkers.words import at, count
from readiness.finding import Finding
from readiness.history import Op, Verb

__all__ = ["check_agreement", "check_listing"]


def check_listing(history: Sequence[Op]) -> Finding:
    """Whether every LIST showed what was there, and nothing else.

    An object must appear if it was certainly there for all of the LIST, must not if it was certainly absent
    or never written, and may otherwise. No key may appear twice, or outside the prefix. Only listings of one
    bucket's objects that the history wrote can be judged: the prefix must be the suite's own. PROVED needs a
    listing with something that must appear.
    """
    tally = Tally(
        {
            "omitted": "listing without an existing object",
            "resurrected": "listing with a deleted object",
            "invented": "listing with an object that was never written",
            "repeated": "listing with a key twice",
            "outside_prefix": "listing with a key outside its prefix",
        }
    )
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
    doubts = ["no listing had anything to show"] if lists and not due else []
    return tally.finding(
        f"{count(lists, 'listing')} showed all of {due} entries due, and no other", lists, doubts
    )


def _judge(op: Op, objects: dict[str, Timeline], tally: Tally) -> int:
    """Notes what is wrong with one listing; tells how many objects it had to show."""
    keys = Counter(op.keys or ())
    where = f"endpoint {op.endpoint} listed {op.bucket}/"
    due = 0
    for key, times in keys.items():
        line = objects.get(key)
        moment = f"{where}{key} at {at(op.completed)}"
        if times > 1:
            tally.add("repeated", op, f"{moment} {times} times in one listing")
        if not key.startswith(op.key):
            tally.add("outside_prefix", op, f"{moment} under the prefix {op.key}")
        elif line is None or not any(put.invoked <= op.completed for put in line.puts.events):
            tally.add("invented", op, f"{moment}, which nobody had written")
        elif gone := line.certainly_absent(op.invoked, op.completed):
            tally.add(
                "resurrected", op, f"{moment} although {gone.known()} and nothing was written since", gone.ops
            )
    for key, line in objects.items():
        if not key.startswith(op.key):
            continue
        put = line.certainly_there(op.invoked, op.completed)
        if put is None:
            continue
        due += 1
        if key not in keys:
            told = (
                f"endpoint {op.endpoint} left {op.bucket}/{key} out of a listing at {at(op.completed)} although "
                f"{put.known()} and nothing deleted it"
            )
            tally.add("omitted", op, told, put.ops)
    return due
