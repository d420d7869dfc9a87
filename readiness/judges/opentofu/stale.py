"""P2.10: a lock left by a killed client is visible everywhere, stops everybody, and force-unlock frees it."""

from __future__ import annotations

from enum import StrEnum

from readiness.evidence.observation import Observation
from readiness.evidence.seen import Seen
from readiness.finding import Finding, proved, unknown
from readiness.judges.opentofu.commands import counted, decided, last, lock_id, refused, result, seconds


class Step(StrEnum):
    """What is asked. KILLED: the apply that was killed while it held the lock; outcome error otherwise than by that
    says that it never came so far (`result.middle`).
    """

    BEFORE = "state object before"
    KILLED = "apply that is killed"
    HELD = "lock object after the kill"
    STOPPED = "plan while locked"
    WRONG_ID = "force-unlock with a wrong ID"
    STILL_HELD = "lock object after a wrong ID"
    FREE = "force-unlock"
    FREED = "lock object after force-unlock"
    AFTER = "state object after"
    APPLY = "apply after force-unlock"
    PLAN = "plan after force-unlock"


LOOKS = (Step.BEFORE, Step.HELD, Step.STILL_HELD, Step.FREED, Step.AFTER)


def stale_lock(seen: Seen) -> Finding:
    """P2.10."""
    killed = last(seen.observations, Step.KILLED)
    if killed is not None and not result(killed).get("middle"):
        return unknown("the apply never came to the middle, where it was to be killed")
    held = list(seen.steps(Step.HELD))
    wrong = [f"{one.endpoint} does not show the lock" for one in held if not one.ok and one.answered]
    ids = {lock_id(one) for one in held if one.ok}
    if held and len(ids) != 1:
        wrong.append(f"the endpoints show {len(ids)} lock IDs")
    wrong += [why for one in seen.steps(Step.STOPPED) if (why := _not_stopped(one, ids))]
    wrong += _not_freed(seen)
    if changed := _changed(seen):
        wrong.append(changed)
    named = {Step.APPLY: "the apply after force-unlock", Step.PLAN: "its plan"}
    wrong += [
        f"{what}: {one.why()}" for step, what in named.items() for one in seen.steps(step) if not one.ok
    ]
    if found := decided(seen.observations, wrong, LOOKS, tuple(Step)):
        return found
    return proved(
        "a killed client's lock is shown by every endpoint, stops every plan, and force-unlock frees it",
        counted(seen.observations),
        force_unlock_s=round(max(seconds(one) for one in seen.steps(Step.FREE)), 2),
    )


def _not_stopped(one: Observation, ids: set[str | None]) -> str | None:
    if not refused(one):
        how = "exit code 0" if one.ok else one.why()
        return f"a plan through {one.endpoint} was not stopped by the lock ({how})"
    if ids and lock_id(one) not in ids:
        return f"a plan through {one.endpoint} shows another lock than the object"
    return None


def _not_freed(seen: Seen) -> list[str]:
    wrong = []
    unlocked = any(one.ok for one in seen.steps(Step.WRONG_ID))
    gone = any(not one.ok and one.answered for one in seen.steps(Step.STILL_HELD))
    if unlocked or gone:
        wrong.append("force-unlock with a wrong ID freed the state")
    wrong += [
        f"force-unlock through {one.endpoint}: {one.why()}" for one in seen.steps(Step.FREE) if not one.ok
    ]
    wrong += [
        f"{one.endpoint} still shows a lock after force-unlock" for one in seen.steps(Step.FREED) if one.ok
    ]
    return wrong


def _changed(seen: Seen) -> str | None:
    states = [
        (result(one).get("serial"), result(one).get("digest"))
        for step in (Step.BEFORE, Step.AFTER)
        if (one := last(seen.observations, step)) is not None and one.answered
    ]
    if len(states) == 2 and (states[0] != states[1] or states[0] == (None, None)):
        return "the state changed though the killed apply never finished"
    return None
