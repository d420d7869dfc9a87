"""P3.x.1 to P3.x.5: one workspace's migration, rehearsed on a disposable copy of its state, and taken back again."""

from __future__ import annotations

from collections.abc import Iterator

from readiness.evidence.observation import Observation
from readiness.evidence.rehearsal import Configured, PlanRead, Returned, StandInUsed, StoredState
from readiness.evidence.seen import Seen
from readiness.evidence.stacks import BackendRead, CandidateNames
from readiness.finding import Finding, State, merge
from readiness.judges.opentofu.commands import Measured, absent, refused, result, seconds
from readiness.judges.stacks import plans
from readiness.judges.stacks.points import Points, points_at
from readiness.judges.stacks.states import differences, may_replace, stored_differences
from readiness.judges.stacks.steps import (
    HELD,
    Step,
    before,
    held_locks,
    not_through,
    proved_step,
    state_of,
)
from readiness.judges.stacks.typed import careful, typed


@careful
def pulled(seen: Seen, stack: str) -> Finding:
    """P3.x.1: the state is read from where it is now, without writing there, and is whole."""
    wrong = [*_not_admitted(seen), *held_locks(seen), *_not_pulled(seen)]
    needed = [Step.BACKEND, Step.NAMES, Step.CONFIGURATION, Step.PULL]
    if not any(one.asked.get("read") is True for one in seen.steps(Step.PULL)):
        needed.append(Step.LOCK)
    measured: Measured = {}
    if (one := before(seen)) is not None:
        state = state_of(one)
        measured = {"serial": state.serial, "resources": len(state.resources)}
    return proved_step(stack, seen, wrong, needed, "state pulled", measured, again=())


def _not_admitted(seen: Seen) -> Iterator[str]:
    """Why this stack may not be rehearsed at all."""
    names = next((typed(one, CandidateNames) for one in seen.steps(Step.NAMES) if one.ok), None)
    for one in seen.steps(Step.BACKEND):
        if not one.ok:
            yield f"its configuration cannot be read: {one.why()}"
            continue
        read = typed(one, BackendRead)
        if names is not None and (found := points_at(read, names)).points is Points.YES:
            yield f"its backend already points at the candidate ({found.reason})"
        for source in seen.steps(Step.STAND_IN):
            if source.ok and (kind := typed(source, StandInUsed).kind) != read.backend:
                yield f"its backend is {read.backend}, the source to rehearse from is {kind}"


def _not_pulled(seen: Seen) -> Iterator[str]:
    encrypted = _encrypted(seen)
    decrypted = [
        one for one in seen.steps(Step.STORED) if one.ok and result(one).get("encrypted") is not True
    ]
    for one in seen.steps(Step.PULL):
        if one.outcome in ("error", "unanswered"):
            yield f"state pull: {one.why()}"
        elif one.ok and state_of(one).empty:
            yield "the state that was pulled is empty"
        if one.ok and typed(one, StoredState).encrypted is not encrypted:
            decrypted.append(one)
    if decrypted:
        yield "its state is encrypted, and what reads it gives it decrypted: read the stored state as it is"


def _encrypted(seen: Seen) -> bool:
    return any(typed(one, Configured).encrypted for one in seen.steps(Step.CONFIGURATION) if one.ok)


@careful
def reviewed(seen: Seen, stack: str) -> Finding:
    """P3.x.2: the plan fits the configuration, the disposable copy is the state that was pulled, and nothing is in its
    way at the new key.
    """
    wrong = [*_not_planned(seen)]
    if (one := before(seen)) is not None:
        wrong += [*_not_copied(seen, one), *_in_the_way(seen, one)]
    needed = (Step.PULL, Step.CONFIGURATION, Step.PLAN, Step.COPY, Step.DESTINATION)
    found = proved_step(stack, seen, wrong, needed, f"{_plan_said(seen)}{_without(seen)}")
    return _through(found, seen, Step.DESTINATION)


def _not_planned(seen: Seen) -> Iterator[str]:
    configured = [typed(one, Configured) for one in seen.steps(Step.CONFIGURATION)]
    for one in seen.steps(Step.PLAN):
        if not one.ok:
            yield one.why()
            continue
        for each in configured:
            if wrong := list(plans.faults(typed(one, PlanRead), each)):
                yield f"migration plan: {'; '.join(wrong)}"


def _plan_said(seen: Seen) -> str:
    return "; ".join(plans.reviewed(typed(one, PlanRead)) for one in seen.steps(Step.PLAN) if one.ok)


def _without(seen: Seen) -> str:
    names = [name for one in seen.steps(Step.CONFIGURATION) for name in typed(one, Configured).without]
    return f"; its stand-in has no {', no '.join(names)}" if names else ""


def _not_copied(seen: Seen, pulled: Observation) -> Iterator[str]:
    for one in seen.steps(Step.COPY):
        if one.ok and (wrong := differences(state_of(pulled), state_of(one))):
            yield f"the disposable copy is not the state: {'; '.join(wrong)}"


def _in_the_way(seen: Seen, pulled: Observation) -> Iterator[str]:
    for one in seen.steps(Step.DESTINATION):
        if not one.ok:
            continue
        held = typed(one, StoredState)
        if held.encrypted:
            yield f"{one.endpoint}: the destination already holds an encrypted state"
        elif wrong := may_replace(state_of(pulled), held.state):
            yield f"{one.endpoint}: {'; '.join(wrong)}"


