"""P2.4, P2.5, P2.6: a no-op plan still succeeds within the contract's RTO of a fault, and never sees another state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum

from readiness.checkers.words import count
from readiness.evidence.observation import Observation
from readiness.evidence.seen import Seen
from readiness.finding import Finding, State, merge, proved_by, refuted, unknown
from readiness.judges.opentofu.basics import no_op_plan, plans
from readiness.judges.opentofu.commands import (
    FAULT,
    Measured,
    cases,
    fault_undone,
    last,
    named,
    of,
    result,
    trouble,
    wrong_answer,
)
from readiness.topology import FaultKind

BEFORE = "before"
"""The case of what was prepared before the first fault."""


class Step(StrEnum):
    """What is asked. TRY, MOVE and UNLOCK have `probe`, the endpoint (and where its checkout moved to) whose tries
    they are; TRY and MOVE have `limit` and `whole`: how many seconds this try was given, and how many one is to be
    given. AFTER has `state` (whose), `revision` and `possible`, the revisions that the state may have. The fault has
    `through`, the probes that have to succeed, and `budgets`, how many RTOs they may take.
    """

    FIRST = "plan before any fault"
    TRY = "plan during the fault"
    MOVE = "init -reconfigure during the fault"
    UNLOCK = "force-unlock of an own lock during the fault"
    WRITE = "apply"
    AFTER = "plan after the fault"


def through_faults(seen: Seen) -> Finding:
    """Each fault: the plans during it, from when it was seen to have fired, and the plans after it."""
    found = cases(seen.observations)
    before = found.pop(BEFORE, [])
    parts = [trouble(before) or plans(of(before, Step.FIRST))]
    parts += [named(case, _case(seen, some)) for case, some in found.items()]
    if not found:
        parts.append(unknown("no fault was injected"))
    return merge(parts)


def _case(seen: Seen, observations: Sequence[Observation]) -> Finding:
    fault = last(observations, FAULT)
    if fault is None:
        return unknown("nothing is known about the fault")
    parts = [_during(seen, fault, observations)] if result(fault).get("fired") is not None else []
    if undone := fault_undone(observations):
        worse = [part for part in parts if part.state is State.REFUTED]
        return merge([*worse, undone])
    parts += [_of(some[0], _after(some)) for some in _by(observations, "state", Step.AFTER).values()]
    if troubled := trouble(observations):
        parts.append(troubled)
    if not of(observations, Step.AFTER) and not _moved(fault):
        parts.append(unknown("no plan was made after the fault"))
    return merge(parts)


def _of(one: Observation, found: Finding) -> Finding:
    """What was measured, by the state it was measured of."""
    return replace(found, measured={f"{one.asked['state']}: {name}": v for name, v in found.measured.items()})


def _moved(fault: Observation) -> bool:
    return bool(fault.asked.get("moved"))


def _during(seen: Seen, fault: Observation, observations: Sequence[Observation]) -> Finding:
    through = fault.asked.get("through")
    if not isinstance(through, list) or not through:
        return refuted("no endpoint is left for a plan while the node is away")
    kind = FaultKind(str(result(fault)["kind"]))
    budget = seen.promises.rto[kind] * float(str(fault.asked.get("budgets", 1)))
    fired = float(result(fault)["fired"])
    probes = _by(observations, "probe", Step.TRY, Step.MOVE, Step.UNLOCK)
    return merge([tries(str(name), probes.get(str(name), []), fired, budget) for name in through])


def _by(observations: Sequence[Observation], name: str, *steps: str) -> dict[str, list[Observation]]:
    found: dict[str, list[Observation]] = {}
    for one in of(observations, *steps):
        key = f"{one.asked[name]}" if one.step != Step.AFTER else f"{one.asked[name]} {one.endpoint}"
        found.setdefault(key, []).append(one)
    return found


def tries(probe: str, observations: Sequence[Observation], fired: float, budget: float) -> Finding:
    """Every try of one no-op plan, until it succeeded or its deadline passed.

    PROVED if a plan without changes ended within `budget` seconds of when the fault was seen to have fired: nothing
    was tried before. An answer of another state refutes at once. What was not tried, or only for less time than a try
    is to be given, is UNKNOWN.
    """
    name = probe.replace("-", "_").replace(" ", "_")
    plans_tried, moves = of(observations, Step.TRY), of(observations, Step.MOVE)
    freed = sum(1 for one in of(observations, Step.UNLOCK) if one.ok)
    measured: Measured = {f"{name}_tries": len(plans_tried)}
    if freed:
        measured[f"{name}_own_locks_freed"] = freed
    answered = sum(1 for one in (*plans_tried, *moves) if one.answered)
    for one in plans_tried:
        if wrong := wrong_answer(one):
            late = f"{one.completed - fired:.1f} s after the fault was seen"
            return refuted(f"{probe}, {late}: {wrong}", observations=max(answered, 1), measured=measured)
    final = plans_tried[-1] if plans_tried else None
    if final is not None and final.ok:
        return _in_time(
            probe, final.completed - fired, budget, answered, measured | _took(name, final, fired)
        )
    tried = [*plans_tried, *moves]
    if not any(_whole(one) for one in tried):
        untried = f"{probe}: no plan was tried for its whole time within {budget:g} s of the fault"
        return unknown(f"{untried} ({count(len(tried), 'try')})", observations=answered, measured=measured)
    ending = final or moves[-1]
    return refuted(
        f"{probe}: no plan succeeded within {budget:g} s of the fault ({count(len(plans_tried), 'try')}; "
        f"last: {ending.why()})",
        observations=max(answered, 1),
        measured=measured,
    )


def _took(name: str, final: Observation, fired: float) -> Measured:
    return {f"{name}_s": round(final.completed - fired, 2)}


def _in_time(probe: str, took: float, budget: float, answered: int, measured: Measured) -> Finding:
    if took <= budget:
        return proved_by(f"no-op plan through {probe}", answered, measured)
    return refuted(
        f"{probe}: the no-op plan succeeded only {took:.1f} s after the fault was seen, "
        f"the budget is {budget:g} s",
        observations=answered,
        measured=measured,
    )


def _whole(one: Observation) -> bool:
    """Whether it ended by itself, or was given all the time that a try gets."""
    return one.answered or float(str(one.asked["limit"])) >= float(str(one.asked["whole"]))


def _after(observations: Sequence[Observation]) -> Finding:
    """The plans of one state through one endpoint after the fault: the last is of a revision that the state may have.

    An older revision was planned only where the newest write had not been answered, and the newest wanted changes.
    """
    *earlier, final = observations
    possible = final.asked.get("possible")
    if not isinstance(possible, list) or final.asked.get("revision") not in possible:
        return unknown(f"{final.endpoint}: the plan after the fault was not of what was written")
    newer = [revision for revision in possible if revision > final.asked["revision"]]  # type: ignore[operator]
    planned = {one.asked.get("revision") for one in earlier}
    if any(revision not in planned for revision in newer):
        return unknown(f"{final.endpoint}: a newer state may be there, and was not planned")
    return no_op_plan(final)
