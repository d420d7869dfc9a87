"""What a criterion needs besides endpoints and a credential: what a check cannot ask, and what would have to be
declared for it. Pure.
"""

from __future__ import annotations

from readiness.criteria.model import Criterion
from readiness.evidence.seen import Group

_CONTRACT = (
    "a candidate file whose [contract] says who may use the store, who rotates credentials, whether versions or "
    "backups are kept, how long an outage may be, and which metrics and alerts there are"
)
_APART = (
    "nodes that can be seen to be separate: isolate, reaches and bytes of [[nodes]], or connections of [[instances]]; "
    "--allow-faults"
)
_WITHOUT_CACHES = "nodes that can be seen to reach no cache: isolate of [[nodes]]; --allow-faults"
_INSTANCES = "[[instances]] with stop, start, kill, pause, unpause and identity, and --allow-faults"
_STACKS = "--stacks DIR: a checkout with the protected stacks"
_TOFU = "runs of real tofu through the same faults (phase 2)"
_WHOLE = "a whole run: it adds up what all others found"
_HARDWARE = "power_off and power_on of [[nodes]], and what shows that it happened (docs/power-and-disks.md)"
_SPLIT = "isolate_from_peers and rejoin_peers of [[nodes]]"
_OF_GROUP = {
    Group.DRAINS: "drain and restore of [[nodes]] (without them: stop and start of their instances)",
    Group.REPAIRS: "wipe, files and repair of [[nodes]]",
    Group.POWER_CUTS: _HARDWARE,
    Group.POWER_CUT_OF_ONE: _HARDWARE,
    Group.FULL_DISKS: "fill, free and available of [[nodes]] (docs/power-and-disks.md)",
    Group.SPLITS: _SPLIT,
    Group.LIMPS: "limp and unlimp of [[nodes]]",
    Group.UPGRADES: "[upgrade] with two versions, upgrade of [[nodes]] and version of [[instances]]",
}
_OF_CRITERION = {
    "S.1": _APART,
    "S.2": _APART,
    "S.5": _WITHOUT_CACHES,
    "S.4": "a read-only command that finds a diverging bucket index (contract.divergence)",
    "S.6": _WHOLE,
    "P0.5": "metrics that answer and alert rules that name them (contract.observability)",
    "P1.8": _STACKS,
    "P1.15": "backup_command and restore_command of contract.durability, for a store without versions",
    "P1.18": "rotate_add and rotate_retire of [commands]; --allow-faults",
    "P2.13": f"{_TOFU}; {_HARDWARE}",
    "P2.14": f"{_TOFU}; {_SPLIT}",
}
_OF_PHASE = {0: _CONTRACT, 1: _INSTANCES, 2: _TOFU, 3: _STACKS, 4: _WHOLE}


def needs(criterion: Criterion) -> str:
    """What it takes to judge all of this criterion, in words that name the fields of a candidate file."""
    if found := _OF_CRITERION.get(criterion.id):
        return found
    of_groups = [_OF_GROUP[group] for group in criterion.scenarios if group in _OF_GROUP]
    return of_groups[0] if len(criterion.scenarios) == len(of_groups) == 1 else _OF_PHASE[criterion.phase]
