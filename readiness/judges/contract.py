"""P0.1 to P0.7: what the contract says, and whether the candidate that runs says the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from readiness.evidence.seen import Seen
from readiness.finding import Finding, merge, proved, refuted, unknown
from readiness.judges.alerts import Named, RulesUnreadable, Watches
from readiness.topology import PROMISED

TO_BE_WRITTEN = "TO BE WRITTEN"
"""How a sentence begins that a proposed candidate file leaves to the operator: nothing is proved by it."""
ADMISSIBLE = ("dedicated-ha", "replicated-rustfs")
"""The candidate classes that the plan admits as final state authority."""


class Step(StrEnum):
    """What is asked."""

    BUCKETS = "list-buckets"
    VERSIONING = "versioning"
    SUSPENDED = "versioning of the suspended bucket"
    STATE_BUCKET = "versioning of the state bucket"
    IN_SERVICE = "in service"
    EXCESS = "promises beyond their ceilings"
    METRICS = "metrics"
    ALERT_RULES = "alert rules"


def endpoint_shape(seen: Seen) -> Finding:
    """P0.1: shape and audience are written, and every endpoint answers S3 as declared."""
    contract = seen.contract
    if not contract["endpoint_shape"].strip() or not contract["audience"].strip():
        return refuted("the contract does not say endpoint shape and audience")
    if left := _unwritten(endpoint_shape=contract["endpoint_shape"], audience=contract["audience"]):
        return left
    return _accepted(seen, "admin", "{} endpoints answer as declared")


def credentials(seen: Seen) -> Finding:
    """P0.2: source and rotation owner are written, and the credentials from that source are accepted."""
    declared = seen.contract["credentials"]
    if left := _unwritten(rotation_owner=declared["rotation_owner"]):
        return left
    works = f"the {declared['admin']['source']} credential works; {declared['rotation_owner']} rotates it"
    parts = [_accepted(seen, "admin", works)]
    if declared.get("read_only") is not None:
        parts.append(_accepted(seen, "read_only", "the read-only credential works"))
    return merge(parts)


def _unwritten(**sentences: str) -> Finding | None:
    """REFUTED if one of these is left to be written."""
    for field, sentence in sentences.items():
        if sentence.strip().startswith(TO_BE_WRITTEN):
            return refuted(f"the contract's {field} is still to be written")
    return None


def _accepted(seen: Seen, role: str, reason: str) -> Finding:
    looks = [one for one in seen.steps(Step.BUCKETS) if one.asked["role"] == role]
    for one in looks:
        if not one.ok:
            reason = (
                f"{one.endpoint} at {one.asked['url']} does not answer the {role} credential: {one.why()}"
            )
            return refuted(reason, observations=len(looks))
    return (
        proved(reason.format(len(looks)), len(looks))
        if looks
        else unknown(f"the {role} credential was not tried")
    )


def failure_behaviour(seen: Seen) -> Finding:
    """P0.4: an RTO for each fault kind, RPO 0, no promise beyond its ceiling, and a readiness rule that calls every
    instance that serves ready.
    """
    declared = seen.contract["failure"]
    if left := _unwritten(statement=declared["statement"]):
        return left
    rto: Mapping[str, Any] = declared["rto_seconds"]
    missing = [kind.value for kind in PROMISED if kind.value not in rto]
    if missing:
        return refuted(
            f"no RTO for {', '.join(missing)}: contract.failure.rto_seconds needs a number for each fault kind"
        )
    if declared["rpo_acknowledged_writes"]:
        return refuted(
            f"RPO {declared['rpo_acknowledged_writes']}: an acknowledged state write must never be lost"
        )
    if beyond := [str(each) for one in seen.steps(Step.EXCESS) for each in _list(one.result)]:
        return refuted(f"promises beyond what an operator of state would accept: {'; '.join(beyond)}")
    instances = list(seen.steps(Step.IN_SERVICE))
    down = [one.endpoint for one in instances if one.result is not True]
    if down:
        return refuted(f"the readiness rule does not call these healthy instances ready: {', '.join(down)}")
    if not instances or not any(True for _ in seen.steps(Step.EXCESS)):
        return unknown("no instance was looked at")
    numbers = {f"rto_{kind}": float(seconds) for kind, seconds in rto.items()}
    return proved("RTO for each fault kind, RPO 0, readiness rule holds", len(instances), **numbers)


def observability(seen: Seen) -> Finding:
    """P0.5: every metric of the contract answers, and the alert rules load and watch one of them."""
    return merge([metrics(seen), alert_rules(seen)])


def metrics(seen: Seen) -> Finding:
    """Whether each metric of the contract has a sample on the page it names, of at least one instance."""
    wanted = seen.contract["observability"]["metrics"]
    if not wanted:
        return refuted("the contract names no metric for bucket/index/API divergence")
    pages = list(seen.steps(Step.METRICS))
    if not pages:
        return unknown("no metrics page was read")
    problems = [f"{one.endpoint}{one.asked['path']}: {one.why()}" for one in pages if not one.ok]
    read = [one for one in pages if one.ok]
    if not read:
        return refuted(f"no instance answers its metrics path: {'; '.join(problems[:3])}")
    shown = {(one.asked["path"], one.asked["target"], name) for one in read for name in _list(one.result)}
    silent = [row["name"] for row in wanted if (row["path"], row["target"], row["name"]) not in shown]
    if silent:
        unread = f" ({'; '.join(problems[:3])})" if problems else ""
        return refuted(f"metrics named by the contract that no instance has: {', '.join(silent)}{unread}")
    return proved(f"{len(wanted)} metrics answer", len(read))


def alert_rules(seen: Seen) -> Finding:
    """Whether the contract's alert rules load, and an alert of theirs watches one of its metrics: by name, by a matcher
    of `__name__`, or through recording rules.
    """
    declared = seen.contract["observability"]
    if declared["alert_rules"] is None:
        return refuted("the contract names no alert rules")
    file = next(seen.steps(Step.ALERT_RULES), None)
    if file is None:
        return unknown("the alert rules were not read")
    if not file.ok:
        return refuted(f"alert rules {declared['alert_rules']} cannot be used: {file.why()}")
    rules = [Named(**row) for row in _list(file.result) if isinstance(row, dict)]
    try:
        watches = Watches(rules)
    except RulesUnreadable as error:
        return refuted(f"alert rules {declared['alert_rules']} cannot be used: {error}")
    watched = [row["name"] for row in declared["metrics"] if watches.metric(row["name"])]
    if watched:
        alerts = sum(rule.alert is not None for rule in rules)
        return proved(f"{alerts} alerts watch {', '.join(watched)}", alerts)
    if watches.unread:
        return unknown(f"alert rules {declared['alert_rules']}: {'; '.join(watches.unread)}")
    return refuted(f"no alert of {declared['alert_rules']} watches a metric that the contract names")


def cache_statement(seen: Seen) -> Finding:
    """P0.6: the statement names the three cache surfaces, and no bucket of theirs is the state bucket or lies on the
    candidate. The listing comes back with how many buckets there are, and which of them are caches'.
    """
    boundary = seen.declared["boundary"]
    if left := _unwritten(cache_statement=seen.contract["cache_statement"]):
        return left
    text = seen.contract["cache_statement"].lower()
    unnamed = [word for word in ("attic", "bazel", "rbe") if word not in text]
    if unnamed:
        return refuted(f"the statement does not name {', '.join(unnamed)}")
    if boundary["state_bucket"] in boundary["cache_buckets"]:
        return refuted(f"the state bucket {boundary['state_bucket']} is a cache bucket too")
    listing = next(seen.steps(Step.BUCKETS), None)
    if listing is None:
        return unknown("the buckets were not listed")
    if listing.outcome == "malformed":
        return refuted(f"buckets cannot be listed: {listing.why()}")
    if not listing.ok:
        return unknown(f"buckets cannot be listed: {listing.why()}")
    found = listing.result if isinstance(listing.result, dict) else {}
    if shared := [str(name) for name in _list(found.get("shared"))]:
        return refuted(f"the candidate holds cache buckets: {', '.join(shared)}")
    buckets = int(str(found["buckets"]))
    return proved("stated, and none of the candidate's buckets is a cache bucket", max(1, buckets))


def candidate_class(seen: Seen) -> Finding:
    """P0.7: the class is one that the plan admits, and the candidate that runs is of that class."""
    class_ = seen.declared["class"]
    if class_ not in ADMISSIBLE:
        return refuted(f"class {class_} is refused as final state authority by the plan")
    if class_ == "replicated-rustfs" and seen.contract["repair"]["kind"] == "none":
        return refuted("replicated RustFS is viable only with repair proof: contract.repair offers none")
    instances = list(seen.steps(Step.IN_SERVICE))
    if not instances:
        return unknown("no instance was looked at")
    nodes = {str(one.asked["node"]) for one in instances if one.result is True}
    if len(nodes) < 2:
        return refuted(f"class {class_} on {len(nodes)} node in service is a singleton")
    return proved(f"class {class_} on {len(nodes)} nodes in service", len(nodes))


def _list(value: object) -> Iterable[Any]:
    return value if isinstance(value, list) else ()
