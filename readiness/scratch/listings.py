"""P1.9, while nothing changes: a listing in pages shows every key once, in order, whatever the page size."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from readiness.errors import Broken
from readiness.finding import Finding, proved, refuted
from readiness.load.rig import Rig
from readiness.recording import Recording
from readiness.s3.boto3_library import boto3_client
from readiness.s3.clients import libraries
from readiness.s3.library import translate
from readiness.s3.wire import NoReply, NotSent, Wire
from readiness.subject import Subject
from readiness.topology import Endpoint

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

KEYS = 1003  # more than one full page: stores and clients stop at 1000
FEW, SMALL = 30, 7
WRITERS = 12
PREFIX = "p1.9/"


def pages(subject: Subject, see: Recording, rig: Rig) -> Finding:
    """P1.9: through every endpoint, full pages with both clients, small ones of LIST in both forms and of versions."""
    names = [f"{PREFIX}{number:04}" for number in range(KEYS)]
    for bucket, keys in ((rig.buckets.plain, names), (rig.buckets.versioned, names[:FEW])):
        for problem in rig.loop.call(_write(subject, bucket, keys)):
            raise Broken(f"PUT in {bucket} through {subject.front.name}: {problem}")
    for endpoint in subject.topology.all_endpoints():
        if wrong := _full(subject, rig, see, endpoint, names) or _in_small_pages(
            subject, rig, see, endpoint, names[:FEW]
        ):
            return refuted(wrong, observations=see.count)
    reason = f"{KEYS} keys in full pages, {FEW} in pages of {SMALL}: each once and in order, through every endpoint"
    return proved(reason, see.count)


def _full(subject: Subject, rig: Rig, see: Recording, endpoint: Endpoint, names: list[str]) -> str | None:
    for library in libraries(subject.target(endpoint), subject.response_seconds * 3):
        found = see.must(
            endpoint, library.name, f"list {KEYS}", partial(library.list_keys, rig.buckets.plain, PREFIX)
        )
        if wrong := _differs(found, names):
            return _wrong(endpoint, f"LIST of {KEYS} keys in full pages with {library.name}", wrong)
    return None


def _in_small_pages(
    subject: Subject, rig: Rig, see: Recording, endpoint: Endpoint, names: list[str]
) -> str | None:
    client = boto3_client(subject.target(endpoint), subject.response_seconds)
    for what, listing in _small(client, rig.buckets.plain, rig.buckets.versioned).items():
        found = see.must(endpoint, "boto3", what, partial(translate, listing))
        if wrong := _differs(found, names):
            return _wrong(endpoint, f"{what} in pages of {SMALL}", wrong)
    return None


async def _write(subject: Subject, bucket: str, keys: list[str]) -> list[str]:
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


def _small(client: S3Client, plain: str, versioned: str) -> dict[str, Callable[[], list[str]]]:
    prefix = f"{PREFIX}00"

    def paged(operation: Any, bucket: str, part: str) -> Callable[[], list[str]]:
        config: Any = {"PageSize": SMALL, "MaxItems": 4 * FEW}
        pages = client.get_paginator(operation).paginate(
            Bucket=bucket, Prefix=prefix, PaginationConfig=config
        )
        return lambda: [
            row["Key"] for page in pages for row in page.get(part, []) if row["Key"] < f"{PREFIX}{FEW:04}"
        ]

    return {
        "LIST": paged("list_objects_v2", plain, "Contents"),
        "LIST (version 1)": paged("list_objects", plain, "Contents"),
        "LIST of versions": paged("list_object_versions", versioned, "Versions"),
    }


def _differs(found: list[str], wanted: list[str]) -> str | None:
    if found == wanted:
        return None
    if missing := sorted(set(wanted) - set(found)):
        place = wanted.index(missing[0]) + 1
        return f"{len(missing)} of {len(wanted)} keys are missing, the first is {missing[0]}, number {place} in order"
    if more := sorted(set(found) - set(wanted)):
        return f"it shows {more[0]}, which nobody wrote"
    return "a key is there twice" if len(found) > len(wanted) else "the keys are not in order"


def _wrong(endpoint: Endpoint, what: str, wrong: str) -> str:
    return f"{what} through {endpoint.name}: a page is wrong: {wrong}"
