"""What a witness shows: which answer is wrong, and what it contradicts."""

from __future__ import annotations

from collections.abc import Sequence

from readiness.checkers.register import Act, Kind
from readiness.grounds import Violation, ViolationKind
from readiness.history import WRITES, Op, Outcome, Verb


def culprit(witness: Sequence[Act]) -> Act:
    """The act of the witness that returned last: what came before does not explain it."""
    return max((act for act in witness if act.definite), key=lambda act: (act.ret, act.kind))


def _latest(acts: Sequence[Act], before: float, *kinds: Kind) -> Act | None:
    """Of the acts of these kinds that returned before `before`, the one that was called last."""
    known = [act for act in acts if act.ret < before and act.kind in kinds]
    return max(known, key=lambda act: act.call, default=None)


_PUTS = (Kind.SET, Kind.CREATE, Kind.CAS)


def _no_delete(acts: Sequence[Act], since: float, until: float) -> bool:
    return not any(a.kind is Kind.DELETE and a.call < until and a.ret >= since for a in acts)


def explain(witness: Sequence[Act], ops: Sequence[Op], acts: Sequence[Act]) -> Violation:
    """What `witness` shows; `ops` and `acts` are all of the object's operations."""
    act = culprit(witness)
    match act.kind:
        case Kind.SEES:
            found = _strange(act, ops) or _old(act, witness, acts)
        case Kind.ABSENT:
            found = _missing(act, witness, acts)
        case Kind.PRESENT | Kind.DIFFERS:
            found = _refused(act, acts)
        case _:
            found = _accepted(act, witness, acts)
    return found or Violation(ViolationKind.NO_ORDER, act.op, others=tuple(each.op for each in witness))


def _strange(act: Act, ops: Sequence[Op]) -> Violation | None:
    """A body that cannot be there: never written, refused, or written only later."""
    wrote = [op for op in ops if op.verb in WRITES and op.verb is not Verb.DELETE and op.value == act.value]
    if not wrote:
        return Violation(ViolationKind.NEVER_WRITTEN, act.op)
    took = [op for op in wrote if op.outcome is Outcome.UNKNOWN or op.acknowledged]
    if not took:
        return Violation(ViolationKind.REFUSED_WRITE_FOUND, act.op, wrote[0])
    if all(op.invoked > act.ret for op in took):
        first = min(took, key=lambda op: op.invoked)
        return Violation(ViolationKind.FOUND_BEFORE_WRITTEN, act.op, first)
    return None


def _old(act: Act, witness: Sequence[Act], acts: Sequence[Act]) -> Violation | None:
    """A body that something acknowledged had replaced or deleted."""
    for every in (witness, acts):
        newer = [a for a in every if a.effect and a.value != act.value]
        last = _latest(newer, act.call, *_PUTS, Kind.DELETE)
        if last is not None:
            kind = ViolationKind.CAME_BACK if last.kind is Kind.DELETE else ViolationKind.OLDER
            return Violation(kind, act.op, last.op)
    newer = [a for a in witness if a.kind in (Kind.SEES, Kind.ABSENT) and a.value != act.value]
    seen = _latest(newer, act.call, Kind.SEES, Kind.ABSENT)
    return None if seen is None else Violation(ViolationKind.OLDER, act.op, seen.op)


def _missing(act: Act, witness: Sequence[Act], acts: Sequence[Act]) -> Violation | None:
    """An absence although something was there."""
    last = _latest(witness, act.call, *_PUTS, Kind.SEES) or _latest(acts, act.call, *_PUTS, Kind.SEES)
    if last is None:
        return None
    without = _no_delete(acts, last.call, act.ret)
    kind = ViolationKind.ABSENT if without else ViolationKind.ABSENT_DESPITE_DELETES
    return Violation(kind, act.op, last.op)


def _refused(act: Act, acts: Sequence[Act]) -> Violation:
    """A condition that was refused although it held."""
    last = _latest(acts, act.call, *_PUTS, Kind.DELETE)
    if act.kind is Kind.PRESENT or last is None or last.kind is Kind.DELETE:
        return Violation(ViolationKind.REFUSED_THOUGH_ABSENT, act.op, last.op if last else None)
    return Violation(ViolationKind.REFUSED_THOUGH_MET, act.op, last.op)


def _accepted(act: Act, witness: Sequence[Act], acts: Sequence[Act]) -> Violation | None:
    """A condition that was accepted although it did not hold."""
    others = [a for a in witness if a is not act] or [a for a in acts if a is not act]
    last = max(
        (a for a in others if a.definite and (a.effect or a.kind is Kind.SEES)),
        key=lambda a: a.ret,
        default=None,
    )
    if act.kind is Kind.CREATE and last is not None:
        return Violation(ViolationKind.CREATED_THOUGH_THERE, act.op, last.op)
    if act.kind is Kind.CAS:
        return Violation(ViolationKind.ACCEPTED_THOUGH_UNMET, act.op, last.op if last else None)
    return None
