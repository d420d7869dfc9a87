"""What a bucket says of its versioning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from readiness.judges.durability import NEVER

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetBucketVersioningOutputTypeDef


def versioning_of(client: S3Client, bucket: str) -> str:
    """`ENABLED`, `SUSPENDED`, `NEVER`, or whatever else the store answers. Only reads. Raises what boto3 raises, also
    where the bucket is not there: a store may name the versioning of one that is not.
    """
    client.head_bucket(Bucket=bucket)
    return status_in(client.get_bucket_versioning(Bucket=bucket))


def status_in(answer: GetBucketVersioningOutputTypeDef) -> str:
    """The same, of an answer."""
    return str(answer.get("Status", NEVER))
