"""The plan's stop conditions S.1, S.2, S.4 and S.5, turned into what must hold."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from enum import StrEnum

from readiness.evidence.observation import Observation
from readiness.evidence.seen import Seen
from readiness.finding import Finding, State, proved, refuted, unknown
from readiness.judges.observed import calls, untried
from readiness.judges.stored import stored
from readiness.judges.surroundings import only_isolated
from readiness.topology import VolumeFact

NODE_LOCAL = ("local-path", "scratch", "cache")


class Step(StrEnum):
    """What is asked."""

    ENDPOINT = "endpoint in service"
    VOLUMES = "volumes"
    PLANT = "put"
    BEFORE = "objects before"
    RESPONSE = "response to divergence"
    CALLS = "changing calls of the response"
    AFTER = "objects after"
    PLANTED = "response to a planted divergence"
    CACHE_THERE = "cache endpoint is there"
    CACHE_AWAY = "cache endpoint is away"
    TRIP = "write, read and delete"


class Caches(StrEnum):
    """Whether a round trip is made with or without the caches (`asked.caches`)."""

    STOPPED = "with the cache endpoints down"
    OUT_OF_REACH = "with the cache endpoints out of this client's reach"
    BACK = "with the cache endpoints back"


def independent_endpoints(seen: Seen) -> Finding:
    """S.1: at least two endpoints in service that differ in address, instance and node, of a candidate that reaches
    nothing but what is declared.

    The ports of one host are one address where the store was there before the suite (`asked.by_host`).
    """
    if (left := untried(seen, [Step.ENDPOINT])) is not None:
        return left
    up = [one for one in seen.steps(Step.ENDPOINT) if one.result is True]
    if not up:
        return unknown("no endpoint is in service")
    addresses = {(str(one.asked["host"]), None if one.asked["by_host"] else one.asked["port"]) for one in up}
    instances = {str(one.asked["instance"]) for one in up}
    nodes = {str(one.asked["node"]) for one in up if one.asked["node"]}
    counts = {"addresses": len(addresses), "instances": len(instances), "nodes": len(nodes)}
    found = f"{_count(addresses, 'address', 'addresses')}, {_count(instances, 'instance')}, {_count(nodes, 'node')}"
    if min(counts.values()) < 2:
        return refuted(f"the endpoints lead to {found}", measured=counts)
    return only_isolated(proved(f"the endpoints lead to {found}", len(addresses), **counts), seen)


def _count(found: Collection[object], one: str, many: str = "") -> str:
    return f"{len(found)} {one if len(found) == 1 else many or one + 's'}"


def volumes(seen: Seen) -> Finding:
    """S.2: the volumes that hold state data, as they are on the running candidate (node, kind and access of each); what
    was written lies on them, and nothing else is reached.
    """
    if (left := untried(seen, [Step.VOLUMES])) is not None:
        return left
    (look,) = seen.steps(Step.VOLUMES)
    if not look.ok:
        return unknown(f"the volumes cannot be read: {look.why()}")
    rows = look.result if isinstance(look.result, list) else []
    found = judge_volumes(VolumeFact(*map(str, row)) for row in rows if isinstance(row, list))
    if found.state is not State.PROVED:
        return found
    grown = stored(seen)
    if grown.state is not State.PROVED:
        return grown
    return only_isolated(replace(found, reason=f"{found.reason}; {grown.reason}"), seen)


def judge_volumes(facts: Iterable[VolumeFact]) -> Finding:
    """Whether state data lies on durable volumes of at least two nodes."""
    known = list(facts)
    if not known:
        return unknown("no volume is known: declare [[volumes]]")
    durable = [v for v in known if not any(word in v.kind for word in NODE_LOCAL)]
    nodes = {v.node for v in durable}
    listed = ", ".join(f"{v.node}: {v.kind} {v.access}" for v in known)
    if len(nodes) >= 2 or any(v.access == "RWX" for v in durable):
        return proved(
            f"state data lies on {len(durable)} volumes of {len(nodes)} nodes ({listed})", len(durable)
        )
    return refuted(
        f"only one node holds state data ({listed})"
        if nodes
        else f"no node holds state data durably ({listed})",
        measured={"nodes": len(nodes)},
    )


def divergence_response(seen: Seen) -> Finding:
    """S.4: the contract's response to bucket-index divergence runs, changes nothing, and says what diverges.

    Its answer is reduced to `divergences`: a list, or null if it does not say, in which case it may not have looked.
    """
    promised = seen.contract["divergence"]
    if promised["response"] == "none":
        statement = f", and says: {promised['statement']}" if promised["statement"] else ""
        return refuted(f"the contract names no response{statement}")
    ran = next(seen.steps(Step.RESPONSE), None)
    if ran is not None and not ran.ok:
        what = "cannot be carried out" if ran.outcome == "error" else "failed"
        return refuted(f"the response {what}: {ran.why()}")
    wanted = [Step.PLANT, Step.BEFORE, Step.RESPONSE, Step.CALLS, Step.AFTER]
    if ran is None or untried(seen, wanted):
        return untried(seen, wanted) or unknown("the response was not run")
    return _changed(seen) or _divergences(seen, ran)


def _changed(seen: Seen) -> Finding | None:
    done = [str(call) for one in seen.steps(Step.CALLS) for call in _list(one.result)]
    before, after = (
        {one.endpoint: one.result for one in seen.steps(step)} for step in (Step.BEFORE, Step.AFTER)
    )
    if done or before != after:
        return refuted(f"the response to divergence changed something: {done or 'objects differ'}")
    return None


def _divergences(seen: Seen, ran: Observation) -> Finding:
    found = ran.result.get("divergences") if isinstance(ran.result, dict) else None
    if found:
        return refuted(f"the healthy candidate reports divergences: {str(found)[:300]}")
    if found is None:
        return unknown(
            "the response was run, not tested: it changed nothing, and its answer does not say whether anything "
            'diverges (a JSON object with "divergences", a list, does)',
            observations=calls(seen),
        )
    objects = sum(len(_list(one.result)) for one in seen.steps(Step.BEFORE))
    return _tested(seen, "the response ran and changed nothing; it found no divergence", objects)


def _tested(seen: Seen, ran_well: str, objects: int) -> Finding:
    """A response that reports nothing proves nothing until it has found what was planted."""
    planted = next(iter(seen.steps(Step.PLANTED)), None)
    if planted is None or not planted.ok or not isinstance(planted.result, dict):
        why = planted.why() if planted else "no divergence was planted"
        return unknown(f"the response was run, not tested: {why}; {ran_well}", observations=calls(seen))
    what, key, listed = (
        planted.result["what"],
        str(planted.result["key"]),
        _list(planted.result["divergences"]),
    )
    if planted.result.get("visible") is not True:
        return unknown(
            f"the response was run, not tested: no client sees what was planted ({what}); {ran_well}",
            observations=calls(seen),
        )
    if not any(key in str(one) for one in listed):
        return refuted(f"the response does not find a divergence: {what}, and it reports {str(listed)[:200]}")
    return proved(f"{ran_well}; it found the one that was planted: {what}", objects + 2, objects=objects)


def without_caches(seen: Seen) -> Finding:
    """S.5: writes, reads and deletes go on while the declared cache endpoints are away.

    Refuted only if the difference is the caches': it holds with them, not without them in any try, and again with
    them. A cache endpoint that was not there before, or did not go away, shows nothing.
    """
    there = list(seen.steps(Step.CACHE_THERE))
    if not there:
        return unknown(
            "no cache endpoint is declared: name Attic and the Bazel cache in boundary.cache_endpoints"
        )
    if absent := [one.endpoint for one in there if one.result is not True]:
        return unknown(f"cache endpoints not reachable even before: {', '.join(absent)}")
    if still := [one.endpoint for one in seen.steps(Step.CACHE_AWAY) if one.result is not True]:
        return unknown(f"the cache endpoints did not go away: {', '.join(still)}")
    without = list(_tries(seen, Caches.STOPPED, Caches.OUT_OF_REACH))
    if not without or not any(True for _ in seen.steps(Step.CACHE_AWAY)):
        return unknown("nothing was tried while the cache endpoints were away")
    if good := next((made for made in without if _failure(made) is None), None):
        how = str(good[0].asked["caches"])
        done = f"write, read and delete through every endpoint {how}"
        return only_isolated(proved(done, 3 * len(good), caches=len(there)), seen)
    back = next(_tries(seen, Caches.BACK), [])
    if not back:
        return unknown(f"not tried with the cache endpoints back: {_failure(without[-1])}")
    if wrong := _failure(back):
        return unknown(f"it fails whether the caches are there or not: {wrong}")
    return refuted(_failure(without[-1]) or "", observations=calls(seen))


def _tries(seen: Seen, *kinds: Caches) -> Iterator[list[Observation]]:
    found: dict[object, list[Observation]] = {}
    for one in seen.steps(Step.TRIP):
        if one.asked["caches"] in kinds:
            found.setdefault(one.asked["number"], []).append(one)
    yield from found.values()


def _failure(made: Iterable[Observation]) -> str | None:
    for one in made:
        if not one.ok:
            return f"{one.asked['caches']}, {one.endpoint} failed with {one.client}: {one.why()}"
        if one.result != one.asked["value"]:
            return f"{one.asked['caches']}, {one.endpoint} answered {one.result} for {one.asked['value']}"
    return None


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
