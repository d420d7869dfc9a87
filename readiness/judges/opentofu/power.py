"""P2.13: an apply that was acknowledged just before a power cut of all nodes is there after it, and its lock is not."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from readiness.evidence.observation import Observation
from readiness.evidence.seen import Seen
from readiness.finding import Finding, merge, proved_by, unknown
from readiness.judges.opentofu.commands import (
    FAULT,
    absent,
    cases,
    counted,
    decided,
    fault_undone,
    last,
    named,
    of,
    refused,
    result,
    seconds,
)


class Step(StrEnum):
    """What is asked. BEFORE and RELEASED look at the state and its lock after the apply was acknowledged and before the
    power cut; the others look after it, through every endpoint. STATE asks with the `revision` and the `members` that
    were applied.
    """

    APPLY = "apply before the power cut"
    BEFORE = "state object before the power cut"
    RELEASED = "lock object before the power cut"
    STATE = "state object after the power cut"
    LOCK = "lock object after the power cut"
    PLAN = "plan after the power cut"


LOOKS = (Step.BEFORE, Step.RELEASED, Step.STATE, Step.LOCK)
NEEDED = (FAULT, Step.APPLY, *LOOKS, Step.PLAN)


def after_power_cut(seen: Seen) -> Finding:
    """P2.13: each apply of it. Serial, lineage, outputs and everything else of the state are as they were acknowledged,
    the lock that was released is not back, and a plan has nothing to change.
    """
    found = [named(case, _case(some)) for case, some in cases(seen.observations).items()]
    return merge(found or [unknown("no power was cut after an apply")])


def _case(observations: Sequence[Observation]) -> Finding:
    if found := fault_undone(observations):
        return found
    run, before = last(observations, Step.APPLY), last(observations, Step.BEFORE)
    fault = last(observations, FAULT)
    violations = [f"the apply before the power cut: {run.why()}"] if run is not None and not run.ok else []
    if before is not None and absent(before):
        violations.append(f"{before.endpoint} has no state after its apply was acknowledged")
    violations += [
        f"{one.endpoint} shows a lock though its apply has ended"
        for one in of(observations, Step.RELEASED)
        if one.ok
    ]
    if before is not None and before.ok:
        violations += _after(observations, before)
    if found := decided(observations, violations, LOOKS, NEEDED):
        return found
    assert run is not None
    assert fault is not None
    quiet = float(result(fault)["fired"]) - run.completed
    what = "the acknowledged state is there after the power cut, and no lock"
    return proved_by(
        what, counted(observations), {"apply_s": round(seconds(run), 1), "cut_after_s": round(quiet, 1)}
    )


def _after(observations: Sequence[Observation], before: Observation) -> list[str]:
    wrong = [why for one in of(observations, Step.STATE) for why in _state(one, before)]
    wrong += [
        f"{one.endpoint} shows a lock after the power cut that was released before it"
        for one in of(observations, Step.LOCK)
        if one.ok
    ]
    for plan in of(observations, Step.PLAN):
        if not plan.ok:
            held = " (locked)" if refused(plan) else ""
            wrong.append(f"no-op plan through {plan.endpoint}{held}: {plan.why()}")
    return wrong


def _state(one: Observation, before: Observation) -> list[str]:
    if absent(one):
        return [f"{one.endpoint} has no state after the power cut: the apply before it was acknowledged"]
    if not one.ok:
        return []
    found, was = result(one), result(before)
    wrong = []
    if found["lineage"] != was["lineage"]:
        wrong.append(f"{one.endpoint} has another lineage after the power cut")
    if found["serial"] != was["serial"]:
        wrong.append(
            f"{one.endpoint} has serial {found['serial']} after the power cut, {was['serial']} was acknowledged"
        )
    elif found["digest"] != was["digest"]:
        wrong.append(f"{one.endpoint} has another state of the same serial after the power cut")
    if found["revision"] != one.asked["revision"] or found["members"] != one.asked["members"]:
        wrong.append(f"{one.endpoint} does not hold what was applied before the power cut")
    return wrong
