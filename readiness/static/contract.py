"""P0.1 to P0.7: what the contract says, and whether the candidate that runs says the same."""

from __future__ import annotations

import time

from readiness.candidate.ceilings import beyond_ceilings
from readiness.candidate.model import CandidateClass, Contract
from readiness.finding import Finding, merge, proved, refuted, unknown
from readiness.load.rig import Rig
from readiness.providers.abilities import HasAlertRules
from readiness.recording import Recording
from readiness.s3.boto3_library import boto3_client
from readiness.s3.library import Answered, Malformed, Unanswered, translate
from readiness.static.alerts import alert_rules
from readiness.static.exposition import metrics
from readiness.subject import Subject
from readiness.topology import Endpoint, FaultKind

SETTINGS_SEEN_WITHIN = 10.0
"""Seconds in which every endpoint must know of a new bucket's versioning (P0.3)."""
ADMISSIBLE = (CandidateClass.DEDICATED_HA, CandidateClass.REPLICATED_RUSTFS)


def endpoint_shape(subject: Subject, _see: Recording) -> Finding:
    """P0.1: shape and audience are written, and every endpoint is of that shape: it answers S3 as declared."""
    said = subject.contract
    if not said.endpoint_shape.strip() or not said.audience.strip():
        return refuted("the contract does not say endpoint shape and audience")
    return _through_every_endpoint(
        subject, "admin", f"{len(subject.topology.all_endpoints())} endpoints answer as declared"
    )


def credentials(subject: Subject, _see: Recording) -> Finding:
    """P0.2: source and rotation owner are written, and the credentials from that source are accepted."""
    said = subject.contract.credentials
    parts = [
        _through_every_endpoint(
            subject, "admin", f"the {said.admin.source} credential works; {said.rotation_owner} rotates it"
        )
    ]
    if said.read_only is not None:
        parts.append(_through_every_endpoint(subject, "read_only", "the read-only credential works"))
    return merge(parts)


def _through_every_endpoint(subject: Subject, role: str, reason: str) -> Finding:
    for endpoint in subject.topology.all_endpoints():
        client = boto3_client(subject.target(endpoint, role), subject.response_seconds)
        try:
            translate(client.list_buckets)
        except (Answered, Unanswered) as error:
            return refuted(
                f"{endpoint.name} at {endpoint.url} does not answer the {role} credential: {error}"
            )
    return proved(reason, len(subject.topology.all_endpoints()))


def durability(subject: Subject, _see: Recording, rig: Rig) -> Finding:
    """P0.3: versioning, retention, backup or restore behavior is written, and versioning is as it says on a
    scratch bucket.
    """
    said = subject.contract.durability
    if not said.documented:
        return refuted("the contract promises neither versions nor a backup that can be restored")
    asked = rig.buckets.refused.get(rig.buckets.versioned)
    slowest = 0.0
    for endpoint in subject.topology.all_endpoints():
        try:
            state, seconds = _versioning(subject, rig, endpoint, wanted=said.versioning)
        except (Answered, Unanswered) as error:
            return refuted(f"versioning cannot be read through {endpoint.name}: {error}")
        if said.versioning is not (state == "Enabled"):
            why = f"; the request to enable it was refused: {asked}" if asked else ""
            return refuted(
                f"the contract says versioning = {said.versioning}, and {endpoint.name} calls a bucket that asked for "
                f"it {state}, {seconds:.1f} s after the first look{why}"
            )
        slowest = max(slowest, seconds)
    return proved(
        f"versioning {state} through every endpoint; retention {said.retention_days} days; restore: {said.restore}",
        len(subject.topology.all_endpoints()),
        seconds_until_seen=round(slowest, 1),
    )


def _versioning(subject: Subject, rig: Rig, endpoint: Endpoint, *, wanted: bool) -> tuple[str, float]:
    """What that endpoint calls the versioning of the versioned scratch bucket, and after how many seconds of looking.

    An endpoint may learn a bucket's settings a little after they were made through another one: a new bucket is looked
    at for `SETTINGS_SEEN_WITHIN` seconds.
    """
    client, began = subject.client(endpoint), time.monotonic()
    while True:
        answer = translate(lambda: client.get_bucket_versioning(Bucket=rig.buckets.versioned))
        state, seconds = str(answer.get("Status", "never enabled")), time.monotonic() - began
        if (state == "Enabled") is wanted or seconds > SETTINGS_SEEN_WITHIN:
            return state, seconds
        time.sleep(0.3)


