"""P0.1 to P0.7: what the candidate that runs says to what its contract says."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from readiness.candidate.ceilings import beyond_ceilings
from readiness.judges.contract import Step
from readiness.judges.durability import ENABLED, SETTINGS_SEEN_WITHIN, SUSPENDED
from readiness.load.rig import Rig
from readiness.recording import Asked, Recording
from readiness.s3.boto3_library import boto3_client
from readiness.s3.versioning import status_in, versioning_of
from readiness.static.alerts import record_alert_rules
from readiness.static.exposition import record_metrics
from readiness.subject import Subject
from readiness.topology import Endpoint


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
    """P0.3 and S.3: what every endpoint calls the versioning of the versioned scratch bucket and of the suspended one,
    and what the state bucket has, if there is one: it is only looked at.
    """
    wanted, suspended = subject.contract.durability.versioning, rig.buckets.suspended
    for endpoint in subject.topology.all_endpoints():
        look = partial(_versioning, subject, see, rig, endpoint)
        look(Step.VERSIONING, rig.buckets.versioned, lambda found: (found == ENABLED) is wanted)
        if suspended is not None:
            look(Step.SUSPENDED, suspended, lambda found: found == SUSPENDED)
    bucket, client = subject.candidate.boundary.state_bucket, subject.client(subject.front)
    state = partial(versioning_of, client, bucket)
    see.ask(Step.STATE_BUCKET, subject.front, "boto3", state, asked={"bucket": bucket}, kept=str)


def _versioning(
    subject: Subject,
    see: Recording,
    rig: Rig,
    endpoint: Endpoint,
    step: Step,
    bucket: str,
    as_wanted: Callable[[str], bool],
) -> None:
    """Looks until it is as wanted, or for `SETTINGS_SEEN_WITHIN` seconds: a bucket is new."""
    client = subject.client(endpoint)
    asked: Asked = {"bucket": bucket, "refused": rig.buckets.refused.get(bucket)}
    look = partial(client.get_bucket_versioning, Bucket=bucket)
    deadline = time.monotonic() + SETTINGS_SEEN_WITHIN
    while True:
        answer = see.ask(step, endpoint, "boto3", look, asked=asked, kept=status_in)
        if isinstance(answer, Exception) or as_wanted(status_in(answer)) or time.monotonic() > deadline:
            return
        time.sleep(0.3)


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