@careful
def migrated(seen: Seen, stack: str) -> Finding:
    """P3.x.3: the state was put at the new key, create-only, and `init -migrate-state` found both equal and moved over;
    looked at through every endpoint of the candidate.
    """
    wrong = [*held_locks(seen), *_not_put(seen), *_not_moved(seen)]
    if (one := before(seen)) is not None and (other := list(_not_the_state(seen, one))):
        wrong.append(f"the migrated state is not the state that was pulled: {'; '.join(other)}")
    needed = (
        Step.PULL, Step.LOCK, Step.PUT, Step.MIGRATE, Step.RECORDED, Step.PULLED, Step.MIGRATED,
    )  # fmt: skip
    took = _took("migrate_s", seen, Step.MIGRATE)
    found = proved_step(stack, seen, wrong, needed, "state migrated whole", took)
    return _through(found, seen, Step.MIGRATED)


def _not_put(seen: Seen) -> Iterator[str]:
    for one in seen.steps(Step.PUT):
        if one.ok and result(one).get("created") is not True:
            yield "somebody else has just put a state at the new key"


def _not_moved(seen: Seen) -> Iterator[str]:
    for one in seen.steps(Step.MIGRATE):
        if refused(one):
            yield f"{HELD}: {one.why()}"
        elif not one.ok:
            yield f"init -migrate-state: {one.why()}"
    for one in seen.steps(Step.RECORDED):
        if one.result != one.asked.get("wanted") or not one.result:
            yield f"init -migrate-state recorded another backend than the candidate: {one.result}"
    for one in seen.steps(Step.PULLED):
        if one.outcome in ("error", "unanswered"):
            yield f"state pull from the candidate: {one.why()}"


def _not_the_state(seen: Seen, pulled: Observation) -> Iterator[str]:
    for one in seen.steps(Step.PULLED):
        if one.ok:
            yield from differences(state_of(pulled), state_of(one))
    for one in seen.steps(Step.MIGRATED):
        if one.ok or absent(one):
            held = typed(one, StoredState) if one.ok else None
            yield from (
                f"{one.endpoint}: {wrong}" for wrong in stored_differences(typed(pulled, StoredState), held)
            )


@careful
def no_op(seen: Seen, stack: str) -> Finding:
    """P3.x.4: a plan against the candidate wants nothing."""
    tried = list(seen.steps(Step.NO_OP))
    wrong = [f"the no-op plan on the candidate: {_wants(one)}" for one in tried if not one.ok]
    took = _took("plan_s", seen, Step.NO_OP)
    return proved_step(stack, seen, wrong, (Step.NO_OP,), "no-op plan on the candidate", took)


def _took(name: str, seen: Seen, step: Step) -> Measured:
    return {key: round(seconds(one), 2) for key, one in zip((name,), seen.steps(step), strict=False)}


def _wants(one: Observation) -> str:
    return "it wants changes" if one.status == 2 else one.why()


@careful
def rolled_back(seen: Seen, stack: str) -> Finding:
    """P3.x.5: the source's copy was damaged; what the note names brought it back, and a plan against the source wants
    nothing.
    """
    plan = next((typed(one, PlanRead) for one in seen.steps(Step.PLAN) if one.ok), None)
    wrong = [*_not_planned(seen), *_not_damaged(seen)]
    if plan is not None:
        wrong += _nothing_to_return_to(seen, plan)
    if (one := before(seen)) is not None:
        wrong += _not_restored(seen, one)
    needed = [
        Step.PULL, Step.CONFIGURATION, Step.PLAN, Step.DAMAGED, Step.RETURN, Step.RESTORED, Step.AFTER,
    ]  # fmt: skip
    if plan is not None and plan.returns_to.startswith("file:") and not _encrypted(seen):
        needed.append(Step.PUSH)
    back = plan.returns_to if plan is not None else ""
    return proved_step(stack, seen, wrong, needed, f"{_plan_said(seen)}; rolled back to {back}")


def _not_damaged(seen: Seen) -> Iterator[str]:
    for one in seen.steps(Step.DAMAGED):
        if one.answered and one.status != 2:
            yield "the damage that the rollback is to undo does not show in a plan"


def _nothing_to_return_to(seen: Seen, plan: PlanRead) -> Iterator[str]:
    kind, _, name = plan.returns_to.partition(":")
    for one in seen.steps(Step.RETURN):
        there = one.asked.get("pulled")
        version = typed(one, Returned).version
        if kind == "version" and not version:
            yield f"the rollback note names {plan.returns_to}, and the source keeps no versions"
        elif kind != "version" and name != there:
            yield f"the rollback note names {name}, but {there} was pulled"
    for one in seen.steps(Step.PUSH):
        if not one.ok:
            yield f"the rollback's state push: {one.why()}"


def _not_restored(seen: Seen, pulled: Observation) -> Iterator[str]:
    for one in seen.steps(Step.RESTORED):
        if one.ok and (wrong := differences(state_of(pulled), state_of(one), rolled_back=True)):
            yield f"after the rollback: {'; '.join(wrong)}"
    for one in seen.steps(Step.AFTER):
        if not one.ok:
            yield f"the no-op plan on the source after the rollback: {_wants(one)}"


STEPS = (pulled, reviewed, migrated, no_op, rolled_back)
"""The judges of one workspace, in the order of a stack's criteria."""


def _through(found: Finding, seen: Seen, step: Step) -> Finding:
    """The finding, unless an endpoint was not asked and nothing is refuted."""
    missing = not_through(seen, step)
    return found if missing is None or found.state is State.REFUTED else merge([found, missing])
