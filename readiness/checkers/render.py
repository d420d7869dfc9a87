"""Grounds in words: sentences for an operator who sees only the report. The only place where checkers speak.

tests/checkers/rendered.txt shows one of each kind.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from readiness.checkers.words import acknowledged, answered, at, count, did, name, some
from readiness.grounds import Doubt, DoubtKind, Ground, SummaryKind, Violation, ViolationKind, Window
from readiness.history import READS, Op, Verb

NOUNS = {
    "lost_writes": "lost acknowledged write",
    "returned_from_the_dead": "return of a deleted object",
    "corrupt_bodies": "corrupt body",
    "refused_writes_found": "refused write found",
    "false_404": "false 404",
    "list_omissions": "listing without an existing object",
    "stale_reads": "stale read",
    "omitted": "listing without an existing object",
    "resurrected": "listing with a deleted object",
    "invented": "listing with an object that was never written",
    "repeated": "listing with a key twice",
    "outside_prefix": "listing with a key outside its prefix",
    "disagreements": "disagreement",
    "rounds_with_two_winners": "race with more than one winner",
    "rounds_without_a_winner": "race that nobody won",
    "wrong_refusals": "loser not answered 412",
    "wrong_bodies": "race whose winner's body was not found",
    "double_holds": "lock given twice",
}
"""What one of those that a measured value counts is called."""


def render(ground: Ground) -> str:
    """One sentence, without a full stop."""
    if isinstance(ground, Violation):
        return _VIOLATIONS[ground.kind](ground)
    if isinstance(ground, Doubt):
        return _DOUBTS[ground.kind](ground)
    return _SUMMARIES[ground.kind](*ground.numbers)


def tallied(
    found: Violation, times: int, span: tuple[float, float], through: Sequence[tuple[str, int]]
) -> str:
    """The first of so many wrong answers between two times; `through` has the endpoints with the most first."""
    noun = NOUNS[found.measure]
    if times == 1:
        return f"{noun}: {render(found)}"
    each = ", ".join(f"{number} through {endpoint}" for endpoint, number in through)
    return f"{noun}, {times} times ({at(span[0])} to {at(span[1])}; {each}); first: {render(found)}"


def refutation(found: Violation, more: int) -> str:
    """A violation of one object's order, where as many more objects have one."""
    others = f" (and {count(more, 'more object')} not linearizable)" if more else ""
    return render(found) + others


def joined(doubts: Sequence[Doubt], most: int | None = None) -> str:
    """The first `most` doubts (all, if None), and how many more there are."""
    shown = doubts if most is None else doubts[:most]
    more = len(doubts) - len(shown)
    return "; ".join(render(doubt) for doubt in shown) + (f" (and {more} more)" if more else "")


def known(op: Op) -> str:
    """How the suite knows that something was there, or was not: what an answer contradicts."""
    if op.verb in READS and op.status == 200:
        return f"{op.value} was found through {op.endpoint} at {at(op.completed)}"
    if op.acknowledged:
        return acknowledged(op)
    return "it was there before" if op.verb is Verb.CREATE else answered(op)


def spell(window: Window) -> str:
    """`bumble read new from 2.00 s: 1.90 s to 2.11 s`."""
    lasted = f"{window.lower:.2f} s to {window.upper:.2f} s"
    if not (window.opened and window.closed):
        lasted = f"at least {window.lower:.2f} s ({'end' if window.opened else 'begin'} not observed)"
    through = " ".join(each for each in (window.endpoint, window.verb, window.connection) if each)
    return f"{through} from {at(window.at_least[0])}: {lasted}"


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


