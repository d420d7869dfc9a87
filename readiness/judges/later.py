"""P1.15 of a bucket whose versioning is enabled after its first objects, as it often is with buckets of state."""

from __future__ import annotations

from enum import StrEnum

from readiness.evidence.observation import Observation
from readiness.evidence.seen import Seen
from readiness.finding import Finding, proved, unknown
from readiness.judges.observed import Rule, absent, broken_rule, calls, fine, place, shows, untried

BEFORE = "null"
"""The version id of what was written before versioning was enabled (S3 user guide, "Working with objects in a
versioning-enabled bucket").
"""
ENABLED_SECONDS = 30.0


class Step(StrEnum):
    """What is done, in this order, with two keys an endpoint: one is overwritten after versioning was enabled, one is
    deleted. MADE comes back with the new bucket, or None where no bucket may be made; VERSIONED, the last one of each
    endpoint, with the version id of a write; LISTED with keys; VERSIONS with lists of version id and whether that is
    said to be the latest. GET asks with `value`, what the body must say; VERSIONS with `newest`, an id.
    """

    MADE = "make a bucket without versioning"
    PUT = "put before versioning is enabled"
    ENABLE = "enable versioning"
    VERSIONED = "put to see whether there are versions now"
    OVERWRITE = "overwrite what was written before versioning"
    DELETE = "delete what was written before versioning"
    HEAD_DELETED = "HEAD after the delete"
    LISTED = "LIST after the delete"
    VERSIONS = "versions of a key from before versioning"
    GET = "get the version from before versioning"
    REMOVE_MARKER = "remove the delete marker"
    GET_BACK = "get what was deleted"


def later(seen: Seen) -> Finding | None:
    """What is deleted leaves every listing, and what was written before is kept and comes back. None where no bucket
    may be made for it.
    """
    made = next(seen.steps(Step.MADE), None)
    if made is None:
        return untried(seen, [Step.MADE])
    if not made.ok:
        return unknown(f"{made.step} {made.where}: {made.why()}")
    if made.result is None:
        return None
    without = {one.endpoint: one for one in seen.steps(Step.VERSIONED)}
    if late := next((one for one in without.values() if one.result in (None, BEFORE)), None):
        return unknown(
            f"{ENABLED_SECONDS:g} s after its versioning was enabled, a write to {late.asked['bucket']} {late.where} "
            "makes no version yet"
        )
    rules: dict[str, Rule] = {
        Step.PUT: fine,
        Step.ENABLE: fine,
        Step.VERSIONED: fine,
        Step.OVERWRITE: fine,
        Step.DELETE: fine,
        Step.HEAD_DELETED: absent("HEAD of a deleted key"),
        Step.LISTED: _left_out,
        Step.VERSIONS: _two,
        Step.GET: shows("what was written before versioning was enabled is not kept"),
        Step.REMOVE_MARKER: fine,
        Step.GET_BACK: shows(
            "removing the delete marker did not bring back what was written before versioning"
        ),
    }
    reason = (
        "what was written before versioning was enabled is kept, leaves LIST when deleted, and comes back"
    )
    return broken_rule(seen, rules) or proved(reason, calls(seen))


def _left_out(one: Observation) -> str | None:
    found = one.result if isinstance(one.result, list) else []
    if one.asked["deleted"] in found:
        return (
            f"LIST {one.where}: {one.asked['deleted']} is still listed, although it was deleted: it was written before "
            "versioning was enabled"
        )
    return None if one.asked["key"] in found else f"LIST {one.where}: {one.asked['key']} is not listed"


def _two(one: Observation) -> str | None:
    """The version from before and the newest entry, which alone is the latest."""
    found = one.result if isinstance(one.result, list) else []
    rows = {str(row[0]): bool(row[1]) for row in found if isinstance(row, list)}
    if rows == {BEFORE: False, str(one.asked["newest"]): True}:
        return None
    latest = sum(rows.values())
    wrong = (
        "are not the two that there are" if len(rows) != 2 else f"{latest} of them are said to be the latest"
    )
    return f"versions of {place(one)} {one.where}: {wrong}"
