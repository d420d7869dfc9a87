"""An order found with little going back: the quick way through most histories, on the operations as they are.

It walks as the search does (wgl.py), but remembers nothing of what it tried, tries no unanswered write but the one
that puts the body seen, and gives up soon. What it finds is an order; what it does not find says nothing, and the
search decides.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from readiness.checkers.register import ATTEMPT, MEANING, Kind
from readiness.history import READS, Op, Outcome

_MEANING = {
    verb.value: {status: kind for (other, status), kind in MEANING.items() if other is verb}
    for verb, _ in MEANING
}
_NO_MEANING: dict[int | None, Kind] = {}
_ATTEMPT = {verb.value: kind for verb, kind in ATTEMPT.items()}
_READS = frozenset(verb.value for verb in READS)
_SET, _CREATE, _CAS, _DELETE = Kind.SET, Kind.CREATE, Kind.CAS, Kind.DELETE
_SEES, _ABSENT, _PRESENT = Kind.SEES, Kind.ABSENT, Kind.PRESENT
_BODIES = frozenset({Kind.SET, Kind.CREATE, Kind.CAS, Kind.SEES})


TRIES = 2
"""It gives up after so many choices for each operation."""


@dataclass(frozen=True, slots=True)
class Order:
    """An order was found: how many answers are in it, and how many times an effect was chosen."""

    answers: int
    choices: int


def quick(ops: Sequence[Op], initial: str | None = None, *, most: int | None = None) -> Order | None:
    """An order of one object's operations, given in the order of invocation; None if none was found.

    It gives up after `TRIES` choices for each operation, and after `most` in all.
    """
    read = _read(ops)
    if read is None:
        return None
    kinds, returns, last = read
    walk = _Walk(ops, kinds, last, initial)
    tries = TRIES * len(ops)
    most = tries if most is None else min(tries, most)
    at, end = 0, len(returns)
    while at < end:
        moment, index = returns[at]
        if walk.next_call <= moment:
            walk.admit(moment)
        if index not in walk.waiting:
            at += 1
        elif walk.choices > most:
            return None
        elif not walk.choose(at, index):
            back = walk.back()
            if back is None:
                return None
            at = back
    return Order(end, walk.choices)


def _read(ops: Sequence[Op]) -> tuple[list[Kind | None], list[tuple[float, int]], dict[str, float]] | None:
    """The kind of each operation, the returns in time order, and when each body was last asked for.

    None if an operation has no meaning: the search says which.
    """
    kinds: list[Kind | None] = []
    returns: list[tuple[float, int]] = []
    last: dict[str, float] = {}
    ok, unknown = Outcome.OK, Outcome.UNKNOWN
    for index, op in enumerate(ops):
        verb = op.verb._value_
        kind = None
        if op.outcome is ok:
            kind = _MEANING.get(verb, _NO_MEANING).get(op.status)
            if kind is None:
                return None
            returns.append((op.completed, index))
        elif op.outcome is unknown and verb not in _READS:
            kind = _ATTEMPT[verb]
        kinds.append(kind)
        if kind is None:
            continue
        if (kind in _BODIES and op.value is None) or (verb == "cas" and op.expected is None):
            return None
        if kind is _SEES:
            last[op.value or ""] = op.invoked
        elif op.expected is not None:
            last[op.expected] = op.invoked
    returns.sort()
    return kinds, returns, last


class _Walk:
    """Where it stands: what the register holds, and what has been called and has not happened."""

    def __init__(
        self, ops: Sequence[Op], kinds: list[Kind | None], last: dict[str, float], initial: str | None
    ) -> None:
        self._ops, self._kinds, self._last, self._state = ops, kinds, last, initial
        self._admitted = self._place = self.choices = 0
        self.next_call = self._call_of(0)
        self._pending: list[tuple[float, int]] = []
        """Effects with the last time that their body is asked for: the shortest needed first."""
        self._watching: list[int] = []
        self.waiting: set[int] = set()
        self._stack: list[tuple[int, int, str | None, int, list[tuple[float, int]], list[int], set[int]]] = []

    def admit(self, until: float) -> None:
        """What is called until then is called."""
        ops, kinds, index, call = self._ops, self._kinds, self._admitted, self.next_call
        while call <= until:
            op, kind = ops[index], kinds[index]
            if kind is not None and (kind <= _DELETE or not self._shows(kind, op)):
                self.waiting.add(index)
                if kind <= _DELETE:
                    need = op.invoked if kind is _DELETE else self._last.get(op.value or "", op.invoked)
                    insort(self._pending, (need, index))
                else:
                    self._watching.append(index)
            index += 1
            call = self._call_of(index)
        self._admitted, self.next_call = index, call

    def choose(self, at: int, index: int) -> bool:
        """The shortest needed effect not tried here yet happens, for the return `at` of `index`; False if none can."""
        ops, kinds, state = self._ops, self._kinds, self._state
        sees = ops[index].value if kinds[index] is _SEES else None
        for place in range(self._place, len(self._pending)):
            number = self._pending[place][1]
            op, kind = ops[number], kinds[number]
            if (kind is _CREATE and state is not None) or (kind is _CAS and state != op.expected):
                continue
            if op.outcome is Outcome.UNKNOWN and (sees is None or op.value != sees or sees == state):
                continue
            if place + 1 < len(self._pending):
                kept = (self._pending, self._watching, self.waiting)
                self._stack.append((at, self._admitted, state, place + 1, *kept))
                self._pending, self._watching = self._pending.copy(), self._watching.copy()
                self.waiting = self.waiting.copy()
            # else nothing is left to be tried here, so that this node need not be kept
            del self._pending[place]
            self.waiting.discard(number)
            self._state = None if kind is _DELETE else op.value
            self._place = 0
            self.choices += 1
            if self._watching:
                self._look()
            return True
        return False

    def back(self) -> int | None:
        """Before the latest choice, which is not made again: the return that it was made for; None if there is none."""
        if not self._stack:
            return None
        at, self._admitted, self._state, self._place, self._pending, self._watching, self.waiting = (
            self._stack.pop()
        )
        self.next_call = self._call_of(self._admitted)
        return at

    def _call_of(self, index: int) -> float:
        """When the operation of that index is called; never, if there is none."""
        return self._ops[index].invoked if index < len(self._ops) else inf

    def _shows(self, kind: Kind, op: Op) -> bool:
        """The register holds what this observation says."""
        if kind is _SEES:
            return op.value == self._state
        if kind is _ABSENT:
            return self._state is None
        return self._state is not None if kind is _PRESENT else self._state != op.expected

    def _look(self) -> None:
        """Observations that the register satisfies now have happened."""
        left = []
        for number in self._watching:
            kind = self._kinds[number]
            assert kind is not None
            if self._shows(kind, self._ops[number]):
                self.waiting.discard(number)
            else:
                left.append(number)
        self._watching = left
