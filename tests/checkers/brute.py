"""The plainest checker there is: every order of every choice of unknown writes. For tiny histories only."""

from __future__ import annotations

from collections.abc import Sequence

from readiness.history import READS, WRITES, Op, Outcome, Verb


def _next(op: Op, state: str | None) -> tuple[bool, str | None]:
    """Whether a register in `state` may answer so, and its state afterwards. Apart from the model on purpose."""
    unknown = op.outcome is Outcome.UNKNOWN
    if op.verb in READS:
        return (state is None if op.status == 404 else state == op.value), state
    if op.verb is Verb.WRITE:
        return True, op.value
    if op.verb is Verb.DELETE:
        return True, None
    holds = state is None if op.verb is Verb.CREATE else state is not None and state == op.expected
    if unknown:
        return True, op.value if holds else state
    if op.status == 200:
        return holds, op.value
    if op.verb is Verb.CAS:
        return (state is None if op.status == 404 else not holds), state
    return not holds, state


def has_order(ops: Sequence[Op], state: str | None = None) -> bool:
    """Whether some order of the operations of one object, that respects time, explains every answer."""
    left = [
        op for op in ops if op.outcome is Outcome.OK or (op.outcome is Outcome.UNKNOWN and op.verb in WRITES)
    ]
    return _search(tuple(left), state)


def _search(left: tuple[Op, ...], state: str | None) -> bool:
    if all(op.outcome is Outcome.UNKNOWN for op in left):
        return True
    first = min(op.completed for op in left if op.outcome is Outcome.OK)
    for index, op in enumerate(left):
        if op.invoked <= first:
            possible, after = _next(op, state)
            if possible and _search(left[:index] + left[index + 1 :], after):
                return True
    return False
