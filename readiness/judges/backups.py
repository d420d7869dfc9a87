"""P1.15 of a store without versions: what was lost is brought back by the contract's own backup and restore."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from readiness.evidence.observation import Observation
from readiness.evidence.seen import Seen
from readiness.finding import Finding, proved, refuted
from readiness.judges.observed import Rule, absent, broken_rule, calls, fine, place, shows

STATES, STATE_BYTES = 200, 20_000
"""What is in the bucket besides what is lost: as many states as a large platform has, each as large as a middling one.
"""


class Step(StrEnum):
    """What is done, in this order, in a bucket of its own where one may be made: MADE comes back with its name.
    GET_BACK and GET_KEPT ask with `value`, what the object must say; LOST is a GET of an object that was deleted,
    GET_KEPT of one that was overwritten after the backup and that nobody asked to restore.
    """

    MADE = "make a bucket"
    STATES = "put the states of a platform"
    PUT = "put before the backup"
    BACKUP = "backup"
    OVERWRITE = "put after the backup"
    DELETE = "delete"
    LOST = "get of the lost object"
    RESTORE = "restore"
    GET_BACK = "get after the restore"
    GET_KEPT = "get of an object that was not restored"


def backups(seen: Seen) -> Finding:
    """Lost objects come back with the body of the backup through every endpoint, nothing else changes, and a backup
    is never older than was promised.
    """
    durability = seen.contract["durability"]
    if durability["backup_command"] is None:
        return refuted("the contract promises no versions, and names no backup_command and restore_command")
    rules: dict[str, Rule] = {
        Step.MADE: fine,
        Step.STATES: fine,
        Step.PUT: fine,
        Step.BACKUP: ended,
        Step.OVERWRITE: fine,
        Step.DELETE: fine,
        Step.LOST: absent("GET of"),
        Step.RESTORE: ended,
        Step.GET_BACK: shows("what was lost did not come back as it was"),
        Step.GET_KEPT: shows("the restore of another object changed it"),
    }
    if found := broken_rule(seen, rules):
        return found
    age = oldest(durability["backup_every_seconds"], seen.steps(Step.BACKUP))
    promised = float(durability["backup_rpo_seconds"])
    if age > promised:
        reason = f"a backup may be {age:.1f} s old, {promised:g} s promised (backup_rpo_seconds)"
        return refuted(reason, observations=calls(seen))
    return proved(
        f"lost objects among {STATES} states brought back by the contract's backup and restore, through every endpoint",
        calls(seen),
        backup_age_s=round(age, 1),
    )


def oldest(every: float, runs: Iterable[Observation]) -> float:
    """How many seconds old the last whole backup can be: one is begun every `every` seconds, and takes as long as
    the slowest of these runs.
    """
    return float(every) + max((one.completed - one.invoked for one in runs), default=0.0)


def ended(one: Observation) -> str | None:
    """The rule of a command of the contract that must end well."""
    return None if one.ok else f"the contract's {one.step} of {place(one)}: {one.why()}"
