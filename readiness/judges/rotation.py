"""P1.18: rotation of the credential."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from readiness.evidence.observation import Observation
from readiness.evidence.seen import Seen
from readiness.finding import Finding, proved, refuted, unknown
from readiness.judges.observed import calls, untried

KNOWN_WITHIN = 3.0
"""Seconds in which every endpoint must know a new credential."""
STOPS_WITHIN = 5.0
"""Seconds in which every endpoint must refuse a retired one."""
REFUSED = (400, 401, 403)


class Step(StrEnum):
    """What is done. Looks are PUTs, repeated until they end as wanted or the time is over."""

    ADD_FIRST = "add the first credential"
    ADD_SECOND = "add the second credential"
    FIRST = "put with the first credential"
    SECOND = "put with the second credential"
    RETIRE = "retire the first credential"
    RETIRED = "put with the retired credential"
    USE = "get with the second credential meanwhile"
    UNCHANGED = "put with the credential that is not rotated"


def rotation(seen: Seen) -> Finding:
    """A new credential works on every endpoint, the retired one stops, and who changed over saw no outage. A contract
    that offers no rotation says so, and its credential works.
    """
    if any(True for _ in seen.steps(Step.UNCHANGED)):
        return _none(seen)
    not_done = next(
        (one for one in seen.steps(Step.ADD_FIRST, Step.ADD_SECOND, Step.RETIRE) if not one.ok), None
    )
    if not_done is not None:
        return unknown(f"rotation could not be exercised: {not_done.why()}", observations=calls(seen))
    return _late(seen) or _still_works(seen) or _outage(seen) or _complete(seen)


def _none(seen: Seen) -> Finding:
    if seen.promises.rotation != "none":
        return unknown("rotation was not exercised, though the contract offers it")
    for one in seen.steps(Step.UNCHANGED):
        if not one.ok:
            return refuted(f"the credential does not work through {one.endpoint}: {one.why()}")
    reason = "the contract offers no rotation without a restart, and says so"
    return proved(reason, calls(seen), offered=False)


def _late(seen: Seen) -> Finding | None:
    for step, name in ((Step.FIRST, "first"), (Step.SECOND, "second")):
        for endpoint, looks in _by_endpoint(seen.steps(step)).items():
            deadline = looks[0].invoked + KNOWN_WITHIN
            if not any(look.ok and look.invoked <= deadline for look in looks):
                reason = f"the {name} rotated credential does not work through {endpoint}: {looks[-1].why()}"
                return refuted(reason, observations=calls(seen))
    return None


def _still_works(seen: Seen) -> Finding | None:
    for endpoint, looks in _by_endpoint(seen.steps(Step.RETIRED)).items():
        deadline = looks[0].invoked + STOPS_WITHIN
        if not any(_refused(look) and look.invoked <= deadline for look in looks):
            last = "still works" if looks[-1].ok else f"is not refused ({looks[-1].why()})"
            reason = f"the retired credential {last} through {endpoint} {STOPS_WITHIN:g} s later"
            return refuted(reason, observations=calls(seen))
    return None


def _refused(one: Observation) -> bool:
    return one.outcome == "error" and one.status in REFUSED


def _outage(seen: Seen) -> Finding | None:
    for one in seen.steps(Step.USE):
        if one.status != 200:
            reason = (
                f"an outage for the new credential during rotation: GET through {one.endpoint}: {one.why()}"
            )
            return refuted(reason, observations=calls(seen))
    return None


def _complete(seen: Seen) -> Finding:
    wanted = [step for step in Step if step is not Step.UNCHANGED]
    if missing := untried(seen, wanted):
        return missing
    ends = {
        step: set(_by_endpoint(seen.steps(step)))
        for step in (Step.FIRST, Step.SECOND, Step.RETIRED, Step.USE)
    }
    for step, where in ends.items():
        if left := set().union(*ends.values()) - where:
            return unknown(f"not tried: {step} through {', '.join(sorted(left))}")
    used = sum(1 for _ in seen.steps(Step.USE))
    return proved("new credential works, old one stops, no outage", calls(seen), used_meanwhile=used)


def _by_endpoint(looks: Iterable[Observation]) -> dict[str, list[Observation]]:
    found: dict[str, list[Observation]] = {}
    for look in looks:
        found.setdefault(look.endpoint, []).append(look)
    return found