def failure_behaviour(subject: Subject, _see: Recording) -> Finding:
    """P0.4: an RTO for each fault kind, RPO 0, no promise beyond its ceiling, and a readiness rule that calls every
    instance that serves ready.
    """
    said: Contract = subject.contract
    missing = [kind.value for kind in FaultKind if kind not in said.failure.rto_seconds]
    if missing:
        return refuted(
            f"no RTO for {', '.join(missing)}: contract.failure.rto_seconds needs a number for each fault kind"
        )
    if said.failure.rpo_acknowledged_writes:
        return refuted(
            f"RPO {said.failure.rpo_acknowledged_writes}: an acknowledged state write must never be lost"
        )
    if beyond := beyond_ceilings(said):
        told = "; ".join(f"contract.{excess.told}" for excess in beyond)
        return refuted(f"promises beyond what an operator of state would accept: {told}")
    down = [i.name for i in subject.topology.instances if not subject.provider.in_service(i.name)]
    if down:
        return refuted(f"the readiness rule does not call these healthy instances ready: {', '.join(down)}")
    numbers = {f"rto_{kind.value}": seconds for kind, seconds in said.failure.rto_seconds.items()}
    return proved(
        "RTO for each fault kind, RPO 0, readiness rule holds", len(subject.topology.instances), **numbers
    )


def observability(subject: Subject, _see: Recording) -> Finding:
    """P0.5: every metric of the contract answers, and the alert rules load and watch one of them."""
    provider = subject.provider
    try:
        text = provider.alert_rules() if isinstance(provider, HasAlertRules) else None
        rules = alert_rules(subject.loaded, text)
    except OSError as error:
        rules = refuted(f"the alert rules cannot be read: {error}")
    return merge([metrics(subject), rules])


def cache_statement(subject: Subject, _see: Recording) -> Finding:
    """P0.6: the statement names the three cache surfaces, and no bucket of theirs is the state bucket or lies
    on the candidate.
    """
    candidate = subject.candidate
    text = candidate.contract.cache_statement.lower()
    unnamed = [word for word in ("attic", "bazel", "rbe") if word not in text]
    if unnamed:
        return refuted(f"the statement does not name {', '.join(unnamed)}")
    if candidate.boundary.state_bucket in candidate.boundary.cache_buckets:
        return refuted(f"the state bucket {candidate.boundary.state_bucket} is a cache bucket too")
    try:
        buckets = translate(lambda: subject.client(subject.front).list_buckets()["Buckets"])
    except Malformed as error:
        return refuted(f"buckets cannot be listed: {error}")
    except (Answered, Unanswered) as error:
        return unknown(f"buckets cannot be listed: {error}")
    shared = sorted({b["Name"] for b in buckets} & set(candidate.boundary.cache_buckets))
    if shared:
        return refuted(f"the candidate holds cache buckets: {', '.join(shared)}")
    return proved("stated, and none of the candidate's buckets is a cache bucket", max(1, len(buckets)))


def candidate_class(subject: Subject, _see: Recording) -> Finding:
    """P0.7: the class is one that the plan admits, and the candidate that runs is of that class."""
    candidate = subject.candidate
    if candidate.candidate_class not in ADMISSIBLE:
        return refuted(f"class {candidate.candidate_class} is refused as final state authority by the plan")
    if (
        candidate.candidate_class is CandidateClass.REPLICATED_RUSTFS
        and candidate.contract.repair.kind == "none"
    ):
        return refuted("replicated RustFS is viable only with repair proof: contract.repair offers none")
    nodes = {i.node for i in subject.topology.instances if subject.provider.in_service(i.name)}
    if len(nodes) < 2:
        return refuted(f"class {candidate.candidate_class} on {len(nodes)} node in service is a singleton")
    return proved(f"class {candidate.candidate_class} on {len(nodes)} nodes in service", len(nodes))
