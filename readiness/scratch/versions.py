"""P1.15: versions survive, and a previous version can be restored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from pydantic import JsonValue

from readiness.judges.versions import WRITES, Step
from readiness.load.bodies import body_of, identify
from readiness.load.rig import Rig
from readiness.recording import Recording
from readiness.s3.boto3_library import boto3_client
from readiness.s3.clients import libraries
from readiness.s3.library import Library, Version
from readiness.subject import Subject
from readiness.topology import Endpoint

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CopySourceTypeDef

R = TypeVar("R")


def versions(subject: Subject, see: Recording, rig: Rig) -> None:
    """P1.15: every write is a version, listed and readable through every endpoint; a delete hides and loses
    nothing; an old version copied over the key is the object again, and removing the delete marker brings
    the last one back.
    """
    bucket, endpoints = rig.buckets.versioned, subject.topology.all_endpoints()
    for number, endpoint in enumerate(endpoints):
        reader = endpoints[(number + 1) % len(endpoints)]
        w, r = (boto3_client(subject.target(e), subject.response_seconds) for e in (endpoint, reader))
        library = libraries(subject.target(reader), subject.response_seconds)[0]
        _story(_Key(see, endpoint, reader, w, r, library, bucket, f"p1.15/{endpoint.name}"))


@dataclass(frozen=True)
class _Key:
    """One object, written through one endpoint and read through another."""

    see: Recording
    writer: Endpoint
    reader: Endpoint
    w: S3Client
    r: S3Client
    library: Library
    bucket: str
    key: str

    def _must(
        self,
        step: Step,
        endpoint: Endpoint,
        call: Callable[[], R],
        kept: Callable[[R], JsonValue],
        **asked: JsonValue,
    ) -> R:
        about: dict[str, JsonValue] = {"bucket": self.bucket, "key": self.key, **asked}
        return self.see.must(step, endpoint, "boto3", call, asked=about, kept=kept)

    def put(self, value: str) -> str:
        """The version id of the write."""
        put = partial(self.w.put_object, Bucket=self.bucket, Key=self.key, Body=body_of(value))
        answer = self._must(
            Step.PUT, self.writer, put, lambda a: str(a.get("VersionId", "none")), value=value
        )
        return str(answer.get("VersionId", "none"))

    def listed(self, step: Step) -> None:
        """The object's versions as the reader lists them."""

        def mine(found: list[Version]) -> JsonValue:
            return [[v.version, v.marker] for v in found if v.key == self.key]

        self._must(step, self.reader, partial(self.library.versions, self.bucket, self.key), mine)

    def get(self, step: Step, value: str, version: str | None = None, number: int = 0) -> None:
        """What the object, or that version of it, says through the reader. `value` is what it should say."""
        at = {"Bucket": self.bucket, "Key": self.key} | ({"VersionId": version} if version else {})
        asked: dict[str, JsonValue] = {"version": version, "number": number} if version else {}
        read = lambda: identify(self.r.get_object(**at)["Body"].read())  # type: ignore[arg-type]  # noqa: E731
        self._must(step, self.reader, read, str, value=value, **asked)

    def delete(self) -> str:
        """The version id of the delete marker."""
        delete = partial(self.w.delete_object, Bucket=self.bucket, Key=self.key)
        answer = self._must(Step.DELETE, self.writer, delete, lambda a: str(a.get("VersionId")))
        return str(answer.get("VersionId"))

    def remove(self, version: str) -> None:
        """Remove that version for good."""
        remove = partial(self.w.delete_object, Bucket=self.bucket, Key=self.key, VersionId=version)
        self._must(Step.REMOVE_MARKER, self.writer, remove, lambda _: None, version=version)

    def restore(self, version: str) -> None:
        """Copy that version over the key."""
        source: CopySourceTypeDef = {"Bucket": self.bucket, "Key": self.key, "VersionId": version}
        copy = partial(self.w.copy_object, Bucket=self.bucket, Key=self.key, CopySource=source)
        self._must(Step.COPY, self.writer, copy, lambda _: None, version=version)


def _story(at: _Key) -> None:
    values = [f"{at.key}/{number}" for number in range(WRITES)]
    ids = [at.put(value) for value in values]
    if len(set(ids)) != WRITES:
        return  # nothing more to be learned: the bucket does not version
    at.listed(Step.VERSIONS)
    for number, (id_, value) in enumerate(zip(ids, values, strict=True), 1):
        at.get(Step.GET_VERSION, value, id_, number)
    marker = at.delete()
    at.listed(Step.VERSIONS_DELETED)
    at.remove(marker)
    at.get(Step.GET_BACK, values[-1])
    at.restore(ids[0])
    at.get(Step.GET_RESTORED, values[0])
    at.listed(Step.VERSIONS_RESTORED)
