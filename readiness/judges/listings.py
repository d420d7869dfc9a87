"""P1.9, while nothing changes: a listing in pages shows every key once, in order, whatever the page size and however
deep the keys lie; and of each key's versions it calls the newest the latest, and no other.
"""

from __future__ import annotations

from enum import StrEnum

from readiness.evidence.observation import Observation
from readiness.evidence.seen import Seen
from readiness.finding import Finding, proved
from readiness.judges.observed import Rule, broken_rule, calls, fine

KEYS = 1003
"""More than one full page: stores and clients stop at 1000."""
FEW, SMALL = 30, 7
PREFIX = "p1.9/"
NAMES = tuple(f"{PREFIX}{number:04}" for number in range(KEYS))
NESTED = tuple(
    f"p1.9-nested/{key}"
    for key in ("prod-eu/state", "prod/state", "prod/sub/state", "prod2/state", "prod2/sub/state")
)
"""Keys of workspaces, sorted, each of which only has to be there once; `NESTED_PREFIX` ends within the names of their
folders.
"""
NESTED_PREFIX = "p1.9-nested/prod"
AGES, AGES_PREFIX = 4, "p1.9-ages/"
"""Keys that are written twice; every second one of them is deleted then."""


class Step(StrEnum):
    """What is asked. Listings come back with the keys in their order; LATEST with the key, the version id and whether
    it is said to be the latest of each entry, and it asks with the id of the newest by key.
    """

    PUT = "put the keys"
    FULL = "LIST in full pages"
    SMALL = "LIST"
    SMALL_V1 = "LIST (version 1)"
    SMALL_VERSIONS = "LIST of versions"
    NESTED = "LIST of nested keys"
    NESTED_V1 = "LIST (version 1) of nested keys"
    AGE = "put and delete the keys with versions"
    LATEST = "LIST of which versions are the latest"


def pages(seen: Seen) -> Finding:
    """Full pages with both clients, small ones of LIST in both forms and of versions, through every endpoint."""
    small = _shows(NAMES[:FEW], f"in pages of {SMALL}")
    rules: dict[str, Rule] = {
        Step.PUT: fine,
        Step.FULL: _shows(NAMES, f"of {KEYS} keys"),
        Step.SMALL: small,
        Step.SMALL_V1: small,
        Step.NESTED: _shows(NESTED, "in pages of 1", ordered=False),
        Step.NESTED_V1: _shows(NESTED, "in pages of 1", ordered=False),
    }
    if seen.promises.versioning:
        rules |= {Step.SMALL_VERSIONS: small, Step.AGE: fine, Step.LATEST: _latest}
    reason = (
        f"{KEYS} keys in full pages, {FEW} in pages of {SMALL}, {len(NESTED)} nested ones in pages of 1: each once "
        "and in order, through every endpoint"
    )
    return broken_rule(seen, rules) or proved(reason, calls(seen))


def _shows(wanted: tuple[str, ...], how: str, *, ordered: bool = True) -> Rule:
    def rule(one: Observation) -> str | None:
        found = [str(key) for key in one.result] if isinstance(one.result, list) else []
        wrong = _differs(found if ordered else sorted(found), list(wanted))
        return wrong and f"{one.step} {how} {one.where}: a page is wrong: {wrong}"

    return rule


def _latest(one: Observation) -> str | None:
    """Over all pages, one entry of each key is the latest: its newest version, or delete marker."""
    said: dict[str, list[str]] = {}
    for row in one.result if isinstance(one.result, list) else []:
        if isinstance(row, list) and row[2]:
            said.setdefault(str(row[0]), []).append(str(row[1]))
    newest = one.asked["newest"]
    for key, id_ in newest.items() if isinstance(newest, dict) else ():
        found = said.get(key, [])
        if len(found) != 1:
            return f"{one.step} {one.where}: {len(found)} entries of {key} are said to be the latest"
        if found != [id_]:
            return f"{one.step} {one.where}: of {key} not the newest entry is said to be the latest"
    return None


def _differs(found: list[str], wanted: list[str]) -> str | None:
    if found == wanted:
        return None
    if missing := sorted(set(wanted) - set(found)):
        place = wanted.index(missing[0]) + 1
        return f"{len(missing)} of {len(wanted)} keys are missing, the first is {missing[0]}, number {place} in order"
    if more := sorted(set(found) - set(wanted)):
        return f"it shows {more[0]}, which nobody wrote"
    return "a key is there twice" if len(found) > len(wanted) else "the keys are not in order"
