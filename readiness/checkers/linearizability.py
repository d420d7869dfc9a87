"""Is the history linearizable, object by object? docs/linearizability.md: what this assumes, where it stops."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from readiness.checkers.explain import explain
from readiness.checkers.quick import quick
from readiness.checkers.register import Act, NoMeaning, acts_of
from readiness.checkers.render import joined, refutation, render
from readiness.checkers.shrink import prefix, shrink
from readiness.checkers.wgl import search
from readiness.finding import Finding, Measured, proved_by, refuted, unknown
from readiness.grounds import Doubt, DoubtKind, Summary, SummaryKind
from readiness.history import Op, Outcome, binding, by_key

QUICK_STATES = 20_000
"""Each object is first given so many nodes, so that one hard object cannot starve the others."""

SHRINK_SECONDS = 10.0
"""A witness is made no shorter after that."""


def check_linearizable(
    history: Sequence[Op],
    *,
    initial: Mapping[tuple[str, str], str | None] | None = None,
    budget_seconds: float = 60.0,
    budget_states: int = 400_000,
    clock: Callable[[], float] = time.monotonic,
) -> Finding:
    """Whether each object behaved as one register, on the answers that bind the store.

    An object holds `initial[bucket, key]` at first, or nothing. PROVED: an order was found for every object.
    REFUTED: some object has none; the witness is a small part of its history that has none either. UNKNOWN:
    no definite answer at all, an answer that the model does not know, or an object beyond the budget
    (`budget_seconds` for all, `budget_states` nodes for each).
    """
    begun = clock()
    deadline = begun + budget_seconds
    groups = by_key(binding(history))
    starts = dict(initial or {})
    strange: list[str] = []
    hard: list[tuple[tuple[str, str], list[Act]]] = []
    wrong: list[tuple[list[Act], float, list[Op], str | None]] = []
    definite = unknowns = nodes = 0

    def look(key: tuple[str, str], acts: list[Act], states: int) -> str:
        nonlocal nodes
        result = search(acts, starts.get(key), states=states, deadline=deadline, clock=clock)
        nodes += result.states
        if result.ordered is False:
            wrong.append((acts, result.until, groups[key], starts.get(key)))
        return result.capped

    for key, ops in groups.items():
        unknowns += [op.outcome for op in ops].count(Outcome.UNKNOWN)
        if order := quick(ops, starts.get(key), most=budget_states):
            definite += order.answers
            nodes += order.choices
            continue
        try:
            acts = acts_of(ops)
        except NoMeaning as error:
            strange.append(f"{'/'.join(key)}: {error}")
            continue
        definite += sum(act.definite for act in acts)
        if look(key, acts, min(QUICK_STATES, budget_states)):
            hard.append((key, acts))
    capped = [(key, acts, cap) for key, acts in hard if (cap := look(key, acts, budget_states))]

    measured: Measured = {
        "operations": definite + unknowns,
        "keys": len(groups),
        "unknown_operations": unknowns,
        "states": nodes,
        "seconds": round(clock() - begun, 3),
        "keys_refuted": len(wrong),
        "keys_beyond_budget": len(capped),
    }
    if wrong:
        return _refutation(wrong, definite, measured, clock)
    beyond = [_beyond(key, acts, cap, budget_states, budget_seconds) for key, acts, cap in capped]
    doubts = _doubts(strange, beyond, definite)
    if doubts:
        return unknown(joined(doubts, most=3), observations=definite, measured=measured, grounds=doubts)
    right = Summary(SummaryKind.ORDERED, (definite, len(groups)))
    return proved_by(render(right), definite, measured, (right,))


def _doubts(strange: list[str], beyond: list[Doubt], definite: int) -> list[Doubt]:
    """Why nothing can be said: answers that the model does not know come first."""
    if strange:
        return [Doubt(DoubtKind.WITHOUT_MEANING, names=tuple(sorted(set(strange))))]
    return beyond if beyond or definite else [Doubt(DoubtKind.NO_ANSWER)]


def _beyond(key: tuple[str, str], acts: list[Act], cap: str, states: int, seconds: float) -> Doubt:
    """An object whose search the budget ended: `cap` says which part of it."""
    return Doubt(
        DoubtKind.BEYOND_BUDGET,
        "/".join(key),
        counted=len(acts),
        needed=states,
        names=(cap,),
        seconds=(seconds,),
    )


def _refutation(
    wrong: list[tuple[list[Act], float, list[Op], str | None]],
    definite: int,
    measured: Measured,
    clock: Callable[[], float],
) -> Finding:
    """The earliest violation, with a short witness."""
    acts, until, ops, start = min(wrong, key=lambda each: each[1])
    known = prefix(acts, until)
    deadline = clock() + SHRINK_SECONDS

    def still(trial: list[Act]) -> bool:
        return (
            clock() < deadline
            and search(trial, start, states=QUICK_STATES, deadline=deadline, clock=clock).ordered is False
        )

    witness = shrink(known, still)
    violation = explain(witness, ops, known)
    return refuted(
        refutation(violation, len(wrong) - 1),
        observations=definite,
        witness=[act.op for act in witness],
        measured=measured,
        grounds=[violation],
    )