_VIOLATIONS: dict[ViolationKind, Callable[[Violation], str]] = {
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


def _not_read_back(doubt: Doubt) -> str:
    missing = count(len(doubt.names), "object")
    return f"no final answer through {doubt.endpoint} for {missing} with acknowledged writes: {some(doubt.names)}"


def _beyond_budget(doubt: Doubt) -> str:
    budget = f"{doubt.seconds[0]:g} s and {doubt.needed:g} states an object"
    operations = count(doubt.counted, "operation")
    return f"{doubt.where} ({operations}) exceeds the checker's budget of {budget} ({doubt.names[0]})"


def _between_bounds(doubt: Doubt) -> str:
    assert doubt.window is not None
    return f"cannot tell whether within {doubt.needed:g} s: {spell(doubt.window)}"


_DOUBTS: dict[DoubtKind, Callable[[Doubt], str]] = {
    DoubtKind.NOTHING_OBSERVED: lambda _: "nothing was observed that could show it",
    DoubtKind.NOTHING_READ_BACK: lambda _: "no acknowledged write was read again at the end",
    DoubtKind.NOT_READ_BACK: _not_read_back,
    DoubtKind.NOTHING_LISTED: lambda _: "no listing had anything to show",
    DoubtKind.VIEW_INCOMPLETE: lambda d: (
        f"{d.where}: no answer through {d.endpoint} with {d.library} to {some(d.names)}"
    ),
    DoubtKind.FEW_VIEWS: lambda d: f"{d.where}: {count(d.counted, 'view')} to compare",
    DoubtKind.NO_OBJECT: lambda d: f"{d.where}: no object to compare",
    DoubtKind.FEW_ROUNDS: lambda d: f"only {count(d.counted, 'decided round')}, {d.needed} needed",
    DoubtKind.NO_WINNER_READ_BACK: lambda _: "no winner's body was read back",
    DoubtKind.FEW_HOLDS: lambda d: f"only {count(d.counted, 'hold')}, {d.needed} needed",
    DoubtKind.NO_CONTENTION: lambda _: "nobody was ever refused a lock: no contention",
    DoubtKind.NO_ANSWER: lambda _: "no definite answer to check",
    DoubtKind.WITHOUT_MEANING: lambda d: f"answers without a meaning: {some(d.names)}",
    DoubtKind.BEYOND_BUDGET: _beyond_budget,
    DoubtKind.NO_PROBE: lambda _: "no probe at all",
    DoubtKind.FEW_PROBES: lambda d: f"too few probes: {d.counted} of {d.where} in service, {d.needed} needed",
    DoubtKind.PROBES_STOPPED: lambda d: (
        f"probes stopped: none of {d.where} for {d.seconds[0]:.2f} s from {at(d.seconds[1])}"
    ),
    DoubtKind.OUTAGE_BETWEEN_BOUNDS: _between_bounds,
    DoubtKind.NO_WINDOW: lambda _: "no window to judge",
    DoubtKind.NO_TRAFFIC: lambda d: f"too little traffic: no answer in {d.where}, {d.needed} needed",
    DoubtKind.LITTLE_TRAFFIC: lambda d: (
        f"too little traffic: {count(d.counted, 'answer')} through {d.endpoint} in {d.where}, {d.needed} needed"
    ),
    DoubtKind.CHECKER_FAILED: lambda d: f"{d.where} could not judge: {': '.join(d.names)}",
}


def _agreed(views: int, snapshots: int, answers: int) -> str:
    return f"{count(views, 'view')} in {count(snapshots, 'snapshot')} agree on {count(answers, 'answer')}"


def _listings(listings: int, due: int) -> str:
    return f"{count(listings, 'listing')} showed the {count(due, 'entry')} due and no other"


def _short(probes: int, longest: float, promised: float) -> str:
    return f"{count(probes, 'probe')}: the longest outage at most {longest:.2f} s, {promised:g} s promised"


_SUMMARIES: dict[SummaryKind, Callable[..., str]] = {
    SummaryKind.READ_BACK: lambda objects, endpoints: (
        f"{count(objects, 'object')} read back through {count(endpoints, 'endpoint')}: nothing acknowledged is lost"
    ),
    SummaryKind.NOT_DENIED: lambda answers: (
        f"{count(answers, 'answer')} about existing objects: none denied one"
    ),
    SummaryKind.NOT_STALE: lambda answers: f"{count(answers, 'answer')} with a body: none was stale",
    SummaryKind.LISTED: _listings,
    SummaryKind.AGREED: _agreed,
    SummaryKind.ONE_WINNER: lambda races, read_back: (
        f"{count(races, 'race')} with one winner each, {read_back} read back"
    ),
    SummaryKind.ONE_HOLDER: lambda holds, locks: (
        f"{count(holds, 'hold')} of {count(locks, 'lock')}, no two at once"
    ),
    SummaryKind.ORDERED: lambda answers, objects: (
        f"{count(answers, 'answer')} on {count(objects, 'object')} are linearizable, object by object"
    ),
    SummaryKind.NO_OUTAGE: lambda probes: f"{count(probes, 'probe')}: no outage",
    SummaryKind.SHORT_OUTAGES: _short,
    SummaryKind.TRAFFIC: lambda answers, windows: f"{count(answers, 'answer')} in {count(windows, 'window')}",
}
