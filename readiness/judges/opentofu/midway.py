"""P2.9: an apply hit by a fault in its middle ends as success, or as a clean failure whose state can be pushed."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from readiness.evidence.observation import Observation
from readiness.evidence.seen import Seen
from readiness.finding import Finding, merge, proved_by, unknown
from readiness.judges.opentofu.commands import (
    FAULT,
    Measured,
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
    """What is asked. HIT is the apply (`result.middle`: whether it came to its middle, where the fault hit it;
    `result.errored`: whether it left a state that it could not write; `result.settle`: how many seconds it had left
    once all was whole). STATE asks with `revision`, `members` and the digest of its `payload`.
    """

    BEFORE = "state object before"
    HIT = "apply hit by the fault"
    LEFT = "lock object after the apply"
    PUSH = "state push of errored.tfstate"
    STATE = "state object"
    PLAN = "plan"


LOOKS = (Step.BEFORE, Step.LEFT, Step.STATE)
NEEDED = (FAULT, Step.BEFORE, Step.HIT, Step.LEFT, Step.STATE, Step.PLAN)


def hit_midway(seen: Seen) -> Finding:
    """P2.9: each case of it. What is judged: the apply ended; what it acknowledged, or left in `errored.tfstate`, is
    in the state through every endpoint; lineage kept, serial advanced by the writes; the state is whole; no-op plan.
    """
    found = [named(case, _case(some)) for case, some in cases(seen.observations).items()]
    return merge(found or [unknown("no apply was hit by a fault")])


def _case(observations: Sequence[Observation]) -> Finding:
    run = last(observations, Step.HIT)
    if run is not None and not result(run).get("middle"):
        return unknown(f"the apply never came to the middle, where the fault was to hit it: {run.why()}")
    if found := fault_undone(observations):
        return found
    fault = last(observations, FAULT)
    if run is not None and fault is not None and run.completed <= float(result(fault)["fired"]):
        return unknown(
            "the apply had ended before the fault was seen to have fired: it was not hit for certain"
        )
    push = last(observations, Step.PUSH)
    violations = _violations(observations, run, push)
    measured = _measured(observations, run, push)
    if found := decided(observations, violations, LOOKS, NEEDED):
        return Finding(found.state, found.reason, measured, found.observations)
    assert run is not None
    if push is not None:
        how = "failed cleanly, and its errored.tfstate was pushed"
    else:
        how = "ended as success" if run.ok else "wrote its state, and failed only to release its lock"
    return proved_by(f"the apply {how}", counted(observations), measured)


def _measured(
    observations: Sequence[Observation], run: Observation | None, push: Observation | None
) -> Measured:
    if run is None:
        return {}
    measured: Measured = {
        "apply_s": round(seconds(run), 1),
        "ended": "success" if run.ok else "failure",
        "locks_freed": int(any(one.ok for one in of(observations, Step.LEFT))),
    }
    if push is not None:
        measured["pushed"] = push.ok
    return measured


def _violations(
    observations: Sequence[Observation], run: Observation | None, push: Observation | None
) -> list[str]:
    before = last(observations, Step.BEFORE)
    if before is None or run is None:
        return []
    if absent(before):
        return [f"{before.endpoint} has no state after it was acknowledged"]
    if not run.answered:
        settle = result(run).get("settle")
        return [f"the apply through {run.endpoint} had not ended {settle:g} s after the fault was healed"]
    if push is not None and not push.ok:
        return [f"errored.tfstate cannot be pushed: {push.why()}"]
    wrong = _not_whole(observations, before)
    if wrong and not run.ok and push is None:
        wrong.append(f"the apply failed and left no errored.tfstate ({run.why()})")
    return wrong


def _not_whole(observations: Sequence[Observation], before: Observation) -> list[str]:
    wrong = [why for one in of(observations, Step.STATE) for why in _state(one, before)]
    for plan in of(observations, Step.PLAN):
        if not plan.ok:
            held = " (locked)" if refused(plan) else ""
            wrong.append(f"no-op plan through {plan.endpoint}{held}: {plan.why()}")
    states = [one for one in of(observations, Step.STATE) if one.ok]
    digests = {result(one)["digest"] for one in states}
    if len(digests) > 1:
        wrong.append(f"{len(digests)} different states through {len(states)} endpoints")
    return wrong


def _state(one: Observation, before: Observation) -> list[str]:
    if absent(one):
        return [f"{one.endpoint} has no state"]
    if not one.ok or not before.ok:
        return []
    found, was = result(one), result(before)
    wrong = []
    if found["lineage"] != was["lineage"]:
        wrong.append(f"{one.endpoint} has another lineage")
    if found["serial"] <= was["serial"]:
        wrong.append(
            f"{one.endpoint} has serial {found['serial']}, which did not advance from {was['serial']}"
        )
    if found["revision"] != one.asked["revision"] or found["members"] != one.asked["members"]:
        wrong.append(f"{one.endpoint} does not hold what was applied")
    if found["payload"] != one.asked["payload"]:
        wrong.append(f"{one.endpoint} does not hold the large part of the state as it was applied")
    return wrong
