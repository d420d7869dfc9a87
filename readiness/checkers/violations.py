"""Violations in words: which answer is wrong, and what it contradicts."""

from __future__ import annotations

from collections.abc import Callable

from readiness.checkers.words import acknowledged, answered, at, count, did, name, some, spell
from readiness.grounds import Violation, ViolationKind
from readiness.history import READS, Op, Verb


def known(op: Op) -> str:
    """How the suite knows that something was there, or was not: what an answer contradicts."""
    if op.verb in READS and op.status == 200:
        return f"{op.value} was found through {op.endpoint} at {at(op.completed)}"
    if op.acknowledged:
        return acknowledged(op)
    return "it was there before" if op.verb is Verb.CREATE else answered(op)


def _known(found: Violation) -> str:
    assert found.known is not None
    return known(found.known)


def _answer(found: Violation) -> str:
    return answered(found.answer)


def _listed(found: Violation) -> str:
    return f"endpoint {found.answer.endpoint} listed {'/'.join(found.object)} at {at(found.answer.completed)}"


def _refused(op: Op) -> str:
    return f"was refused ({op.status})" if op.status else "failed"


def _refused_write(found: Violation) -> str:
    assert found.known is not None
    return f"{_answer(found)}, although {did(found.known)} {_refused(found.known)}"


def _found_before(found: Violation) -> str:
    assert found.known is not None
    return f"{_answer(found)}, before anyone wrote it (first at {at(found.known.invoked)})"


def _asked(found: Violation, how: str) -> str:
    op = found.answer
    return f"endpoint {op.endpoint} {how} {did(op)} of {name(op)} at {at(op.completed)}"


def _though_absent(found: Violation) -> str:
    why = "nobody had written it" if found.known is None else known(found.known)
    return f"{_asked(found, 'refused')} ({found.answer.status}) although it was absent: {why}"


def _though_met(found: Violation) -> str:
    asked = f"{_asked(found, 'refused')} ({found.answer.status})"
    return f"{asked} although it held {found.answer.expected}, as the condition required: {_known(found)}"


def _though_unmet(found: Violation) -> str:
    held = "nothing shows that it ever held that" if found.known is None else known(found.known)
    asked = _asked(found, "accepted")
    return f"{asked} on the condition that it held {found.answer.expected}, which it did not: {held}"


def _no_order(found: Violation) -> str:
    ops = found.operations
    through = ", ".join(sorted({op.endpoint for op in ops}))
    return (
        f"no order explains these {len(ops)} operations on {name(ops[0])} through {through} "
        f"between {at(ops[0].invoked)} and {at(max(op.completed for op in ops))}"
    )


def _two_winners(found: Violation) -> str:
    return f"{_known(found)}, and {acknowledged(found.answer)}, of the same {name(found.answer)}"


def _no_winner(found: Violation) -> str:
    return f"{count(len(found.operations), 'create')} of {name(found.answer)} refused, none accepted"


def _winner_replaced(found: Violation) -> str:
    won = "nobody is known to have won with it" if found.known is None else known(found.known)
    return f"{_answer(found)} although {won}"


def _two_holders(found: Violation) -> str:
    holder = found.known
    assert holder is not None
    return (
        f"{acknowledged(found.answer)} to {found.answer.process} although {holder.process} held "
        f"{name(found.answer)} since {at(holder.completed)} ({did(holder)} through {holder.endpoint}) "
        "and had not released it"
    )


def _omitted(found: Violation) -> str:
    op = found.answer
    left_out = f"endpoint {op.endpoint} left {'/'.join(found.object)} out of a listing at {at(op.completed)}"
    return f"{left_out} although {_known(found)} and nothing deleted it"


def _view(op: Op) -> str:
    return f"through {op.endpoint} with {op.library}"


def _for(found: Violation) -> str:
    return f"for {'/'.join(found.object)} ({found.answer.process})"


def _method(op: Op) -> str:
    return "GET" if op.verb is Verb.READ else "HEAD"


def _existence(found: Violation, op: Op) -> str:
    if op.verb is Verb.LIST:
        return f"LIST {'shows' if found.object[1] in (op.keys or ()) else 'omits'} it"
    return f"{_method(op)} {op.status}"


