"""Whether a migrated state is the state that was migrated: pure comparison, and what refuses a migration."""

from __future__ import annotations

import json
from collections.abc import Mapping

from readiness.errors import Refuted
from readiness.finding import Finding, State
from readiness.tofu.state import Snapshot


def differences(before: Snapshot, after: Snapshot, *, rolled_back: bool = False) -> list[str]:
    """What differs between a state and its copy: lineage, serial, resources, outputs, check results. Values are
    never shown.

    After a rollback by `state push -force` the serial may be higher than it was: tofu counts the push. The order
    of check results says nothing: tofu writes them in the order of a map.
    """
    found = []
    if after.lineage != before.lineage:
        found.append(f"the lineage differs ({before.lineage} became {after.lineage})")
    if after.serial < before.serial:
        found.append(f"the serial went backwards ({before.serial} became {after.serial})")
    elif after.serial > before.serial and not rolled_back:
        found.append(f"the serial advanced by {after.serial - before.serial}, though nothing was applied")
    found += _mapping("resources", before.resources, after.resources)
    found += _mapping("outputs", before.outputs, after.outputs)
    if _checks(before) != _checks(after):
        found.append("the check results differ")
    return found


def may_replace(source: Snapshot, destination: Snapshot | None) -> list[str]:
    """Why the source's state must not be copied over what the destination holds. `init -migrate-state
    -force-copy` would not ask."""
    if destination is None or destination.empty:
        return []
    if destination.lineage != source.lineage:
        return [f"the destination already holds a state of another lineage ({destination.lineage})"]
    if destination.serial > source.serial:
        return [
            f"the serial would go backwards: the destination has {destination.serial}, the source {source.serial}"
        ]
    return []


class NotProvedError(Refuted):
    """An apply was attempted before the five steps of its stack were proved."""


def must_be_proved(stack: str, steps: Mapping[str, Finding]) -> None:
    """Every step of this stack is there and PROVED, by direct observations. Raises NotProvedError: nothing may be
    applied."""
    wanted = [f"P3.{stack}.{number}" for number in range(1, 6)]
    missing = [
        f"{name} is {steps[name].state if name in steps else State.NOT_RUN}"
        for name in wanted
        if name not in steps or steps[name].state is not State.PROVED
    ]
    if missing:
        raise NotProvedError(f"{stack} must not be applied: {', '.join(missing)}")


def _mapping(what: str, before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    lost = sorted(before.keys() - after.keys())
    added = sorted(after.keys() - before.keys())
    changed = sorted(
        name for name in before.keys() & after.keys() if _canonical(before[name]) != _canonical(after[name])
    )
    return [
        f"{what} {how}: {', '.join(names[:5])}{f' and {len(names) - 5} more' if len(names) > 5 else ''}"
        for how, names in (("lost", lost), ("added", added), ("changed", changed))
        if names
    ]


def _checks(snapshot: Snapshot) -> list[str]:
    return sorted(
        _canonical({**check, "objects": sorted(map(_canonical, check.get("objects") or ()))})
        for check in snapshot.checks
    )


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True)
