"""Grounds in words: sentences for an operator who sees only the report. The only place where checkers speak.

tests/checkers/rendered.txt shows one of each kind.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from readiness.checkers.violations import VIOLATIONS
from readiness.checkers.words import at, count, some, spell
from readiness.grounds import Doubt, DoubtKind, Ground, SummaryKind, Violation

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
        return VIOLATIONS[ground.kind](ground)
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
