"""P1.16: who may do what."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import JsonValue

from readiness.judges.access import EVERYTHING, READS, Step, Who
from readiness.load.rig import Rig
from readiness.recording import Asked, Recording, nothing
from readiness.s3.boto3_library import boto3_client
from readiness.subject import Subject
from readiness.topology import Endpoint, Keys

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

KEY = "p1.16/object"
INTRUDER = f"{KEY}-intruder"


def credentials(subject: Subject, see: Recording, rig: Rig) -> None:
    """P1.16: anonymous, unknown, wrong and read-only credentials are refused, by every endpoint, for
    everything they may not do; and what they tried did not happen.
    """
    bucket = rig.buckets.plain
    front = subject.client(subject.front)
    see.must(
        Step.PLANT,
        subject.front,
        "boto3",
        lambda: front.put_object(Bucket=bucket, Key=KEY, Body=b"x"),
        asked={"bucket": bucket, "key": KEY},
    )
    for endpoint in subject.topology.all_endpoints():
        good = subject.target(endpoint)
        bad = {
            Who.NOBODY: good,
            Who.UNKNOWN: replace(good, keys=Keys("AKIAUNKNOWN0", good.keys.secret_key)),
            Who.WRONG: replace(good, keys=Keys(good.keys.access_key, secrets.token_hex(20))),
        }
        for who, target in bad.items():
            client = boto3_client(target, subject.response_seconds, anonymous=who is Who.NOBODY)
            _try(see, endpoint, client, who, bucket, EVERYTHING)
        if subject.contract.credentials.read_only is not None:
            reader = boto3_client(subject.target(endpoint, "read_only"), subject.response_seconds)
            _try(see, endpoint, reader, Who.READER, bucket, (*READS, Step.PUT, Step.DELETE))
        _left(see, endpoint, subject.client(endpoint), bucket)


def _try(
    see: Recording, endpoint: Endpoint, client: S3Client, who: Who, bucket: str, steps: Iterable[Step]
) -> None:
    for step in steps:
        call, kept = _calls(client, bucket)[step]
        see.ask(step, endpoint, "boto3", call, asked={"who": who, "bucket": bucket, "key": KEY}, kept=kept)


def _calls(client: S3Client, bucket: str) -> dict[Step, tuple[Callable[[], Any], Callable[[Any], JsonValue]]]:
    return {
        Step.LIST_BUCKETS: (client.list_buckets, lambda answer: len(answer.get("Buckets") or ())),
        Step.LIST: (lambda: client.list_objects_v2(Bucket=bucket), nothing),
        Step.GET: (lambda: client.get_object(Bucket=bucket, Key=KEY)["Body"].read(), len),
        Step.PUT: (lambda: client.put_object(Bucket=bucket, Key=INTRUDER, Body=b"y"), nothing),
        Step.DELETE: (lambda: client.delete_object(Bucket=bucket, Key=KEY), nothing),
    }


def _left(see: Recording, endpoint: Endpoint, admin: S3Client, bucket: str) -> None:
    """What the administrator finds afterwards."""
    for step, key in ((Step.STILL, KEY), (Step.INTRUDER, INTRUDER)):
        asked: Asked = {"bucket": bucket, "key": key}
        see.ask(step, endpoint, "boto3", partial(admin.head_object, Bucket=bucket, Key=key), asked=asked)
