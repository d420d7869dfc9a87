"""The five steps of a stack's rehearsal: what is kept of each, and what all of their judges share."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from enum import StrEnum

from readiness.evidence.observation import Observation
from readiness.evidence.rehearsal import LockSeen, Reached, StandInUsed, StateRead, StoredState, TurnTried
from readiness.evidence.seen import Seen
from readiness.finding import Finding, proved_by, refuted, unknown
from readiness.judges.opentofu.commands import Measured, absent, counted, decided
from readiness.judges.stacks.typed import Unshaped, typed


class Step(StrEnum):
    """What is done, or looked at. Those of the rehearsal as a whole are kept for each of its criteria.

    STACK and NOT_REACHED are kept where they end the rehearsal, STAND_IN too where there is none: their error says why.
    Else STAND_IN comes back with StandInUsed, WORKSPACES with Workspaces, TURN with TurnTried, LOCK with LockSeen,
    REACHED with Reached. EMPTY: this workspace has no state to migrate. What is seen of one workspace is asked with
    its name as `case`.

    BACKEND and NAMES are as in P1.8. PULL, COPY, DESTINATION, MIGRATED, PULLED
    and RESTORED come back with Held; STORED with whether the stored state is `encrypted`. PULL is kept again for every
    step whose state is compared with it, and so are PLAN (PlanRead) and CONFIGURATION (Configured). PUT comes back
    with `created`, RECORDED with what init noted, which must be `wanted`; RETURN with Returned, and
    it is asked with the name of the file that was `pulled`. DESTINATION and MIGRATED are asked
    through every endpoint in `through`.
    """

    STACK = "files of the stack"
    STAND_IN = "stand-in for the stack's backend"
    WORKSPACES = "workspaces of the state"
    EMPTY = "workspace without a state"
    TURN = "turn to migrate"
    NOT_REACHED = "earlier step"
    REACHED = "hosts asked for"
    BACKEND = "backend of the stack"
    NAMES = "names of the candidate"
    CONFIGURATION = "configuration"
    LOCK = "lock of the state"
    STORED = "stored state"
    PULL = "state pull"
    PLAN = "migration plan"
    COPY = "state pull of the disposable copy"
    DESTINATION = "state at the new key before"
    PUT = "put at the new key"
    MIGRATE = "init -migrate-state"
    RECORDED = "backend that init recorded"
    PULLED = "state pull from the candidate"
    MIGRATED = "state at the new key"
    NO_OP = "plan on the candidate"
    DAMAGED = "plan on the damaged copy"
    RETURN = "what is returned to"
    PUSH = "state push -force"
    RESTORED = "state pull after the rollback"
    AFTER = "plan after the rollback"


LOOKS = (
    Step.LOCK,
    Step.STORED,
    Step.PULL,
    Step.COPY,
    Step.DESTINATION,
    Step.PUT,
    Step.PULLED,
    Step.MIGRATED,
    Step.RETURN,
    Step.RESTORED,
)
"""Steps that say nothing where no answer came, and refute where the answer is not a state."""
HELD = "a lock is held on its state"


def proved_step(
    stack: str,
    seen: Seen,
    violations: Iterable[str],
    needed: Sequence[Step],
    reason: str,
    measured: Measured | None = None,
    *,
    again: Collection[Step] = (Step.PULL,),
) -> Finding:
    """What the observations of one step say: REFUTED by a violation, UNKNOWN where something was not seen, else
    PROVED with this reason. Those of the steps in `again` are observations of another step.
    """
    for one in seen.steps(Step.STAND_IN):
        if one.ok:
            typed(one, StandInUsed)
    found = _ended(seen) or decided(
        seen.observations, [*violations, *_outside(seen)], LOOKS, (Step.STAND_IN, *needed, Step.REACHED)
    )
    found = found or _not_seen(seen)
    if found is not None:
        return replace(found, reason=f"{stack}: {found.reason}")
    own = [one for one in seen.observations if one.step not in again]
    return proved_by(f"{stack}: {reason}", counted(own), measured or {})


def _ended(seen: Seen) -> Finding | None:
    """What ended the rehearsal before this step was begun."""
    for one in seen.observations:
        if one.step == Step.STACK and not one.ok:
            return refuted(one.why())
        if one.step == Step.TURN and one.ok and not (tried := typed(one, TurnTried)).taken:
            return refuted(f"cannot be migrated now: {tried.holder} is in migration")
        if one.step == Step.STAND_IN and not one.ok:
            return unknown(one.why())
        if one.step == Step.NOT_REACHED:
            return unknown(f"not reached: {one.why()}")
    return None


def _not_seen(seen: Seen) -> Finding | None:
    """UNKNOWN for what was looked at and did not come back: only a new key may be empty, only a damaged copy may want
    changes.
    """
    for one in seen.observations:
        empty = one.step == Step.DESTINATION and absent(one)
        damaged = one.step == Step.DAMAGED and one.status == 2
        if not one.ok and not empty and not damaged:
            return unknown(f"{one.step} ({one.endpoint}): {one.why()}")
    return None


def _outside(seen: Seen) -> list[str]:
    hosts = [host for one in seen.steps(Step.REACHED) if one.ok for host in typed(one, Reached).hosts]
    return [f"the rehearsal wanted to reach {', '.join(hosts)}"] if hosts else []


def state_of(one: Observation) -> StateRead:
    """What the state of this observation says. Raises Unshaped where it was not decrypted."""
    held = typed(one, StoredState)
    if held.state is None:
        raise Unshaped(f"{one.step} ({one.endpoint}): the state was not decrypted")
    return held.state


def before(seen: Seen) -> Observation | None:
    """The pull of the state that is migrated, if it gave one."""
    return next((one for one in seen.steps(Step.PULL) if one.ok), None)


def held_locks(seen: Seen) -> list[str]:
    """That somebody works on the state, if so."""
    held = any(typed(one, LockSeen).held for one in seen.steps(Step.LOCK) if one.ok)
    return [f"{HELD}: somebody is working on it"] if held else []


def not_through(seen: Seen, step: Step) -> Finding | None:
    """UNKNOWN where one endpoint of the candidate was not asked."""
    looks = list(seen.steps(step))
    wanted: set[str] = set()
    for one in looks:
        through = one.asked.get("through")
        wanted |= set(map(str, through)) if isinstance(through, list) else {"?"}
    missing = sorted(wanted - {one.endpoint for one in looks})
    return unknown(f"{step}: not asked through {', '.join(missing)}") if missing else None
