"""P1.15: versions survive, and a previous version can be restored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from readiness.finding import Finding, proved, refuted
from readiness.harness.live import Live
from readiness.load.bodies import body_of, identify
from readiness.providers.base import Endpoint
from readiness.s3.clients import Version, boto3_client, libraries, translated
from readiness.scratch.observe import Observer, criterion

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import CopySourceTypeDef

WRITES = 4


@criterion("P1.15")
def versions(live: Live, see: Observer) -> Finding:
    """P1.15: every write is a version, listed and readable through every endpoint; a delete hides and loses
    nothing; an old version copied over the key is the object again, and removing the delete marker brings
    the last one back.
    """
    bucket, endpoints = live.buckets.versioned, live.topology.all_endpoints()
    for number, endpoint in enumerate(endpoints):
        reader = endpoints[(number + 1) % len(endpoints)]
        problem = _story(live, see, bucket, endpoint, reader, f"p1.15/{endpoint.name}")
        if problem:
            return refuted(f"{bucket}/p1.15/{endpoint.name}: {problem}", observations=see.count)
    return proved(
        f"{WRITES} versions of each object kept, read and restored through every endpoint", see.count
    )


def _story(
    live: Live, see: Observer, bucket: str, writer: Endpoint, reader: Endpoint, key: str
) -> str | None:
    w, r = (
        boto3_client(live.target(writer), live.response_seconds),
        boto3_client(live.target(reader), live.response_seconds),
    )
    library = libraries(live.target(reader), live.response_seconds)[0]

    def listed() -> list[Version]:
        return [
            v
            for v in see.must(reader, "boto3", f"versions {key}", library.versions, bucket, key)
            if v.key == key
        ]

    def body(version: str | None) -> str:
        def read() -> str:
            if version is None:
                return identify(r.get_object(Bucket=bucket, Key=key)["Body"].read())
            return identify(r.get_object(Bucket=bucket, Key=key, VersionId=version)["Body"].read())

        return see.must(reader, "boto3", f"get {key}@{version}", translated(read))

    ids = []
    for number in range(WRITES):
        put = see.must(
            writer,
            "boto3",
            f"put {key}",
            translated(w.put_object),
            Bucket=bucket,
            Key=key,
            Body=body_of(f"{key}/{number}"),
        )
        ids.append(str(put.get("VersionId", "none")))
    if len(set(ids)) != WRITES:
        return f"{WRITES} writes gave the version ids {ids}: the bucket does not version"
    if {v.version for v in listed()} != set(ids):
        return f"{reader.name} lists other versions than were written"
    for number, version in enumerate(ids):
        if body(version) != f"{key}/{number}":
            return f"version {number} of {WRITES} read through {reader.name} has another body"
    marker = see.must(writer, "boto3", f"delete {key}", translated(w.delete_object), Bucket=bucket, Key=key)
    if len([v for v in listed() if not v.marker]) != WRITES:
        return "a delete removed versions"
    see.must(
        writer,
        "boto3",
        f"delete marker of {key}",
        translated(w.delete_object),
        Bucket=bucket,
        Key=key,
        VersionId=str(marker.get("VersionId")),
    )
    if body(None) != f"{key}/{WRITES - 1}":
        return "removing the delete marker did not bring the last version back"
    source: CopySourceTypeDef = {"Bucket": bucket, "Key": key, "VersionId": ids[0]}
    see.must(
        writer,
        "boto3",
        f"copy {key}@{ids[0]}",
        translated(w.copy_object),
        Bucket=bucket,
        Key=key,
        CopySource=source,
    )
    if body(None) != f"{key}/0":
        return "an old version copied over the key is not what the key shows"
    if len([v for v in listed() if not v.marker]) != WRITES + 1:
        return "the restore removed versions"
    return None
