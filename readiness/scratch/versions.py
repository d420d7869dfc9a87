"""P1.15: versions survive, and a previous version can be restored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from readiness.finding import Finding, proved, refuted
from readiness.load.bodies import body_of, identify
from readiness.load.rig import Rig
from readiness.recording import Recording
from readiness.s3.boto3_library import boto3_client
from readiness.s3.clients import libraries
from readiness.s3.library import Library, Version, translated
from readiness.subject import Subject
from readiness.topology import Endpoint

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CopySourceTypeDef

WRITES = 4


def versions(subject: Subject, see: Recording, rig: Rig) -> Finding:
    """P1.15: every write is a version, listed and readable through every endpoint; a delete hides and loses
    nothing; an old version copied over the key is the object again, and removing the delete marker brings
    the last one back.
    """
    bucket, endpoints = rig.buckets.versioned, subject.topology.all_endpoints()
    for number, endpoint in enumerate(endpoints):
        reader = endpoints[(number + 1) % len(endpoints)]
        w, r = (boto3_client(subject.target(e), subject.response_seconds) for e in (endpoint, reader))
        library = libraries(subject.target(reader), subject.response_seconds)[0]
        problem = _story(_Key(see, endpoint, reader, w, r, library, bucket, f"p1.15/{endpoint.name}"))
        if problem:
            return refuted(f"{bucket}/p1.15/{endpoint.name}: {problem}", observations=see.count)
    return proved(
        f"{WRITES} versions of each object kept, read and restored through every endpoint", see.count
    )


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

    def put(self, value: str) -> str:
        """The version id of the write."""
        what, put = f"put {self.key}", translated(self.w.put_object)
        answer = self.see.must(
            self.writer, "boto3", what, put, Bucket=self.bucket, Key=self.key, Body=body_of(value)
        )
        return str(answer.get("VersionId", "none"))

    def listed(self) -> list[Version]:
        """The object's versions as the reader lists them."""
        call = self.library.versions
        found = self.see.must(
            self.reader, self.library.name, f"versions {self.key}", call, self.bucket, self.key
        )
        return [version for version in found if version.key == self.key]

    def bodies(self) -> int:
        """The number of listed versions that are not delete markers."""
        return sum(not version.marker for version in self.listed())

    def body(self, version: str | None = None) -> str:
        """What the object, or that version of it, says through the reader."""

        def read() -> str:
            if version is None:
                return identify(self.r.get_object(Bucket=self.bucket, Key=self.key)["Body"].read())
            return identify(
                self.r.get_object(Bucket=self.bucket, Key=self.key, VersionId=version)["Body"].read()
            )

        return self.see.must(self.reader, "boto3", f"get {self.key}@{version}", translated(read))

    def delete(self) -> str:
        """The version id of the delete marker."""
        what, delete = f"delete {self.key}", translated(self.w.delete_object)
        answer = self.see.must(self.writer, "boto3", what, delete, Bucket=self.bucket, Key=self.key)
        return str(answer.get("VersionId"))

    def remove(self, version: str) -> None:
        """Remove that version for good."""
        what, delete = f"delete {self.key}@{version}", translated(self.w.delete_object)
        self.see.must(self.writer, "boto3", what, delete, Bucket=self.bucket, Key=self.key, VersionId=version)

    def restore(self, version: str) -> None:
        """Copy that version over the key."""
        source: CopySourceTypeDef = {"Bucket": self.bucket, "Key": self.key, "VersionId": version}
        what, copy = f"copy {self.key}@{version}", translated(self.w.copy_object)
        self.see.must(self.writer, "boto3", what, copy, Bucket=self.bucket, Key=self.key, CopySource=source)


def _story(at: _Key) -> str | None:
    values = [f"{at.key}/{number}" for number in range(WRITES)]
    ids = [at.put(value) for value in values]
    if len(set(ids)) != WRITES:
        return f"{WRITES} writes gave the version ids {ids}: the bucket does not version"
    if {version.version for version in at.listed()} != set(ids):
        return f"{at.reader.name} lists other versions than were written"
    wrong = [number for number, id_ in enumerate(ids) if at.body(id_) != values[number]]
    if wrong:
        return f"version {wrong[0] + 1} of {WRITES} read through {at.reader.name} has another body"
    return _deleted(at, values) or _restored(at, ids, values)


def _deleted(at: _Key, values: list[str]) -> str | None:
    marker = at.delete()
    if at.bodies() != WRITES:
        return "a delete removed versions"
    at.remove(marker)
    if at.body() != values[-1]:
        return "removing the delete marker did not bring the last version back"
    return None


def _restored(at: _Key, ids: list[str], values: list[str]) -> str | None:
    at.restore(ids[0])
    if at.body() != values[0]:
        return "an old version copied over the key is not what the key shows"
    if at.bodies() != WRITES + 1:
        return "the restore removed versions"
    return None
