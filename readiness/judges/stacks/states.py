"""Whether a migrated state is the state that was migrated: pure comparison, and what refuses a migration."""

from __future__ import annotations

from collections.abc import Iterable

from readiness.evidence.rehearsal import Item, StateRead, StoredState


def differences(before: StateRead, after: StateRead, *, rolled_back: bool = False) -> list[str]:
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
    found += _items("resources", before.resources, after.resources)
    found += _items("outputs", before.outputs, after.outputs)
    if sorted(before.checks) != sorted(after.checks):
        found.append("the check results differ")
    return found


def stored_differences(pulled: StoredState, held: StoredState | None) -> list[str]:
    """How what is stored at the new key is not the state that was pulled. An encrypted one is compared by its bytes."""
    if held is None:
        return ["no state"]
    if pulled.encrypted:
        return [] if held.digest == pulled.digest else ["the encrypted state is not the same bytes"]
    if pulled.state is None or held.state is None:
        return ["an encrypted state"]
    return differences(pulled.state, held.state)


def may_replace(source: StateRead, destination: StateRead | None) -> list[str]:
    """Why the source's state must not be copied over what the destination holds. `init -migrate-state
    -force-copy` would not ask.
    """
    if destination is None or destination.empty:
        return []
    if destination.lineage != source.lineage:
        return [f"the destination already holds a state of another lineage ({destination.lineage})"]
    if destination.serial > source.serial:
        return [
            f"the serial would go backwards: the destination has {destination.serial}, the source {source.serial}"
        ]
    return []


def _items(what: str, before: Iterable[Item], after: Iterable[Item]) -> list[str]:
    was, now = _by_name(before), _by_name(after)
    lost, added = sorted(was.keys() - now.keys()), sorted(now.keys() - was.keys())
    changed = sorted(name for name in was.keys() & now.keys() if was[name] != now[name])
    return [
        f"{what} {how}: {', '.join(names[:5])}{f' and {len(names) - 5} more' if len(names) > 5 else ''}"
        for how, names in (("lost", lost), ("added", added), ("changed", changed))
        if names
    ]


def _by_name(items: Iterable[Item]) -> dict[str, list[str]]:
    """Several items share a name where a secret was removed from it."""
    found: dict[str, list[str]] = {}
    for item in items:
        found.setdefault(item.name, []).append(item.digest)
    return {name: sorted(digests) for name, digests in found.items()}
