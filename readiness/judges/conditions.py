"""P1.11 (without a fault) and P1.12: conditional requests."""

from __future__ import annotations

from enum import StrEnum

from readiness.checkers.guard import guarded
from readiness.checkers.races import check_one_winner
from readiness.evidence.observation import Observation
from readiness.evidence.seen import Seen
from readiness.finding import Finding, proved
from readiness.judges.observed import Rule, broken_rule, calls, fine, place

ROUNDS, SLOW_ROUNDS = 16, 4
"""Races for a fresh key without a fault, at least: half as many in each bucket. In so many bodies come late."""


class Step(StrEnum):
    """What P1.12 asks, in this order, of one key of each bucket through each endpoint."""

    PUT = "plain PUT"
    CURRENT = "PUT If-Match with the current ETag"
    STALE = "PUT If-Match with a stale ETag"
    AFTER_STALE = "HEAD after a refused PUT"
    MISSING = "PUT If-Match on a missing key"
    AFTER_MISSING = "HEAD of the missing key"
    DELETE = "DELETE"
    DELETED = "PUT If-Match with the ETag of a deleted object"
    AFTER_DELETED = "HEAD of the deleted key"


class Turn(StrEnum):
    """What P1.11 asks besides the races, in this order, of one key of each bucket through each endpoint: as a lock is
    taken, met, freed and taken again.
    """

    TAKE = "PUT If-None-Match of a fresh key"
    MEET = "PUT If-None-Match of an existing object"
    FREE = "DELETE"
    AGAIN = "PUT If-None-Match of a deleted object"


def races(seen: Seen) -> Finding:
    """P1.11: every race for a fresh key had one winner, which every endpoint shows."""
    return guarded(check_one_winner, seen.history, minimum=ROUNDS)


def turns(seen: Seen) -> Finding:
    """P1.11: what exists is not created, and what was deleted can be created again."""
    rules: dict[str, Rule] = {
        Turn.TAKE: fine,
        Turn.MEET: _refused("412", 412),
        Turn.FREE: fine,
        Turn.AGAIN: fine,
    }
    return broken_rule(seen, rules) or proved("a deleted object can be created again", calls(seen))


def if_match(seen: Seen) -> Finding:
    """P1.12. Writes come back with their ETag; HEAD after a refused PUT asks with the ETag that must still be there."""
    rules: dict[str, Rule] = {
        Step.PUT: fine,
        Step.CURRENT: fine,
        Step.STALE: _refused("412", 412),
        Step.AFTER_STALE: _unchanged,
        Step.MISSING: _refused("404 or 412", 404, 412),
        Step.AFTER_MISSING: _not_made("PUT If-Match created the missing key"),
        Step.DELETE: fine,
        Step.DELETED: _refused("404 or 412", 404, 412),
        Step.AFTER_DELETED: _not_made("PUT If-Match created the deleted key"),
    }
    reason = "current ETags accepted, stale ones refused, and nothing created by them, on every endpoint"
    return broken_rule(seen, rules) or proved(reason, calls(seen))


def _refused(wanted: str, *statuses: int) -> Rule:
    def rule(one: Observation) -> str | None:
        if one.outcome == "error" and one.status in statuses:
            return None
        return f"{one.request} through {one.endpoint}: {_answer(one)}, expected {wanted}"

    return rule


def _unchanged(one: Observation) -> str | None:
    if one.ok and one.result == one.asked["etag"]:
        return None
    return f"{place(one)} through {one.endpoint}: a refused PUT changed the object"


def _not_made(what: str) -> Rule:
    def rule(one: Observation) -> str | None:
        if one.outcome == "error" and one.status == 404:
            return None
        return f"{place(one)} through {one.endpoint}: {what}"

    return rule


def _answer(one: Observation) -> str:
    return "HTTP 200" if one.ok else one.why()
