"""P1.9, while nothing changes: a listing in pages shows every key once, in order, whatever the page size and however
deep the keys lie, and says which versions are the latest.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from pydantic import JsonValue

from readiness.judges.listings import (
    AGES,
    AGES_PREFIX,
    FEW,
    NAMES,
    NESTED,
    NESTED_PREFIX,
    PREFIX,
    SMALL,
    Step,
)
from readiness.load.bodies import body_of
from readiness.load.context import Buckets
from readiness.load.rig import Rig
from readiness.recording import Asked, Recording
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
    buckets = rig.buckets
    for bucket in buckets.every():
        keys = (*NAMES, *NESTED) if bucket == buckets.plain else NAMES[:FEW]
        write = partial(_written, subject, rig, bucket, keys)
        see.must(Step.PUT, subject.front, "wire", write, asked={"bucket": bucket, "keys": len(keys)})
    newest: dict[str, JsonValue] = {}
    if subject.promises.versioning:
        aged = partial(_aged, subject.client(subject.front), buckets.versioned)
        newest = see.must(Step.AGE, subject.front, "boto3", aged, asked={"bucket": buckets.versioned})
    for endpoint in subject.topology.all_endpoints():
        for library in libraries(subject.target(endpoint), subject.response_seconds * 3):
            listing = partial(library.list_keys, buckets.plain, PREFIX)
            asked: Asked = {"bucket": buckets.plain}
            see.must(Step.FULL, endpoint, library.name, listing, asked=asked, kept=list)
        pager = _Pager(boto3_client(subject.target(endpoint), subject.response_seconds), buckets)
        for step, bucket, small in pager.small():
            see.must(step, endpoint, "boto3", small, asked={"bucket": bucket, "page": SMALL}, kept=list)
        for step, single in pager.nested().items():
            see.must(step, endpoint, "boto3", single, asked={"bucket": buckets.plain, "page": 1}, kept=list)
        if subject.promises.versioning:
            versions = partial(pager.few, "list_object_versions", buckets.versioned, "Versions")
            asked = {"bucket": buckets.versioned, "page": SMALL}
            see.must(Step.SMALL_VERSIONS, endpoint, "boto3", versions, asked=asked, kept=list)
            asked = {"bucket": buckets.versioned, "page": 1, "newest": newest}
            see.must(Step.LATEST, endpoint, "boto3", pager.latest, asked=asked, kept=list)


def _aged(client: S3Client, bucket: str) -> dict[str, JsonValue]:
    """The id of the newest version, or delete marker, of each key that was written twice, and some deleted then."""
    newest: dict[str, JsonValue] = {}
    for number in range(AGES):
        key = f"{AGES_PREFIX}{number}"
        for age in ("older", "newer"):
            put = client.put_object(Bucket=bucket, Key=key, Body=body_of(f"{key}/{age}"))
            newest[key] = str(put.get("VersionId"))
        if number % 2:
            newest[key] = str(client.delete_object(Bucket=bucket, Key=key).get("VersionId"))
    return newest


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


@dataclass(frozen=True)
class _Pager:
    """Listings in small pages through one endpoint."""

    client: S3Client
    buckets: Buckets

    def small(self) -> Iterator[tuple[Step, str, Callable[[], list[str]]]]:
        """Of the first keys, in both forms, with the bucket."""
        for bucket in self.buckets.every():
            if bucket != self.buckets.versioned:
                yield Step.SMALL, bucket, partial(self.few, "list_objects_v2", bucket, "Contents")
                yield Step.SMALL_V1, bucket, partial(self.few, "list_objects", bucket, "Contents")

    def nested(self) -> dict[Step, Callable[[], list[str]]]:
        """Of nested keys, one a page."""

        def keys(operation: Any) -> list[str]:
            pages = self._pages(operation, self.buckets.plain, NESTED_PREFIX, 1, 4 * len(NESTED))
            return [row["Key"] for page in pages for row in page.get("Contents", [])]

        return {Step.NESTED: partial(keys, "list_objects_v2"), Step.NESTED_V1: partial(keys, "list_objects")}

    def latest(self) -> list[JsonValue]:
        """Of versions and delete markers, one a page: key, id, and whether it is said to be the latest."""
        pages = self._pages("list_object_versions", self.buckets.versioned, AGES_PREFIX, 1, 12 * AGES)
        return [
            [row["Key"], row["VersionId"], row["IsLatest"]]
            for page in pages
            for part in ("Versions", "DeleteMarkers")
            for row in page.get(part, [])
        ]

    def few(self, operation: Any, bucket: str, part: str) -> list[str]:
        """Of the first keys, as they come in that part of each page."""
        pages = self._pages(operation, bucket, f"{PREFIX}00", SMALL, 4 * FEW)
        return [
            row["Key"] for page in pages for row in page.get(part, []) if row["Key"] < f"{PREFIX}{FEW:04}"
        ]

    def _pages(self, operation: Any, bucket: str, prefix: str, size: int, most: int) -> Iterable[Any]:
        """At most `most` entries and pages, so that a listing that never ends does."""
        config: Any = {"PageSize": size, "MaxItems": most}
        pages: Iterable[Any] = self.client.get_paginator(operation).paginate(
            Bucket=bucket, Prefix=prefix, PaginationConfig=config
        )
        return islice(pages, most)
