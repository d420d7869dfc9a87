"""P0.1 to P0.7: what the candidate that runs says to what its contract says."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from readiness.candidate.ceilings import beyond_ceilings
from readiness.judges.contract import SETTINGS_SEEN_WITHIN, Step
from readiness.load.rig import Rig
from readiness.recording import Asked, Recording
from readiness.s3.boto3_library import boto3_client
from readiness.static.alerts import record_alert_rules
from readiness.static.exposition import record_metrics
from readiness.subject import Subject
from readiness.topology import Endpoint

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import GetBucketVersioningOutputTypeDef


def endpoint_shape(subject: Subject, see: Recording) -> None:
    """P0.1: every endpoint is asked with the administrator's credential."""
    _through_every_endpoint(subject, see, "admin")


def credentials(subject: Subject, see: Recording) -> None:
    """P0.2: every endpoint is asked with each credential that the contract names."""
    _through_every_endpoint(subject, see, "admin")
    if subject.contract.credentials.read_only is not None:
        _through_every_endpoint(subject, see, "read_only")


def _through_every_endpoint(subject: Subject, see: Recording, role: str) -> None:
    for endpoint in subject.topology.all_endpoints():
        client = boto3_client(subject.target(endpoint, role), subject.response_seconds)
        asked: Asked = {"role": role, "url": endpoint.url}
        see.ask(Step.BUCKETS, endpoint, "boto3", client.list_buckets, asked=asked)


def durability(subject: Subject, see: Recording, rig: Rig) -> None:
    """P0.3 and S.3: what every endpoint calls the versioning of the versioned scratch bucket, and what the state bucket
    has, if there is one: it is only looked at.
    """
    wanted = subject.contract.durability.versioning
    for endpoint in subject.topology.all_endpoints():
        _versioning(subject, see, rig, endpoint, wanted=wanted)
    bucket, client = subject.candidate.boundary.state_bucket, subject.client(subject.front)

    def look() -> GetBucketVersioningOutputTypeDef:
        client.head_bucket(Bucket=bucket)  # a store may name the versioning of a bucket that is not there
        return client.get_bucket_versioning(Bucket=bucket)

    see.ask(Step.STATE_BUCKET, subject.front, "boto3", look, asked={"bucket": bucket}, kept=_status)


def _versioning(subject: Subject, see: Recording, rig: Rig, endpoint: Endpoint, *, wanted: bool) -> None:
    """Looks until it is as wanted, or for `SETTINGS_SEEN_WITHIN` seconds: a bucket is new."""
    bucket, client = rig.buckets.versioned, subject.client(endpoint)
    asked: Asked = {"bucket": bucket, "refused": rig.buckets.refused.get(bucket)}
    look = partial(client.get_bucket_versioning, Bucket=bucket)
    deadline = time.monotonic() + SETTINGS_SEEN_WITHIN
    while True:
        answer = see.ask(Step.VERSIONING, endpoint, "boto3", look, asked=asked, kept=_status)
        state = "" if isinstance(answer, Exception) else _status(answer)
        if not state or (state == "Enabled") is wanted or time.monotonic() > deadline:
            return
        time.sleep(0.3)


def _status(answer: GetBucketVersioningOutputTypeDef) -> str:
    return str(answer.get("Status", "never enabled"))


def failure_behaviour(subject: Subject, see: Recording) -> None:
    """P0.4: the promises beyond their ceilings, and whether the readiness rule calls each instance ready."""
    contract = subject.contract
    see.fact(
        Step.EXCESS,
        "the contract",
        lambda: [f"contract.{excess.clause}" for excess in beyond_ceilings(contract)],
        kept=list,
    )
    _in_service(subject, see)


def _in_service(subject: Subject, see: Recording) -> None:
    for instance in subject.topology.instances:
        look = partial(subject.provider.in_service, instance.name)
        see.fact(Step.IN_SERVICE, instance.name, look, asked={"node": instance.node}, kept=bool)


def observability(subject: Subject, see: Recording) -> None:
    """P0.5: the metrics pages and the alert rules, reduced to what the contract names."""
    record_metrics(subject, see)
    record_alert_rules(subject, see)


def cache_statement(subject: Subject, see: Recording) -> None:
    """P0.6: the candidate's buckets that are a cache's."""
    caches = set(subject.candidate.boundary.cache_buckets)
    client = subject.client(subject.front)
    see.ask(
        Step.BUCKETS,
        subject.front,
        "boto3",
        lambda: [bucket["Name"] for bucket in client.list_buckets()["Buckets"]],
        kept=lambda names: {"buckets": len(names), "shared": [*sorted(caches & set(names))]},
    )


def candidate_class(subject: Subject, see: Recording) -> None:
    """P0.7: the nodes that have an instance in service."""
    _in_service(subject, see)
