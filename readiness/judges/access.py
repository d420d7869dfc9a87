"""P1.16: who may do what."""

from __future__ import annotations

from enum import StrEnum

from readiness.evidence.observation import Observation
from readiness.evidence.seen import Seen
from readiness.finding import Finding, proved
from readiness.judges.observed import Rule, absent, broken_rule, calls, fine, untried

REFUSED = (400, 401, 403)
HIDDEN = (404, 405)
"""How a store may answer someone without a credential other than by a refusal: as if nothing were there."""


class Who(StrEnum):
    """Whose credential a request is made with (`asked.who`)."""

    NOBODY = "no credential"
    UNKNOWN = "an unknown access key"
    WRONG = "a wrong secret key"
    READER = "the read-only credential"


class Step(StrEnum):
    """What is asked. `list-buckets` comes back with how many buckets it names, `get` with how many bytes."""

    PLANT = "put"
    LIST_BUCKETS = "list-buckets"
    LIST = "list"
    GET = "get"
    PUT = "put as an intruder"
    DELETE = "delete as an intruder"
    STILL = "head of the object"
    INTRUDER = "head of the intruder's object"


READS = (Step.LIST, Step.GET)
EVERYTHING = (Step.LIST_BUCKETS, *READS, Step.PUT, Step.DELETE)


def refused(seen: Seen) -> Finding:
    """Every call with a credential that may not do it is refused, and reaches nothing: no bucket or object is named,
    listed, read, written or deleted. An empty list of buckets names nothing, and is no access.

    The read-only credential, if the contract offers one, reads.
    """
    rules: dict[str, Rule] = dict.fromkeys(EVERYTHING, _reaches) | {
        Step.PLANT: fine,
        Step.STILL: _still,
        Step.INTRUDER: absent("an intruder's object is there:"),
    }
    has = seen.promises.read_only
    if wrong := broken_rule(seen, rules) or _untried_by(seen, has=has):
        return wrong
    reason = f"all refused on every endpoint{'' if has else '; the contract offers no read-only credential'}"
    return proved(reason, calls(seen))


def _untried_by(seen: Seen, *, has: bool) -> Finding | None:
    """UNKNOWN if somebody did not try everything."""
    for who in Who:
        wanted = EVERYTHING if who is not Who.READER else (*READS, Step.PUT, Step.DELETE)
        mine = Seen(seen.promises, observations=[o for o in seen.observations if o.asked.get("who") == who])
        if (who is not Who.READER or has) and (wrong := untried(mine, wanted)):
            return wrong
    return None


def _reaches(one: Observation) -> str | None:
    if one.asked["who"] == Who.READER:
        return _read_only(one)
    answered_refusal = one.outcome == "error" and one.status in REFUSED
    if answered_refusal or (one.asked["who"] == Who.NOBODY and _nothing_for_nobody(one)):
        return None
    return f"{one.step} with {one.asked['who']} through {one.endpoint}: {_answer(one)}"


def _nothing_for_nobody(one: Observation) -> bool:
    if one.outcome == "error":
        return one.status in HIDDEN
    return one.ok and one.step == Step.LIST_BUCKETS and one.result == 0


def _read_only(one: Observation) -> str | None:
    if one.step in READS:
        return (
            None
            if one.ok
            else f"the read-only credential cannot {one.step} through {one.endpoint}: {one.why()}"
        )
    if one.outcome == "error" and one.status in REFUSED:
        return None
    return f"the read-only credential may {one.step.split()[0]} through {one.endpoint}: {_answer(one)}"


def _still(one: Observation) -> str | None:
    if one.ok:
        return None
    return f"the object that nobody may change is gone, {one.where}: {one.why()}"


def _answer(one: Observation) -> str:
    return "allowed" if one.ok else one.why()
