"""B.1 and B.2: the state authority is not a cache, and nothing in the run was one."""

from __future__ import annotations

import re
from enum import StrEnum

from readiness.evidence.observation import Observation
from readiness.evidence.seen import Seen
from readiness.finding import Finding, merge, proved, refuted, unknown
from readiness.judges.observed import untried

CACHE_KEYS = re.compile(
    r"(^|/)(nar/|[a-z0-9]{32}\.narinfo$|nix-cache-info$|cas/[0-9a-f]{64}|ac/[0-9a-f]{64}|blobs/sha256/)"
)
"""Keys as Attic, the Bazel cache and RBE write them."""


class Step(StrEnum):
    """What is looked at.

    `list-buckets` comes back with `buckets` (how many), `held` (those of a cache) and `state` (whether the state bucket
    is there); `list` with `keys` (how many were looked at), `caches` (some of those that are a cache's) and `more`
    (whether there are more, which nobody looked at). `connections` counts those of this process.
    """

    ADDRESS = "endpoint's address"
    BUCKETS = "list-buckets"
    KEYS = "list"
    CONNECTIONS = "connections"
    OF_TOFU = "connections of tofu"


def no_cache_objects(seen: Seen) -> Finding:
    """B.1: no bucket of the candidate is a cache's, the state bucket holds no cache object, no endpoint is a cache's
    too.
    """
    for one in seen.steps(Step.ADDRESS):
        if one.result:
            return refuted(f"endpoint {one.endpoint} is the cache endpoint {one.result} too")
    if (left := untried(seen, [Step.ADDRESS, Step.BUCKETS])) is not None:
        return left
    for one in seen.steps(Step.BUCKETS, Step.KEYS):
        if one.outcome == "malformed":
            return refuted(f"buckets cannot be read: {one.why()}")
        if not one.ok:
            return unknown(f"buckets cannot be read: {one.why()}")
    (listing,) = seen.steps(Step.BUCKETS)
    found = _values(listing)
    if held := _names(found["held"]):
        return refuted(f"the candidate holds cache buckets: {', '.join(held)}")
    keys = list(seen.steps(Step.KEYS))
    if not keys:
        return unknown("no bucket was examined")
    state_bucket = seen.declared["boundary"]["state_bucket"]
    state = "" if found["state"] else f"; {state_bucket} does not exist yet"
    reason = f"{found['buckets']} buckets, none of a cache; the cache addresses are apart from the endpoints{state}"
    return merge([*map(_bucket, keys), proved(reason, int(str(found["buckets"])))])


def _bucket(one: Observation) -> Finding:
    found, bucket = _values(one), one.asked["bucket"]
    if caches := _names(found["caches"]):
        return refuted(f"bucket {bucket} holds cache objects, for example {caches[0]}")
    if found["more"]:
        return unknown(f"{found['keys']} keys of {bucket} looked at, and there are more", observations=1)
    return proved(f"{found['keys']} keys of {bucket} looked at", 1)


def no_cache_contacts(seen: Seen) -> Finding:
    """B.2: of all connections that this process made, none went to a cache or executor endpoint, and those that were
    made went to the candidate; and of those that `tofu`'s processes were seen to have, none did either.
    """
    if (left := untried(seen, [Step.CONNECTIONS])) is not None:
        return left
    (one,) = seen.steps(Step.CONNECTIONS)
    found = _values(one)
    if touched := _names(found["caches"]):
        return refuted(f"the run contacted {', '.join(touched)}")
    of_tofu = next(iter(seen.steps(Step.OF_TOFU)), None)
    theirs = _values(of_tofu) if of_tofu is not None and of_tofu.ok else {}
    if touched := _names(theirs.get("caches")):
        return refuted(f"tofu contacted {', '.join(touched)}")
    if theirs.get("processes") and not theirs.get("all"):
        return unknown(f"tofu ran {theirs['processes']} times, and no connection of it was seen")
    toward = int(str(found["candidate"]))
    if not toward:
        return unknown("no connection to the candidate was seen: nothing was measured")
    reason = (
        f"{found['all']} connections of the suite's own process, {toward} to the candidate's endpoints, none to a "
        f"cache or executor; {_tofu_in_words(theirs)}"
    )
    numbers = {name: int(str(found[name])) for name in ("addresses", "cache_addresses")}
    return proved(reason, toward, **numbers)


def _tofu_in_words(theirs: dict[str, object]) -> str:
    if not theirs.get("processes"):
        return "no process of tofu was observed"
    others = f", others to {', '.join(_names(theirs['others']))}" if theirs["others"] else ""
    return (
        f"{theirs['all']} connections seen of {theirs['processes']} processes of tofu ({theirs['looks']} looks), "
        f"{theirs['candidate']} to the candidate's endpoints, none to a cache or executor{others}"
    )


def _values(one: Observation) -> dict[str, object]:
    return dict(one.result) if isinstance(one.result, dict) else {}


def _names(value: object) -> list[str]:
    return [str(name) for name in value] if isinstance(value, list) else []
