"""Says in one sentence what a witness shows: which endpoint, when, what it answered, what was due."""

from __future__ import annotations

from collections.abc import Sequence

from readiness.checkers.register import Act, Kind
from readiness.checkers.words import acknowledged, answered, at, did, name
from readiness.history import WRITES, Op, Outcome, Verb


def culprit(witness: Sequence[Act]) -> Act:
    """The act of the witness that returned last: what came before does not explain it."""
    return max((act for act in witness if act.definite), key=lambda act: (act.ret, act.kind))


def _latest(acts: Sequence[Act], before: float, *kinds: Kind) -> Act | None:
    """Of the acts of these kinds that returned before `before`, the one that was called last."""
    known = [act for act in acts if act.ret < before and act.kind in kinds]
    return max(known, key=lambda act: act.call, default=None)


_PUTS = (Kind.SET, Kind.CREATE, Kind.CAS)


def _stands(act: Act) -> str:
    """How the suite knows that the effect or body of `act` was there."""
    if act.kind is Kind.SEES:
        return f"{act.value} was found through {act.op.endpoint} at {at(act.ret)}"
    return acknowledged(act.op)


def _no_delete(acts: Sequence[Act], since: float, until: float) -> bool:
    return not any(a.kind is Kind.DELETE and a.call < until and a.ret >= since for a in acts)


def explain(witness: Sequence[Act], ops: Sequence[Op], acts: Sequence[Act]) -> str:
    """The sentence for `witness`; `ops` and `acts` are all of the object's operations."""
    act = culprit(witness)
    match act.kind:
        case Kind.SEES:
            told = _strange(act, ops) or _old(act, witness, acts)
        case Kind.ABSENT:
            told = _missing(act, witness, acts)
        case Kind.PRESENT | Kind.DIFFERS:
            told = _refused(act, acts)
        case _:
            told = _accepted(act, witness, acts)
    return told or _anything(witness)


def _strange(act: Act, ops: Sequence[Op]) -> str | None:
    """A body that cannot be there: never written, refused, or written only later."""
    wrote = [op for op in ops if op.verb in WRITES and op.verb is not Verb.DELETE and op.value == act.value]
    if not wrote:
        return f"{answered(act.op)}: a body that the suite never wrote to it"
    took = [op for op in wrote if op.outcome is Outcome.UNKNOWN or op.acknowledged]
    if not took:
        why = f"was refused ({wrote[0].status})" if wrote[0].status else "failed"
        return f"{answered(act.op)}, although {did(wrote[0])} {why}"
    if all(op.invoked > act.ret for op in took):
        return f"{answered(act.op)}, before anyone wrote it (first at {at(min(op.invoked for op in took))})"
    return None


def _old(act: Act, witness: Sequence[Act], acts: Sequence[Act]) -> str | None:
    """A body that something acknowledged had replaced or deleted."""
    for known in (witness, acts):
        newer = [a for a in known if a.effect and a.value != act.value]
        last = _latest(newer, act.call, *_PUTS, Kind.DELETE)
        if last is None:
            continue
        if last.kind is Kind.DELETE:
            return f"{answered(act.op)}, although {_stands(last)}: it returned from the dead"
        return f"{answered(act.op)}, an older body, although {_stands(last)}"
    newer = [a for a in witness if a.kind in (Kind.SEES, Kind.ABSENT) and a.value != act.value]
    seen = _latest(newer, act.call, Kind.SEES, Kind.ABSENT)
    if seen is None:
        return None
    told = _stands(seen) if seen.kind is Kind.SEES else answered(seen.op)
    return f"{answered(act.op)}, an older body, although {told}"


def _missing(act: Act, witness: Sequence[Act], acts: Sequence[Act]) -> str | None:
    """An absence although something was there."""
    last = _latest(witness, act.call, *_PUTS, Kind.SEES) or _latest(acts, act.call, *_PUTS, Kind.SEES)
    if last is None:
        return None
    why = "nothing deleted it" if _no_delete(acts, last.call, act.ret) else "no delete explains it"
    return f"{answered(act.op)} although {_stands(last)} and {why}"


def _refused(act: Act, acts: Sequence[Act]) -> str:
    """A condition that was refused although it held."""
    asked = f"endpoint {act.op.endpoint} refused {did(act.op)} of {name(act.op)} at {at(act.ret)} ({act.op.status})"
    last = _latest(acts, act.call, *_PUTS, Kind.DELETE)
    if act.kind is Kind.PRESENT or last is None or last.kind is Kind.DELETE:
        why = "nobody had written it" if last is None else _stands(last)
        return f"{asked} although it was absent: {why}"
    return f"{asked} although it held {act.expected}, as the condition says: {_stands(last)}"


def _accepted(act: Act, witness: Sequence[Act], acts: Sequence[Act]) -> str | None:
    """A condition that was accepted although it did not hold."""
    others = [a for a in witness if a is not act] or [a for a in acts if a is not act]
    last = max(
        (a for a in others if a.definite and (a.effect or a.kind is Kind.SEES)),
        key=lambda a: a.ret,
        default=None,
    )
    asked = f"endpoint {act.op.endpoint} accepted {did(act.op)} of {name(act.op)} at {at(act.ret)}"
    if act.kind is Kind.CREATE and last is not None:
        return f"{asked} although it was there already: {_stands(last)} and no delete explains it"
    if act.kind is Kind.CAS:
        held = "nothing shows that it ever held that" if last is None else _stands(last)
        return f"{asked} on the condition that it held {act.expected}, which it did not: {held}"
    return None


def _anything(witness: Sequence[Act]) -> str:
    """What can be said when no simpler sentence fits."""
    ops = [act.op for act in witness]
    through = ", ".join(sorted({op.endpoint for op in ops}))
    return (
        f"no order explains these {len(ops)} operations on {name(ops[0])} through {through} "
        f"between {at(ops[0].invoked)} and {at(max(op.completed for op in ops))}"
    )