def _existence_differs(found: Violation) -> str:
    no, yes = found.answer, found.known
    assert yes is not None
    where = "" if _view(no) == _view(yes) else f" {_view(yes)}"
    return f"{_existence(found, no)} {_view(no)} where {_existence(found, yes)}{where}, {_for(found)}"


def _body_differs(found: Violation) -> str:
    one, other = found.answer, found.known
    assert other is not None
    bodies = [f"{op.value} on {_method(op)} {_view(op)}" for op in (one, other)]
    return f"{' where '.join(bodies)}, {_for(found)}"


def _versions_differ(found: Violation) -> str:
    one, other = found.answer, found.known
    assert other is not None
    return f"versions {_view(one)} and {_view(other)} differ ({some(found.names)}), {_for(found)}"


def _outage(found: Violation) -> str:
    assert found.window is not None
    return f"no answer for longer than the {found.limit:g} s promised: {spell(found.window)}"


VIOLATIONS: dict[ViolationKind, Callable[[Violation], str]] = {
    ViolationKind.LOST_AT_THE_END: lambda f: (
        f"{_answer(f)} at the end, although {_known(f)} and no delete explains it"
    ),
    ViolationKind.OLDER_AT_THE_END: lambda f: f"{_answer(f)} at the end, an older body, although {_known(f)}",
    ViolationKind.DELETED_AT_THE_END: lambda f: (
        f"{_answer(f)} at the end, although {_known(f)} and nobody wrote {f.answer.value} again"
    ),
    ViolationKind.REFUSED_WRITE_FOUND: _refused_write,
    ViolationKind.NEVER_WRITTEN: lambda f: f"{_answer(f)}: a body that the suite never wrote to it",
    ViolationKind.FOUND_BEFORE_WRITTEN: _found_before,
    ViolationKind.ABSENT: lambda f: f"{_answer(f)} although {_known(f)} and nothing deleted it",
    ViolationKind.ABSENT_DESPITE_DELETES: lambda f: (
        f"{_answer(f)} although {_known(f)} and no delete explains it"
    ),
    ViolationKind.OLDER: lambda f: f"{_answer(f)}, an older body, although {_known(f)}",
    ViolationKind.DELETED: lambda f: (
        f"{_answer(f)} although {_known(f)} and nobody wrote {f.answer.value} again"
    ),
    ViolationKind.CAME_BACK: lambda f: f"{_answer(f)}, although {_known(f)}: a deleted object came back",
    ViolationKind.REFUSED_THOUGH_ABSENT: _though_absent,
    ViolationKind.REFUSED_THOUGH_MET: _though_met,
    ViolationKind.CREATED_THOUGH_THERE: lambda f: (
        f"{_asked(f, 'accepted')} although it was there already: {_known(f)} and no delete explains it"
    ),
    ViolationKind.ACCEPTED_THOUGH_UNMET: _though_unmet,
    ViolationKind.NO_ORDER: _no_order,
    ViolationKind.TWO_WINNERS: _two_winners,
    ViolationKind.NO_WINNER: _no_winner,
    ViolationKind.WRONG_REFUSAL: lambda f: f"{_answer(f)} to a create, where 412 is due",
    ViolationKind.WINNER_ABSENT: lambda f: f"{_answer(f)} although {_known(f)}",
    ViolationKind.WINNER_REPLACED: _winner_replaced,
    ViolationKind.TWO_HOLDERS: _two_holders,
    ViolationKind.OMITTED: _omitted,
    ViolationKind.LISTED_AFTER_DELETE: lambda f: (
        f"{_listed(f)} although {_known(f)} and nothing was written since"
    ),
    ViolationKind.LISTED_NEVER_WRITTEN: lambda f: f"{_listed(f)}, which nobody had written",
    ViolationKind.LISTED_REPEATEDLY: lambda f: f"{_listed(f)} {f.times} times in one listing",
    ViolationKind.LISTED_OUTSIDE_PREFIX: lambda f: f"{_listed(f)} under the prefix {f.answer.key}",
    ViolationKind.EXISTENCE_DIFFERS: _existence_differs,
    ViolationKind.BODY_DIFFERS: _body_differs,
    ViolationKind.VERSIONS_MISSING: lambda f: (
        f"no version listed {_view(f.answer)} where it exists, {_for(f)}"
    ),
    ViolationKind.VERSIONS_DIFFER: _versions_differ,
    ViolationKind.OUTAGE: _outage,
}
"""The sentence for each kind, without a full stop."""
