"""P0.3 and S.3: versions, or a backup; and the versioning of buckets is what the contract says."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from readiness.evidence.observation import Observation
from readiness.evidence.seen import Seen
from readiness.finding import Finding, State, merge, proved, refuted, unknown
from readiness.judges.contract import Step

SETTINGS_SEEN_WITHIN = 10.0
"""Seconds in which every endpoint must know of a new bucket's versioning."""
ENABLED, SUSPENDED, NEVER = "Enabled", "Suspended", "never enabled"
"""What a bucket's versioning can be. S3 has no word for the last one."""


def durability(seen: Seen) -> Finding:
    """P0.3 and S.3: versioning, retention, backup or restore behavior is written, and versioning is as it says, of the
    state bucket too where it exists already.

    An endpoint may learn a bucket's settings a little after they were made through another one: the first look that
    shows them counts, within `SETTINGS_SEEN_WITHIN` seconds. `asked.refused` is why versioning could not be set.
    """
    declared = seen.contract["durability"]
    if not (declared["versioning"] or (declared["backup"] and declared["restore"] != "none")):
        return refuted("the contract promises neither versions nor a backup that can be restored")
    suspended = list(_suspended(seen))
    shown = any(found.state is State.PROVED for found in suspended)
    return merge([_versions(seen), *suspended, _state_bucket(seen, suspended=shown)])


def _versions(seen: Seen) -> Finding:
    """The scratch bucket that is to be as the contract says keeps versions, or does not, through every endpoint."""
    declared = seen.contract["durability"]
    wanted = bool(declared["versioning"])
    state = "Enabled" if wanted else "not enabled"
    kept = f"retention {declared['retention_days']} days; restore: {declared['restore']}"
    return _through_every_endpoint(
        seen,
        Step.VERSIONING,
        lambda found: (found == ENABLED) is wanted,
        says=f"the contract says versioning = {wanted}",
        reason=f"versioning {state} through every endpoint; {kept}",
        measure="seconds_until_seen",
    )


def _suspended(seen: Seen) -> Iterator[Finding]:
    """The scratch bucket whose versioning was suspended says so through every endpoint. There is one if the contract
    promises it, or if the state bucket was found to be suspended; without that promise a store may refuse.
    """
    promised = bool(seen.contract["durability"].get("versioning_suspended"))
    if not promised and not any(seen.steps(Step.SUSPENDED)):
        return
    found = _through_every_endpoint(
        seen,
        Step.SUSPENDED,
        lambda found: found == SUSPENDED,
        says=f"the contract says versioning_suspended = {promised}",
        reason="suspended versioning is shown through every endpoint",
        measure="seconds_until_suspension_seen",
    )
    yield unknown(found.reason) if found.state is State.REFUTED and not promised else found


def _through_every_endpoint(
    seen: Seen, step: Step, as_wanted: Callable[[object], bool], *, says: str, reason: str, measure: str
) -> Finding:
    looks: dict[str, list[Observation]] = {}
    for one in seen.steps(step):
        if not one.ok:
            return refuted(f"versioning cannot be read through {one.endpoint}: {one.why()}")
        looks.setdefault(one.endpoint, []).append(one)
    if not looks:
        return unknown(f"no endpoint was asked for the {step} of a bucket")
    slowest = 0.0
    for endpoint, found in looks.items():
        took = _seen_after(found, as_wanted)
        if took is None:
            return refuted(f"{says}, and {_otherwise(endpoint, found)}")
        slowest = max(slowest, took)
    return proved(reason, len(looks), **{measure: round(slowest, 1)})


def _state_bucket(seen: Seen, *, suspended: bool) -> Finding:
    """Whether its versioning, as it is now, is that of the scratch buckets, of which everything else is proved.
    `suspended`: it was shown that one of them is.
    """
    wanted = bool(seen.contract["durability"]["versioning"])
    looks = list(seen.steps(Step.STATE_BUCKET))
    if not looks:
        return unknown("the versioning of the state bucket was not looked at")
    (one,) = looks
    bucket = one.asked["bucket"]
    if one.outcome == "error" and one.status == 404:
        return proved(f"{bucket} does not exist yet", 1)
    if not one.ok:
        return unknown(f"the versioning of the state bucket {bucket} cannot be read: {one.why()}")
    if wanted and one.result != ENABLED:
        return refuted(f"the contract says versioning = True, and the state bucket {bucket} is {one.result}")
    if one.result == SUSPENDED and suspended:
        return proved(f"{bucket} is suspended, as one of the scratch buckets", 1)
    if one.result != NEVER and not wanted:
        return unknown(
            f"the contract says versioning = False, and the state bucket {bucket} is {one.result}: nothing is proved "
            "of such a bucket"
        )
    return proved(f"so is {bucket}", 1)


def _seen_after(looks: list[Observation], as_wanted: Callable[[object], bool]) -> float | None:
    for look in looks:
        seconds = look.completed - looks[0].invoked
        if as_wanted(look.result) and look.invoked - looks[0].invoked <= SETTINGS_SEEN_WITHIN:
            return seconds
    return None


def _otherwise(endpoint: str, looks: list[Observation]) -> str:
    last, refused = looks[-1], looks[-1].asked.get("refused")
    why = f"; the request to set it was refused: {refused}" if refused else ""
    seconds = last.completed - looks[0].invoked
    return (
        f"{endpoint} reports {last.result} for a bucket on which it was requested, {seconds:.1f} s after the "
        f"first look{why}"
    )
