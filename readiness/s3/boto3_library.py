"""boto3, as people use it, with nothing of the operator's own configuration."""

from __future__ import annotations

import functools
import io
import os
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
from botocore.config import Config

from readiness.s3 import below
from readiness.s3.answers import check_answer
from readiness.s3.library import Head, Version, translate
from readiness.s3.transport import limited_sender
from readiness.s3.wire import Target

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def boto3_client(target: Target, seconds: float, *, anonymous: bool = False) -> S3Client:
    """A boto3 S3 client with one attempt, bounded waits, no proxies and no configuration of the operator's."""
    from botocore import UNSIGNED

    signature: Any = UNSIGNED if anonymous else "s3v4"
    config = Config(
        signature_version=signature,
        retries={"total_max_attempts": 1, "mode": "standard"},
        connect_timeout=seconds,
        read_timeout=seconds,
        s3={"addressing_style": "virtual" if target.virtual else "path"},
        proxies={},
        max_pool_connections=16,
    )
    verify = target.ca_bundle or True
    with _MAKING:
        client: S3Client = _session().client(
            "s3",
            region_name=target.region,
            endpoint_url=target.url,
            aws_access_key_id=target.keys.access_key or None,
            aws_secret_access_key=target.keys.secret_key or None,
            config=config,
            verify=verify,
        )
    client.meta.events.register("before-send.s3", limited_sender(seconds, verify))
    client.meta.events.register("before-parse.s3", check_answer)
    below.register(client.meta.events)
    return client


_MAKING = threading.Lock()
"""A session makes one client at a time; its clients can be used by many threads."""


@functools.cache
def _session() -> boto3.session.Session:
    """One session: it keeps the service's description, which takes longer to read than a client to make.

    It reads neither the operator's profile nor the shared configuration files.
    """
    nothing = (None, None, os.devnull, None)
    own = {"profile": (None, None, None, None), "config_file": nothing, "credentials_file": nothing}
    return boto3.session.Session(botocore_session=botocore.session.Session(session_vars=own))


class Boto3Library:
    """boto3."""

    name = "boto3"

    def __init__(self, target: Target, seconds: float) -> None:
        self.client = boto3_client(target, seconds)

    def list_buckets(self) -> list[str]:
        return translate(lambda: [b["Name"] for b in self.client.list_buckets()["Buckets"]])

    def head_bucket(self, bucket: str) -> None:
        translate(lambda: self.client.head_bucket(Bucket=bucket))

    def put(self, bucket: str, key: str, body: bytes, value: str) -> str:
        return translate(
            lambda: self.client.put_object(Bucket=bucket, Key=key, Body=body, Metadata={"v": value})[
                "ETag"
            ].strip('"')
        )

    def get(self, bucket: str, key: str) -> bytes:
        return translate(lambda: self.client.get_object(Bucket=bucket, Key=key)["Body"].read())

    def head(self, bucket: str, key: str) -> Head:
        got = translate(lambda: self.client.head_object(Bucket=bucket, Key=key))
        return Head(
            got["ContentLength"],
            got["ETag"].strip('"'),
            {name.lower(): value for name, value in got["Metadata"].items()}.get("v"),
            got.get("VersionId"),
        )

    def delete(self, bucket: str, key: str) -> None:
        translate(lambda: self.client.delete_object(Bucket=bucket, Key=key))

    def list_keys(self, bucket: str, prefix: str) -> list[str]:
        pages = self.client.get_paginator("list_objects_v2")
        return translate(
            lambda: [
                o["Key"]
                for page in pages.paginate(Bucket=bucket, Prefix=prefix)
                for o in page.get("Contents", [])
            ]
        )

    def versions(self, bucket: str, prefix: str) -> list[Version]:
        pages = self.client.get_paginator("list_object_versions")

        def read() -> list[Version]:
            found: list[Version] = []
            for page in pages.paginate(Bucket=bucket, Prefix=prefix):
                found += [
                    Version(v["Key"], v["VersionId"], v["IsLatest"], False) for v in page.get("Versions", [])
                ]
                found += [
                    Version(m["Key"], m["VersionId"], m["IsLatest"], True)
                    for m in page.get("DeleteMarkers", [])
                ]
            return found

        return translate(read)

    def multipart(self, bucket: str, key: str, body: bytes, part_size: int, value: str) -> None:
        from boto3.s3.transfer import TransferConfig

        config = TransferConfig(
            multipart_threshold=part_size, multipart_chunksize=part_size, use_threads=False
        )
        extra: Mapping[str, Any] = {"Metadata": {"v": value}}
        translate(
            lambda: self.client.upload_fileobj(
                io.BytesIO(body), bucket, key, ExtraArgs=dict(extra), Config=config
            )
        )
