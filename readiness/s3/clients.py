"""The two client libraries that people use, boto3 and minio, behind one small interface: one attempt, bounded
time, errors told apart.
"""

from __future__ import annotations

import functools
import io
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar
from urllib.parse import urlsplit

import boto3
import botocore.session
import urllib3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from minio import Minio
from minio.error import InvalidResponseError, S3Error, ServerError

from readiness.s3.wire import Target

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

P = ParamSpec("P")
R = TypeVar("R")


class Answered(Exception):
    """The store answered with an error: HTTP status and S3 code."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"HTTP {status} {code}: {message}")
        self.status, self.code = status, code


class Unanswered(Exception):
    """No usable answer: refused, reset, timed out, or not HTTP."""


@dataclass(frozen=True)
class Head:
    """What HEAD says of an object. `value` is its metadata `v`."""

    size: int
    etag: str
    value: str | None
    version: str | None


@dataclass(frozen=True)
class Version:
    """One entry of a version listing."""

    key: str
    version: str
    latest: bool
    marker: bool


class Library(Protocol):
    """What both libraries can do. Every method raises Answered or Unanswered, and nothing else, for what the
    store does.
    """

    name: str

    def list_buckets(self) -> list[str]: ...
    def head_bucket(self, bucket: str) -> None: ...
    def put(self, bucket: str, key: str, body: bytes, value: str) -> str:
        """Returns the ETag."""
        ...

    def get(self, bucket: str, key: str) -> bytes: ...
    def head(self, bucket: str, key: str) -> Head: ...
    def delete(self, bucket: str, key: str) -> None: ...
    def list_keys(self, bucket: str, prefix: str) -> list[str]: ...
    def versions(self, bucket: str, prefix: str) -> list[Version]: ...
    def multipart(self, bucket: str, key: str, body: bytes, part_size: int, value: str) -> None: ...


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


def translate(work: Callable[[], R]) -> R:
    """Run a client call; both libraries' errors become Answered or Unanswered."""
    try:
        return work()
    except ClientError as error:
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        said = error.response.get("Error", {})
        raise Answered(status, said.get("Code", ""), said.get("Message", "")) from None
    except S3Error as error:
        raise Answered(error.response.status, error.code or "", error.message or "") from None
    except (ServerError, InvalidResponseError) as error:
        raise Unanswered(str(error)) from None
    except (BotoCoreError, urllib3.exceptions.HTTPError, OSError) as error:
        raise Unanswered(f"{type(error).__name__}: {error}") from None


def translated(call: Callable[P, R]) -> Callable[P, R]:
    """The client call, with its errors turned into Answered or Unanswered."""

    def careful(*args: P.args, **kwargs: P.kwargs) -> R:
        return translate(lambda: call(*args, **kwargs))

    return careful


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


class MinioLibrary:
    """The minio client."""

    name = "minio"

    def __init__(self, target: Target, seconds: float) -> None:
        split = urlsplit(target.url)
        pool = urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=seconds, read=seconds),
            retries=urllib3.Retry(total=False, redirect=False),
            maxsize=16,
            ca_certs=target.ca_bundle,
        )
        self.client = Minio(
            split.netloc,
            access_key=target.keys.access_key,
            secret_key=target.keys.secret_key,
            secure=split.scheme == "https",
            region=target.region,
            http_client=pool,
        )
        if target.virtual:
            self.client.enable_virtual_style_endpoint()
        else:
            self.client.disable_virtual_style_endpoint()

    def list_buckets(self) -> list[str]:
        return translate(lambda: [bucket.name for bucket in self.client.list_buckets()])

    def head_bucket(self, bucket: str) -> None:
        if not translate(lambda: self.client.bucket_exists(bucket)):
            raise Answered(404, "NoSuchBucket", bucket)

    def put(self, bucket: str, key: str, body: bytes, value: str) -> str:
        return translate(
            lambda: (
                self.client.put_object(bucket, key, io.BytesIO(body), len(body), metadata={"v": value}).etag
                or ""
            )
        )

    def get(self, bucket: str, key: str) -> bytes:
        def read() -> bytes:
            response = self.client.get_object(bucket, key)
            try:
                return response.read()
            finally:
                response.close()
                response.release_conn()

        return translate(read)

    def head(self, bucket: str, key: str) -> Head:
        got = translate(lambda: self.client.stat_object(bucket, key))
        metadata = {name.lower(): value for name, value in (got.metadata or {}).items()}
        return Head(got.size or 0, got.etag or "", metadata.get("x-amz-meta-v"), got.version_id)

    def delete(self, bucket: str, key: str) -> None:
        translate(lambda: self.client.remove_object(bucket, key))

    def list_keys(self, bucket: str, prefix: str) -> list[str]:
        return translate(
            lambda: [
                o.object_name or "" for o in self.client.list_objects(bucket, prefix=prefix, recursive=True)
            ]
        )

    def versions(self, bucket: str, prefix: str) -> list[Version]:
        def read() -> list[Version]:
            listed = self.client.list_objects(bucket, prefix=prefix, recursive=True, include_version=True)
            return [
                Version(
                    o.object_name or "", o.version_id or "null", bool(o.is_latest), bool(o.is_delete_marker)
                )
                for o in listed
            ]

        return translate(read)

    def multipart(self, bucket: str, key: str, body: bytes, part_size: int, value: str) -> None:
        translate(
            lambda: self.client.put_object(
                bucket, key, io.BytesIO(body), -1, metadata={"v": value}, part_size=part_size
            )
        )


def libraries(target: Target, seconds: float) -> tuple[Library, Library]:
    """Both, for one endpoint."""
    return Boto3Library(target, seconds), MinioLibrary(target, seconds)
