"""How many writes the store acknowledged, and how many of them were lost: from what the criteria measured. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from readiness.criteria import BY_ID, Level
from readiness.finding import Measured, State

_LOST = ": objects_lost"


@dataclass(frozen=True)
class Writes:
    """Writes as OpenTofu writes, over all scenarios. `objects` have one that was acknowledged; of `lost` objects the
    last one was not found at the end. `criteria` have measured it.
    """

    acknowledged: int
    objects: int
    lost: int
    scenarios: int
    criteria: tuple[str, ...]


def count_writes(measured: Mapping[str, Measured]) -> Writes | None:
    """The writes of each scenario, whichever criteria judge it; by criterion, what was measured. None if no criterion
    has read back what was acknowledged. Criteria of level `s3` judge keys that OpenTofu would not write so.
    """
    scenarios: dict[str, tuple[int, int, int]] = {}
    criteria = []
    for id_, values in measured.items():
        if id_ not in BY_ID or BY_ID[id_].level is Level.S3:
            continue
        names = [name.removesuffix(_LOST) for name in values if name.endswith(_LOST)]
        criteria += [id_] if names else []
        for name in names:
            found = tuple(
                _number(values, f"{name}: {what}")
                for what in ("acknowledged_writes", "objects", "objects_lost")
            )
            scenarios[name] = _larger(found, scenarios.get(name, (0, 0, 0)))
    if not scenarios:
        return None
    acknowledged, objects, lost = (sum(each) for each in zip(*scenarios.values(), strict=True))
    return Writes(acknowledged, objects, lost, len(scenarios), tuple(criteria))


def unproved(found: Writes, criteria: Iterable[Mapping[str, Any]]) -> list[str]:
    """Of the criteria of a verdict that have read writes back, those that are not PROVED, with their state."""
    return [
        f"{row['id']} {row['state']}"
        for row in criteria
        if row["id"] in found.criteria and row["state"] != State.PROVED
    ]


def _larger(one: tuple[int, ...], other: tuple[int, int, int]) -> tuple[int, int, int]:
    first, second, third = map(max, one, other)
    return first, second, third


def _number(values: Measured, name: str) -> int:
    value = values.get(name)
    return int(value) if isinstance(value, int | float) else 0
