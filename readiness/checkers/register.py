"""The model: one object is a register that holds the id of a body, or nothing.

An operation of the history becomes an `Act`: an *effect* (it changes the register if its precondition holds)
or an *observation* (it tells something about the register and changes nothing). An effect of unknown outcome
never returns (`ret` is infinite): it may happen at any time after its call, at most once, or never; one with
a precondition has an effect only when the precondition holds at that time.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import IntEnum

from readiness.history import READS, WRITES, Op, Outcome, Verb


class Kind(IntEnum):
    """Effects first, then observations."""

    SET = 0
    """Holds `value` afterwards, whatever it held."""
    CREATE = 1
    """Needs an empty register."""
    CAS = 2
    """Needs `expected`."""
    DELETE = 3
    """Empty afterwards, whatever it held."""
    SEES = 4
    """It holds `value`."""
    ABSENT = 5
    """It is empty."""
    PRESENT = 6
    """It holds something."""
    DIFFERS = 7
    """It holds something else than `expected`, or nothing: stores differ in whether they answer 404 or 412 then."""


@dataclass(frozen=True, slots=True)
class Act:
    """One operation as the model sees it. Acts with `a.ret < b.call` are ordered; others are concurrent."""

    op: Op
    kind: Kind
    value: str | None
    expected: str | None
    call: float
    ret: float

    @property
    def effect(self) -> bool:
        """Whether it may change the register."""
        return self.kind <= Kind.DELETE

    @property
    def definite(self) -> bool:
        """Whether it certainly happened between its call and its return."""
        return self.ret != math.inf

    def relaxed(self) -> Act:
        """The same act, but it may also happen later or never: a weaker claim."""
        return replace(self, ret=math.inf)


MEANING: dict[tuple[Verb, int | None], Kind] = {
    (Verb.READ, 200): Kind.SEES,
    (Verb.HEAD, 200): Kind.SEES,
    (Verb.READ, 404): Kind.ABSENT,
    (Verb.HEAD, 404): Kind.ABSENT,
    (Verb.WRITE, 200): Kind.SET,
    (Verb.CREATE, 200): Kind.CREATE,
    (Verb.CREATE, 412): Kind.PRESENT,
    (Verb.CAS, 200): Kind.CAS,
    (Verb.CAS, 412): Kind.DIFFERS,
    (Verb.CAS, 404): Kind.ABSENT,
    (Verb.DELETE, 200): Kind.DELETE,
    (Verb.DELETE, 204): Kind.DELETE,
}

ATTEMPT = {Verb.WRITE: Kind.SET, Verb.CREATE: Kind.CREATE, Verb.CAS: Kind.CAS, Verb.DELETE: Kind.DELETE}


class NoMeaning(Exception):
    """The model gives this operation no meaning; the message names it."""


def act_of(op: Op) -> Act | None:
    """The act of an operation; None if it says nothing (failed, or an unanswered read). Raises Unreadable."""
    if op.outcome is Outcome.FAIL or not (op.verb in READS or op.verb in WRITES):
        return None
    if op.outcome is Outcome.UNKNOWN:
        if op.verb in READS:
            return None
        kind, ret = ATTEMPT[op.verb], math.inf
    else:
        meaning = MEANING.get((op.verb, op.status))
        if meaning is None:
            raise NoMeaning(f"{op.verb} answered {op.status}")
        kind, ret = meaning, op.completed
    if kind in (Kind.SET, Kind.CREATE, Kind.CAS, Kind.SEES) and op.value is None:
        raise NoMeaning(f"{op.verb} without the id of its body")
    if op.verb is Verb.CAS and op.expected is None:
        raise NoMeaning("cas that names no expected body")
    return Act(op, kind, op.value, op.expected, op.invoked, ret)


def acts_of(ops: Iterable[Op]) -> list[Act]:
    """The acts of one object's operations, in invocation order. Raises Unreadable for one with no meaning."""
    acts = [act for op in ops if (act := act_of(op)) is not None]
    return sorted(acts, key=lambda act: (act.call, act.op.index))
