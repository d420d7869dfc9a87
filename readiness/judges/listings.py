"""P1.9, while nothing changes: a listing in pages shows every key once, in order, whatever the page size."""

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


class Step(StrEnum):
    """What is asked. Listings come back with the keys in their order."""

    PUT = "put the keys"
    FULL = "LIST in full pages"
    SMALL = "LIST"
    SMALL_V1 = "LIST (version 1)"
    SMALL_VERSIONS = "LIST of versions"


def pages(seen: Seen) -> Finding:
    """Full pages with both clients, small ones of LIST in both forms and of versions, through every endpoint."""
    small = _shows(NAMES[:FEW], f"in pages of {SMALL}")
    rules: dict[str, Rule] = {
        Step.PUT: fine,
        Step.FULL: _shows(NAMES, f"of {KEYS} keys"),
        Step.SMALL: small,
        Step.SMALL_V1: small,
    }
    if seen.promises.versioning:
        rules[Step.SMALL_VERSIONS] = small
    reason = f"{KEYS} keys in full pages, {FEW} in pages of {SMALL}: each once and in order, through every endpoint"
    return broken_rule(seen, rules) or proved(reason, calls(seen))


def _shows(wanted: tuple[str, ...], how: str) -> Rule:
    def rule(one: Observation) -> str | None:
        found = [str(key) for key in one.result] if isinstance(one.result, list) else []
        wrong = _differs(found, list(wanted))
        return wrong and f"{one.step} {how} {one.where}: a page is wrong: {wrong}"

    return rule


def _differs(found: list[str], wanted: list[str]) -> str | None:
    if found == wanted:
        return None
    if missing := sorted(set(wanted) - set(found)):
        place = wanted.index(missing[0]) + 1
        return f"{len(missing)} of {len(wanted)} keys are missing, the first is {missing[0]}, number {place} in order"
    if more := sorted(set(found) - set(wanted)):
        return f"it shows {more[0]}, which nobody wrote"
    return "a key is there twice" if len(found) > len(wanted) else "the keys are not in order"
