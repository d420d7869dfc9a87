"""P1.15: versions survive, and a previous version can be restored."""

from __future__ import annotations

from enum import StrEnum

from readiness.evidence.observation import Observation
from readiness.evidence.seen import Seen
from readiness.finding import Finding, proved, refuted
from readiness.judges.observed import Rule, broken_rule, calls, fine, place

WRITES = 4


class Step(StrEnum):
    """What is done with each key, in this order. A PUT and a delete come back with a version id, listings with pairs
    of version id and whether it is a delete marker, GET with what the body says.
    """

    PUT = "put"
    VERSIONS = "versions"
    GET_VERSION = "get version"
    DELETE = "delete"
    VERSIONS_DELETED = "versions after the delete"
    REMOVE_MARKER = "remove the delete marker"
    GET_BACK = "get without the marker"
    COPY = "copy an old version"
    GET_RESTORED = "get after the copy"
    VERSIONS_RESTORED = "versions after the copy"


def versions(seen: Seen) -> Finding:
    """Every write is a version, listed and readable; a delete hides and loses nothing; old versions come back."""
    ids: dict[str, list[object]] = {}
    for one in seen.steps(Step.PUT):
        if one.ok:
            ids.setdefault(place(one), []).append(one.result)
    for key, given in ids.items():
        if len(given) == WRITES and len(set(map(str, given))) != WRITES:
            reason = f"{key}: {WRITES} writes gave the version ids {given}: the bucket does not version"
            return refuted(reason, observations=calls(seen))

    def other_versions(one: Observation) -> str | None:
        written = set(map(str, ids.get(place(one), ())))
        if not written or {id_ for id_, _ in _listed(one)} == written:
            return None
        return f"{place(one)}: {one.endpoint} lists other versions than were written"

    rules: dict[str, Rule] = {
        Step.PUT: fine,
        Step.VERSIONS: other_versions,
        Step.GET_VERSION: _other_body,
        Step.DELETE: fine,
        Step.VERSIONS_DELETED: _fewer(WRITES, "a delete removed versions"),
        Step.REMOVE_MARKER: fine,
        Step.GET_BACK: _shows("removing the delete marker did not bring the last version back"),
        Step.COPY: fine,
        Step.GET_RESTORED: _shows("an old version copied over the key is not what the key shows"),
        Step.VERSIONS_RESTORED: _fewer(WRITES + 1, "the restore removed versions"),
    }
    reason = f"{WRITES} versions of each object kept, read and restored through every endpoint"
    return broken_rule(seen, rules) or proved(reason, calls(seen))


def _listed(one: Observation) -> list[tuple[str, bool]]:
    rows = one.result if isinstance(one.result, list) else []
    return [(str(row[0]), bool(row[1])) for row in rows if isinstance(row, list)]


def _other_body(one: Observation) -> str | None:
    if one.result == one.asked["value"]:
        return None
    number = one.asked["number"]
    return f"{place(one)}: version {number} of {WRITES} read through {one.endpoint} has another body"


def _fewer(wanted: int, what: str) -> Rule:
    def rule(one: Observation) -> str | None:
        bodies = sum(not marker for _, marker in _listed(one))
        return None if bodies == wanted else f"{place(one)}: {what}"

    return rule


def _shows(what: str) -> Rule:
    def rule(one: Observation) -> str | None:
        return None if one.result == one.asked["value"] else f"{place(one)}: {what}"

    return rule
