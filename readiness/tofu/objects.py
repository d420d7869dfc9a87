"""The state and lock objects themselves, read (and, to restore, copied) with boto3 through one endpoint."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from readiness.providers.base import Endpoint, Keys

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_making = threading.Lock()  # boto3 sessions are not thread-safe while they load their data


class StoreError(Exception):
    """The store did not answer, or with an error: an outage, never a statement about an object."""


@dataclass(frozen=True)
class Version:
    """One version of a key, newest first in lists. `marker`: a delete marker."""

    id: str
    marker: bool
    latest: bool


class Objects:
    """One bucket through one endpoint. Every call is one request without retries; `calls` counts those that were
    answered."""

    def __init__(
        self,
        endpoint: Endpoint,
        keys: Keys,
        bucket: str,
        *,
        region: str = "us-east-1",
        path_style: bool = True,
        ca_bundle: str | None = None,
        seconds: float = 5.0,
    ) -> None:
        self.endpoint = endpoint
        self.bucket = bucket
        self.calls = 0
        with _making:
            session = boto3.session.Session(
                aws_access_key_id=keys.access_key, aws_secret_access_key=keys.secret_key, region_name=region
            )
            self._client: S3Client = session.client(
                "s3",
                endpoint_url=endpoint.url,
                verify=ca_bundle,
                config=Config(
                    connect_timeout=seconds,
                    read_timeout=seconds,
                    retries={"total_max_attempts": 1},
                    proxies={},
                    s3={"addressing_style": "path" if path_style else "virtual"},
                ),
            )

    def get(self, key: str) -> bytes | None:
        """The body, or None where the store says that there is no such object."""
        try:
            body: bytes = self._client.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        except (ClientError, BotoCoreError) as error:
            self._absent_or_raise(error)
            return None
        self.calls += 1
        return body

    def exists(self, key: str) -> bool:
        """What HEAD says."""
        try:
            self._client.head_object(Bucket=self.bucket, Key=key)
        except (ClientError, BotoCoreError) as error:
            self._absent_or_raise(error)
            return False
        self.calls += 1
        return True

    def create(self, key: str, body: bytes) -> bool:
        """PUT with `If-None-Match: *`: False where the object exists already."""
        try:
            self._client.put_object(Bucket=self.bucket, Key=key, Body=body, IfNoneMatch="*")
        except (ClientError, BotoCoreError) as error:
            if _code(error) in ("412", "409", "PreconditionFailed", "ConditionalRequestConflict"):
                self.calls += 1
                return False
            raise StoreError(f"{self.endpoint.name}: {error}") from error
        self.calls += 1
        return True

    def put(self, key: str, body: bytes) -> None:
        self._answered(lambda: self._client.put_object(Bucket=self.bucket, Key=key, Body=body))

    def delete(self, key: str) -> None:
        self._answered(lambda: self._client.delete_object(Bucket=self.bucket, Key=key))

    def versions(self, key: str) -> list[Version]:
        """All versions of exactly this key, newest first."""
        answer = self._answered(lambda: self._client.list_object_versions(Bucket=self.bucket, Prefix=key))
        rows: list[tuple[Any, Version]] = []
        for kind, marker in (("Versions", False), ("DeleteMarkers", True)):
            rows += [
                (row["LastModified"], Version(row["VersionId"], marker, bool(row["IsLatest"])))
                for row in answer.get(kind, ())
                if row["Key"] == key
            ]
        # Versions come newest first within each kind; the sort is stable, so equal times keep that order.
        return [version for _, version in sorted(rows, key=lambda row: row[0], reverse=True)]

    def get_version(self, key: str, version: str) -> bytes:
        answer = self._answered(
            lambda: self._client.get_object(Bucket=self.bucket, Key=key, VersionId=version)
        )
        try:
            body: bytes = answer["Body"].read()
        except BotoCoreError as error:
            raise StoreError(f"{self.endpoint.name}: {error}") from error
        return body

    def restore(self, key: str, version: str) -> None:
        """Copy an older version over the key, as a new version."""
        source = {"Bucket": self.bucket, "Key": key, "VersionId": version}
        self._answered(lambda: self._client.copy_object(Bucket=self.bucket, Key=key, CopySource=source))  # type: ignore[arg-type]

    def _answered(self, call: Any) -> Any:
        try:
            answer = call()
        except (ClientError, BotoCoreError) as error:
            raise StoreError(f"{self.endpoint.name}: {error}") from error
        self.calls += 1
        return answer

    def _absent_or_raise(self, error: ClientError | BotoCoreError) -> None:
        if _code(error) in ("404", "NoSuchKey", "NotFound"):
            self.calls += 1
            return
        raise StoreError(f"{self.endpoint.name}: {error}") from error


def _code(error: Exception) -> str:
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""
