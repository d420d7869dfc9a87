"""P2.1, P2.2, P2.3, P2.11, P2.12: init, first write, no-op plan, the same state through every endpoint, a large
state.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from readiness.checkers.words import count
from readiness.evidence.observation import Observation
from readiness.evidence.seen import Seen
from readiness.finding import Finding, merge, proved, proved_by, refuted
from readiness.judges.opentofu.commands import (
    Measured,
    absent,
    counted,
    decided,
    result,
    seconds,
    wrong_answer,
)


class Step(StrEnum):
    """What is asked. `asked` of INIT has `bucket` and `url`, and its `result.backend` what the checkout recorded;
    APPLY and STATE have `revision`; a PULL of a large state has `payload`, the digest of what was applied.
    """

    INIT = "init"
    MOVE = "init -reconfigure"
    HEAD = "head before the first write"
    APPLY = "apply"
    STATE = "state object"
    LOCK = "lock object"
    PLAN = "plan"
    PULL = "state pull"


def init(seen: Seen) -> Finding:
    """P2.1."""
    wrong = [_not_initialised(one) for one in seen.steps(Step.INIT)]
    wrong += [
        None if one.ok else f"init -reconfigure to {one.endpoint}: {one.why()}"
        for one in seen.steps(Step.MOVE)
    ]
    violations = [why for why in wrong if why]
    if found := decided(seen.observations, violations, (), (Step.INIT, Step.MOVE)):
        return found
    through = list(seen.steps(Step.INIT))
    return proved(
        f"init through {count(len(through), 'endpoint')}, and -reconfigure to each of them",
        counted(seen.observations),
        init_slowest_s=round(max(seconds(one) for one in seen.observations), 2),
    )


def _not_initialised(one: Observation) -> str | None:
    if not one.ok:
        return f"init through {one.endpoint}: {one.why()}"
    recorded = result(one).get("backend")
    if recorded != [one.asked["bucket"], one.asked["url"]]:
        return f"init through {one.endpoint} recorded {recorded}"
    return None


def first_write(seen: Seen) -> Finding:
    """P2.2."""
    there = [one.endpoint for one in seen.steps(Step.HEAD) if one.ok]
    wrong = [f"{', '.join(there)} has a state where none was written"] if there else []
    wrong += [f"the first apply: {one.why()}" for one in seen.steps(Step.APPLY) if not one.ok]
    wrong += [fault for one in seen.steps(Step.STATE) for fault in _first_state(one)]
    wrong += [f"{one.endpoint} still shows a lock" for one in seen.steps(Step.LOCK) if one.ok]
    lineages = {result(one)["lineage"] for one in seen.steps(Step.STATE) if one.ok}
    if len(lineages) > 1:
        wrong.append(f"{len(lineages)} lineages for one state")
    looks = (Step.HEAD, Step.STATE, Step.LOCK)
    if found := decided(seen.observations, wrong, looks, (Step.HEAD, Step.APPLY, Step.STATE, Step.LOCK)):
        return found
    took = round(max(seconds(one) for one in seen.steps(Step.APPLY)), 2)
    return proved("state written and seen", counted(seen.observations), first_apply_s=took, serial=1)


def _first_state(one: Observation) -> list[str]:
    if absent(one):
        return [f"{one.endpoint} has no state after it was acknowledged"]
    if not one.ok:
        return []
    wrong = []
    if result(one)["serial"] != 1:
        wrong.append(f"{one.endpoint} says serial {result(one)['serial']}, not 1")
    if result(one)["revision"] != one.asked["revision"]:
        wrong.append(f"{one.endpoint} does not hold what was applied")
    return wrong


def no_op(seen: Seen) -> Finding:
    """P2.3."""
    return merge([plans(seen.steps(Step.PLAN)), *_parts(decided(seen.observations, (), (), (Step.PLAN,)))])


def plans(observations: Iterable[Observation]) -> Finding:
    """Plans of an unchanged configuration where no fault excuses an outage."""
    return merge([no_op_plan(one) for one in observations])


def _parts(found: Finding | None) -> list[Finding]:
    return [found] if found else []


def no_op_plan(one: Observation) -> Finding:
    """One plan of an unchanged configuration, where no fault excuses an outage."""
    if one.ok:
        return proved_by("no-op plan", 1, {f"plan_{one.endpoint}_s": round(seconds(one), 2)})
    if wrong := wrong_answer(one):
        return refuted(f"{one.endpoint}: {wrong}")
    return refuted(f"plan through {one.endpoint}: {one.why()}")


def pulls(seen: Seen) -> Finding:
    """P2.11."""
    wrong = []
    digests: dict[str, str] = {}
    for one in seen.steps(Step.PULL, Step.STATE):
        name = one.endpoint if one.step == Step.PULL else f"{one.endpoint} (object)"
        if one.step == Step.PULL and one.outcome in ("error", "unanswered"):
            wrong.append(f"state pull through {one.endpoint}: {one.why()}")
        elif one.step == Step.PULL and result(one).get("size") == 0:
            wrong.append(f"state pull through {one.endpoint} is empty")
        elif one.ok or absent(one):
            digests[name] = str(result(one).get("digest", "absent"))
    if len(set(digests.values())) > 1:
        shown = ", ".join(f"{name} {digest[:12]}" for name, digest in digests.items())
        wrong.append(f"the state differs: {shown}")
    looks = (Step.PULL, Step.STATE)
    if found := decided(seen.observations, wrong, looks, looks):
        return found
    through = {one.endpoint for one in seen.steps(Step.PULL)}
    return proved(f"identical through {count(len(through), 'endpoint')}", counted(seen.observations))


def large(seen: Seen) -> Finding:
    """P2.12. The digest that must be in the state is computed apart from tofu."""
    wrong = [
        f"apply of {one.asked.get('megabytes')} MB: {one.why()}"
        for one in seen.steps(Step.APPLY)
        if not one.ok
    ]
    pulled = list(seen.steps(Step.PULL))
    for one in pulled:
        if one.outcome in ("error", "unanswered"):
            wrong.append(f"state pull through {one.endpoint}: {one.why()}")
        elif one.ok and result(one).get("payload") != one.asked["payload"]:
            wrong.append(f"{one.endpoint}: the large state does not hold what was applied")
    if len({result(one).get("digest") for one in pulled if one.ok}) > 1:
        wrong.append(f"the large state differs between {', '.join(one.endpoint for one in pulled)}")
    needed = (Step.APPLY, Step.PULL, Step.PLAN)
    if found := decided(seen.observations, wrong, (Step.PULL,), needed):
        return merge([found, *(no_op_plan(one) for one in seen.steps(Step.PLAN) if not one.ok)])
    measured: Measured = {
        "state_bytes": int(result(pulled[-1])["size"]),
        "apply_s": round(max(seconds(one) for one in seen.steps(Step.APPLY)), 2),
        "pull_slowest_s": round(max(seconds(one) for one in pulled), 2),
    }
    whole = proved_by("written and read whole", counted(seen.observations), measured)
    return merge([whole, plans(seen.steps(Step.PLAN))])
