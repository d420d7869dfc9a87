"""What is certain about one object at a given time, for the direct checks.

A write is *settled* once it certainly happened: when it was acknowledged, or, if its answer was lost, when
its body was first found (nobody else wrote the same body). An unknown write that was never found is never
settled: it may still happen. A write `a` is certainly before a write `b` if `a` was settled before `b` was
invoked.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from readiness.history import READS, WRITES, Op, Outcome, Verb, binding


@dataclass(frozen=True, slots=True)
class TimedWrite:
    """A write that happened between `invoked` and `settled` (infinite: perhaps, and any time later)."""

    op: Op
    invoked: float
    settled: float
    sight: Op | None = None

    @property
    def shown(self) -> Op:
        """What shows that it happened: the read that found it, else its own acknowledgement."""
        return self.op if self.sight is None else self.sight

    @property
    def ops(self) -> tuple[Op, ...]:
        """The operations that show it."""
        return (self.op,) if self.sight is None else (self.op, self.sight)


class Track:
    """Some of an object's writes, searchable by time. Each question costs O(log n)."""

    def __init__(self, events: Iterable[TimedWrite]) -> None:
        self.events = sorted(events, key=lambda event: event.invoked)
        self._invoked = [event.invoked for event in self.events]
        self._open: list[float] = []
        latest = -math.inf
        for event in self.events:
            latest = max(latest, event.settled)
            self._open.append(latest)
        settled = sorted((e for e in self.events if e.settled != math.inf), key=lambda event: event.settled)
        self._settled = [event.settled for event in settled]
        self._last: list[TimedWrite] = []
        for event in settled:
            last = self._last[-1] if self._last else event
            self._last.append(event if event.invoked >= last.invoked else last)

    def last(self, before: float) -> TimedWrite | None:
        """Of the writes settled before `before`, the one that was invoked last."""
        index = bisect_left(self._settled, before)
        return self._last[index - 1] if index else None

    def possible(self, since: float, until: float) -> bool:
        """Whether some write may have happened between `since` and `until`: invoked by then, not settled before."""
        index = bisect_right(self._invoked, until)
        return index > 0 and self._open[index - 1] >= since


@dataclass(slots=True)
class Timeline:
    """One object: `written` by body (done or perhaps done), `refused` by body (certainly not done)."""

    puts: Track
    deletes: Track
    all: Track
    written: dict[str, list[TimedWrite]] = field(default_factory=dict)
    refused: dict[str, Op] = field(default_factory=dict)

    def certainly_there(self, invoked: float, completed: float) -> TimedWrite | None:
        """The write after which the object is there for all of an operation; None if that is not certain."""
        put = self.puts.last(invoked)
        return None if put is None or self.deletes.possible(put.invoked, completed) else put

    def certainly_absent(self, invoked: float, completed: float) -> TimedWrite | None:
        """The delete after which it is absent for all of an operation; None if that is not certain."""
        delete = self.deletes.last(invoked)
        return None if delete is None or self.puts.possible(delete.invoked, completed) else delete

    def replaced(self, read: Op) -> TimedWrite | None:
        """What replaced the body that `read` found, before it was invoked; None if that is not certain."""
        last = self.all.last(read.invoked)
        if last is None:
            return None
        return (
            None if any(e.settled >= last.invoked for e in self.written.get(read.value or "", ())) else last
        )


def timelines(history: Sequence[Op]) -> dict[tuple[str, str], Timeline]:
    """The timeline of each object that was written, on the answers that bind the store."""
    grouped: dict[tuple[str, str], list[Op]] = {}
    sights: dict[tuple[str, str, str], Op] = {}
    for op in binding(history):
        if op.verb in WRITES:
            grouped.setdefault((op.bucket, op.key), []).append(op)
        elif op.verb in READS and op.ok and op.status == 200 and op.value is not None:
            where = (op.bucket, op.key, op.value)
            if where not in sights or op.completed < sights[where].completed:
                sights[where] = op
    return {key: _timeline(key, ops, sights) for key, ops in grouped.items()}


def _timeline(key: tuple[str, str], ops: list[Op], sights: dict[tuple[str, str, str], Op]) -> Timeline:
    refused: dict[str, Op] = {}
    tries: dict[str | None, list[Op]] = {}  # deletes have no body
    for op in ops:
        if op.acknowledged or op.outcome is Outcome.UNKNOWN:
            tries.setdefault(op.value, []).append(op)
        elif op.value is not None:
            refused[op.value] = op
    puts: list[TimedWrite] = []
    deletes: list[TimedWrite] = []
    written: dict[str, list[TimedWrite]] = {}
    for value, same in tries.items():
        for op in same:
            settled = op.completed if op.acknowledged else math.inf
            sight = None if op.acknowledged or value is None or len(same) > 1 else sights.get((*key, value))
            if sight is not None:
                settled = sight.completed
            event = TimedWrite(op, op.invoked, settled, sight)
            if op.verb is Verb.DELETE:
                deletes.append(event)
            else:
                puts.append(event)
                written.setdefault(value or "", []).append(event)
    return Timeline(Track(puts), Track(deletes), Track([*puts, *deletes]), written, refused)
