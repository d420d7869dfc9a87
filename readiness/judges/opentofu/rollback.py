"""P2.7: the previous version of a state is restored and rolled forward again, by both ways that an operator has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from enum import StrEnum

from readiness.checkers.words import count
from readiness.evidence.observation import Observation
from readiness.evidence.seen import Seen
from readiness.finding import Finding, proved, unknown
from readiness.judges.backups import ended
from readiness.judges.opentofu.commands import absent, counted, decided, result, wrong_answer


class Step(StrEnum):
    """What is asked. VERSIONS comes back with how many `versions` an endpoint lists and which is the `previous` one.
    STATE asks with `lineage`, `revision`, `when`, and `serial` where it is known; PLAN and FORWARD with `what`.
    """

    PULL = "state pull"
    VERSIONS = "versions of the state"
    RESTORE = "copy the previous version over the key"
    BACKUP = "backup"
    LOSE = "delete of the state"
    BRING_BACK = "restore"
    PUSH_OLDER = "state push of an older serial"
    PUSH_FORCED = "state push -force"
    FORWARD = "apply forward"
    STATE = "state object"
    PLAN = "plan"


def _pulled(one: Observation) -> str | None:
    return f"state pull through {one.endpoint} is empty" if result(one).get("size") == 0 else None


def _versions(one: Observation) -> str | None:
    listed = int(result(one)["versions"]) if one.ok else 2
    if listed >= 2:
        return None
    return f"{one.endpoint} lists {count(listed, 'version')} of a state that was written twice"


def _older(one: Observation) -> str | None:
    if one.status is None:
        return f"state push: {one.why()}"
    if one.ok or not result(one).get("cannot"):
        return f"state push took an older serial without -force ({'exit code 0' if one.ok else one.why()})"
    return None


def _must(one: Observation) -> str | None:
    return None if one.ok else f"{one.asked['what']}: {wrong_answer(one) or one.why()}"


def _state(one: Observation) -> str | None:
    asked, found, name = one.asked, result(one), one.endpoint
    when = asked["when"]
    if absent(one):
        return f"{name} has no state {when}"
    if not one.ok:
        return None
    if found["lineage"] != asked["lineage"]:
        return f"{name} has another lineage {when}"
    if "serial" in asked and found["serial"] != asked["serial"]:
        return f"{name} has serial {found['serial']}, not {asked['serial']}, {when}"
    if found["revision"] != asked["revision"]:
        return f"{name} does not hold revision {asked['revision']} {when}"
    return None


RULES: dict[str, Callable[[Observation], str | None]] = {
    Step.PULL: _pulled,
    Step.VERSIONS: _versions,
    Step.BACKUP: ended,
    Step.BRING_BACK: ended,
    Step.PUSH_OLDER: _older,
    Step.PUSH_FORCED: _must,
    Step.FORWARD: _must,
    Step.STATE: _state,
    Step.PLAN: _must,
}
VERSIONED = (Step.VERSIONS, Step.RESTORE)
BACKED_UP = (Step.BACKUP, Step.LOSE, Step.BRING_BACK)
PUSHED = (Step.PULL, Step.PUSH_OLDER, Step.PUSH_FORCED, Step.FORWARD, Step.STATE, Step.PLAN)


def broken(one: Observation) -> str | None:
    """What is wrong with this step; None if nothing is."""
    rule = RULES.get(one.step)
    return rule(one) if rule else None


def disagreement(listed: list[Observation]) -> str | None:
    """Whether the endpoints show different previous versions, or one of them does not have it."""
    chosen = {result(one).get("previous") for one in listed if one.ok}
    if len(chosen) <= 1 and None not in chosen:
        return None
    return f"the endpoints do not agree on the previous version: {sorted(map(str, chosen))}"


def restored(seen: Seen) -> Finding:
    """P2.7. The version is copied only where the contract promises versions; where it promises a backup instead, a
    state that was deleted is brought back from it.
    """
    violations = [why for one in seen.observations if (why := broken(one))]
    if not violations and (differ := disagreement(list(seen.steps(Step.VERSIONS)))):
        violations = [differ]
    versioned, backed_up = seen.promises.versioning, seen.promises.backup and not seen.promises.versioning
    needed = (*(VERSIONED if versioned else BACKED_UP if backed_up else ()), *PUSHED)
    if found := decided(seen.observations, violations[:1], tuple(Step), needed):
        return found
    if unfinished := _unfinished(seen, 4 if versioned or backed_up else 2):
        return unfinished
    ways = ["previous version copied over the key"] if versioned else []
    ways += ["a deleted state brought back by the contract's backup"] if backed_up else []
    listed = ", ".join([*ways, "pulled state pushed back"])
    first = next(seen.steps(Step.PULL))
    return proved(
        f"restored and rolled forward: {listed}",
        counted(seen.observations),
        restored_serial=int(result(first)["serial"]),
    )


def _unfinished(seen: Seen, checks: int) -> Finding | None:
    """UNKNOWN unless the state was looked at and planned through every endpoint so many times."""
    for step in (Step.STATE, Step.PLAN):
        through = Counter(one.endpoint for one in seen.steps(step))
        few = [name for name, times in through.items() if times < checks]
        if few:
            return unknown(f"not tried after every step: {step} through {', '.join(few)}")
    return None
