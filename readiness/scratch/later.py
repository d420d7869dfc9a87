"""P1.15 of a bucket whose versioning is enabled after its first objects."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, TypeVar

from pydantic import JsonValue

from readiness.judges.later import BEFORE, ENABLED_SECONDS, Step
from readiness.load.bodies import body_of, identify
from readiness.load.rig import Rig
from readiness.recording import Kept, Recording, nothing
from readiness.s3.boto3_library import Boto3Library
from readiness.s3.library import Library, Version
from readiness.scratch.another import another_bucket
from readiness.subject import Subject
from readiness.topology import Endpoint

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

R = TypeVar("R")


def versions_enabled_later(subject: Subject, see: Recording, rig: Rig) -> None:
    """Two keys an endpoint are written, then versioning is enabled; one is overwritten, one deleted and brought back;
    every other endpoint shows it.
    """
    made = see.ask(Step.MADE, subject.front, "boto3", partial(another_bucket, rig), kept=lambda name: name)
    if not isinstance(made, str):
        return
    endpoints = subject.topology.all_endpoints()
    pairs = [
        _Pair(subject, see, made, endpoint, endpoints[(number + 1) % len(endpoints)])
        for number, endpoint in enumerate(endpoints)
    ]
    for pair in pairs:
        pair.write()
    enable = partial(
        subject.client(subject.front).put_bucket_versioning,
        Bucket=made,
        VersioningConfiguration={"Status": "Enabled"},
    )
    see.must(Step.ENABLE, subject.front, "boto3", enable, asked={"bucket": made})
    if all(_versions(subject, see, made, endpoint) for endpoint in endpoints):
        for pair in pairs:
            pair.change()


def _versions(subject: Subject, see: Recording, bucket: str, endpoint: Endpoint) -> bool:
    """Whether writes through that endpoint make versions in time: each may learn of it a little later."""
    put = partial(
        subject.client(endpoint).put_object, Bucket=bucket, Key=f"enabled/{endpoint.name}", Body=b""
    )
    deadline = time.monotonic() + ENABLED_SECONDS
    while True:
        answer = see.must(
            Step.VERSIONED,
            endpoint,
            "boto3",
            put,
            asked={"bucket": bucket},
            kept=lambda found: found.get("VersionId"),
        )
        if answer.get("VersionId", BEFORE) != BEFORE:
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.5)


@dataclass(frozen=True)
class _Pair:
    """Two keys, changed through one endpoint and looked at through another."""

    subject: Subject
    see: Recording
    bucket: str
    writer: Endpoint
    reader: Endpoint

    @property
    def _kept(self) -> str:
        return f"p1.15/{self.writer.name}/kept"

    @property
    def _deleted(self) -> str:
        return f"p1.15/{self.writer.name}/deleted"

    def write(self) -> None:
        """Before versioning is enabled."""
        for key in (self._kept, self._deleted):
            self._put(Step.PUT, key, "before")

    def change(self) -> None:
        """After it was."""
        newest = self._put(Step.OVERWRITE, self._kept, "after")
        marker = self._delete(Step.DELETE)
        head = partial(self._reading.head_object, Bucket=self.bucket, Key=self._deleted)
        self.see.ask(Step.HEAD_DELETED, self.reader, "boto3", head, asked=self._at(self._deleted))
        listing = partial(self._library.list_keys, self.bucket, f"p1.15/{self.writer.name}/")
        self._must(Step.LISTED, self.reader, listing, self._kept, list, deleted=self._deleted)
        for key, id_ in ((self._kept, newest), (self._deleted, marker)):
            listing_of = partial(self._library.versions, self.bucket, key)
            self._must(Step.VERSIONS, self.reader, listing_of, key, partial(_of, key), newest=id_)
            self._get(Step.GET, key, BEFORE)
        self._delete(Step.REMOVE_MARKER, marker)
        self._get(Step.GET_BACK, self._deleted)

    @cached_property
    def _reading(self) -> S3Client:
        return self.subject.client(self.reader)

    @cached_property
    def _library(self) -> Library:
        return Boto3Library(self.subject.target(self.reader), self.subject.response_seconds)

    def _at(self, key: str, **more: JsonValue) -> dict[str, JsonValue]:
        return {"bucket": self.bucket, "key": key, **more}

    def _must(
        self,
        step: Step,
        endpoint: Endpoint,
        call: Callable[[], R],
        key: str,
        kept: Kept[R] = nothing,
        **asked: JsonValue,
    ) -> R:
        return self.see.must(step, endpoint, "boto3", call, asked=self._at(key, **asked), kept=kept)

    def _put(self, step: Step, key: str, when: str) -> str:
        """The version id."""
        body = body_of(f"{key}/{when}")
        put = partial(self.subject.client(self.writer).put_object, Bucket=self.bucket, Key=key, Body=body)
        return str(self._must(step, self.writer, put, key).get("VersionId", "none"))

    def _delete(self, step: Step, version: str | None = None) -> str:
        """The id of what was made: a delete marker."""
        at = {"Bucket": self.bucket, "Key": self._deleted} | ({"VersionId": version} if version else {})
        delete = partial(self.subject.client(self.writer).delete_object, **at)  # type: ignore[arg-type]
        return str(self._must(step, self.writer, delete, self._deleted).get("VersionId", "none"))

    def _get(self, step: Step, key: str, version: str | None = None) -> None:
        at = {"Bucket": self.bucket, "Key": key} | ({"VersionId": version} if version else {})
        read = lambda: identify(self._reading.get_object(**at)["Body"].read())  # type: ignore[arg-type]  # noqa: E731
        asked = self._at(key, value=f"{key}/before")
        self.see.ask(step, self.reader, "boto3", read, asked=asked, kept=str)


def _of(key: str, found: list[Version]) -> JsonValue:
    return [[each.version, each.latest] for each in found if each.key == key]
