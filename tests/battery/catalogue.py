"""Every defect of the battery, by name."""

from __future__ import annotations

from tests.battery.defect import Defect
from tests.battery.defects import (
    access,
    conditions,
    deletes,
    durability,
    evidence,
    halves,
    hardware,
    harness,
    housekeeping,
    listings,
    older,
    opentofu,
    outages,
    promises,
    reads,
    returns,
    suspended,
    upgrades,
)

ALL: tuple[Defect, ...] = (
    *conditions.DEFECTS,
    *reads.DEFECTS,
    *listings.DEFECTS,
    *deletes.DEFECTS,
    *suspended.DEFECTS,
    *durability.DEFECTS,
    *hardware.DEFECTS,
    *returns.DEFECTS,
    *halves.DEFECTS,
    *upgrades.DEFECTS,
    *housekeeping.DEFECTS,
    *older.DEFECTS,
    *outages.DEFECTS,
    *access.DEFECTS,
    *opentofu.DEFECTS,
    *harness.DEFECTS,
    *promises.DEFECTS,
    *evidence.DEFECTS,
)
BY_NAME = {defect.name: defect for defect in ALL}
assert len(BY_NAME) == len(ALL)


def named(name: str) -> Defect | None:
    """The defect of that name; None for `none`. Raises KeyError."""
    return None if name == "none" else BY_NAME[name]
