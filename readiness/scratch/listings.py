"""P1.9, while nothing changes: a listing in pages shows every key once, in order, whatever the page size."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from readiness.judges.listings import FEW, NAMES, PREFIX, SMALL, Step
from readiness.load.rig import Rig
from readiness.recording import Recording
from readiness.s3.boto3_library import boto3_client
from readiness.s3.clients import libraries
from readiness.s3.library import Unanswered
from readiness.s3.wire import NoReply, NotSent, Wire
from readiness.subject import Subject

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

WRITERS = 12


def pages(subject: Subject, see: Recording, rig: Rig) -> None:
    """P1.9: through every endpoint, full pages with both clients, small ones of LIST in both forms and of versions."""
    for bucket in rig.buckets.every():
        keys = NAMES if bucket == rig.buckets.plain else NAMES[:FEW]
        write = partial(_written, subject, rig, bucket, keys)
        see.must(Step.PUT, subject.front, "wire", write, asked={"bucket": bucket, "keys": len(keys)})
    for endpoint in subject.topology.all_endpoints():
        for library in libraries(subject.target(endpoint), subject.response_seconds * 3):
            listing = partial(library.list_keys, rig.buckets.plain, PREFIX)
            asked = {"bucket": rig.buckets.plain}
            see.must(Step.FULL, endpoint, library.name, listing, asked=asked, kept=list)
        client = boto3_client(subject.target(endpoint), subject.response_seconds)
        for step, bucket in _small(rig, versions=subject.promises.versioning):
            small = partial(_paged, client, step, bucket)
            see.must(step, endpoint, "boto3", small, asked={"bucket": bucket, "page": SMALL}, kept=list)


def _written(subject: Subject, rig: Rig, bucket: str, keys: Sequence[str]) -> None:
    """Raises Unanswered if one of the keys was not acknowledged in three tries."""
    for problem in rig.loop.call(_write(subject, bucket, keys)):
        raise Unanswered(problem)


async def _write(subject: Subject, bucket: str, keys: Sequence[str]) -> list[str]:
    """Writes the keys through the front; problems of those that were not acknowledged in three tries."""
    wire, left, problems = Wire(subject.target(subject.front)), iter(keys), list[str]()

    async def one(key: str) -> str | None:
        problem = ""
        for _ in range(3):
            try:
                reply = await wire.request(
                    "PUT", bucket, key, body=key.encode(), seconds=subject.response_seconds
                )
            except (NoReply, NotSent) as error:
                problem = str(error)
                continue
            if reply.status == 200:
                return None
            problem = f"HTTP {reply.status}"
        return problem

    async def work() -> None:
        for key in left:
            if problem := await one(key):
                problems.append(problem)
                return

    try:
        await asyncio.gather(*(work() for _ in range(WRITERS)))
    finally:
        wire.close()
    return problems


_PAGED: Mapping[Step, tuple[Any, str]] = {
    Step.SMALL: ("list_objects_v2", "Contents"),
    Step.SMALL_V1: ("list_objects", "Contents"),
    Step.SMALL_VERSIONS: ("list_object_versions", "Versions"),
}


def _small(rig: Rig, *, versions: bool) -> Iterator[tuple[Step, str]]:
    """What is listed in small pages, and of which bucket."""
    buckets = rig.buckets
    for bucket in buckets.every():
        if bucket != buckets.versioned:
            yield from ((Step.SMALL, bucket), (Step.SMALL_V1, bucket))
    if versions:
        yield Step.SMALL_VERSIONS, buckets.versioned


def _paged(client: S3Client, step: Step, bucket: str) -> list[str]:
    operation, part = _PAGED[step]
    config: Any = {"PageSize": SMALL, "MaxItems": 4 * FEW}
    pages = client.get_paginator(operation).paginate(
        Bucket=bucket, Prefix=f"{PREFIX}00", PaginationConfig=config
    )
    return [row["Key"] for page in pages for row in page.get(part, []) if row["Key"] < f"{PREFIX}{FEW:04}"]
