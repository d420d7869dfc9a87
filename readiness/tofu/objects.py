"""The state and lock objects themselves, read (and, to restore, copied) with boto3 through one endpoint."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from readiness.s3.boto3_library import boto3_client
from readiness.s3.wire import Target
from readiness.topology import Endpoint, Keys

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

R = TypeVar("R")


class StoreError(Exception):
    """The store did not answer, or with an error: an outage, never a statement about an object."""


@dataclass(frozen=True)
class ObjectVersion:
    """One version of a key, newest first in lists. `marker`: a delete marker."""

    id: str
    marker: bool
    latest: bool


class Objects:
    """One bucket through one endpoint. `calls` counts the requests that were answered; `client` is for what has no
    method here.

    A read is asked again for `patience` seconds while the store answers with an error or not at all: these are looks at
    what there is once a fault is healed, not probes of when. A wrong answer is never asked again, and a write is one
    request.

    Every request raises StoreError, and readiness.s3.library.Malformed for something that is not an answer.
    """

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
        patience: float = 10.0,
    ) -> None:
        self.endpoint = endpoint
        self.bucket = bucket
        self.patience = patience
        target = Target(endpoint.url, keys, region, not path_style, ca_bundle)
        self.client: S3Client = boto3_client(target, seconds)

    def get(self, key: str) -> bytes | None:
        """The body, or None where the store says that there is no such object."""
        return self._looked(lambda: self._get(key))

    def _get(self, key: str) -> bytes | None:
        try:
            body: bytes = self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        except (ClientError, BotoCoreError) as error:
            self._absent_or_raise(error)
            return None
        return body

    def exists(self, key: str) -> bool:
        """What HEAD says."""
        return self._looked(lambda: self._exists(key))

    def _exists(self, key: str) -> bool:
        try:
            self.client.head_object(Bucket=self.bucket, Key=key)
        except (ClientError, BotoCoreError) as error:
            self._absent_or_raise(error)
            return False
        return True

    def create(self, key: str, body: bytes) -> bool:
        """PUT with `If-None-Match: *`: False where the object exists already."""
        try:
            self.client.put_object(Bucket=self.bucket, Key=key, Body=body, IfNoneMatch="*")
        except (ClientError, BotoCoreError) as error:
            if _code(error) in ("412", "409", "PreconditionFailed", "ConditionalRequestConflict"):
                return False
            raise StoreError(f"{self.endpoint.name}: {error}") from error
        return True

    def put(self, key: str, body: bytes) -> None:
        self._answered(lambda: self.client.put_object(Bucket=self.bucket, Key=key, Body=body))

    def delete(self, key: str) -> None:
        self._answered(lambda: self.client.delete_object(Bucket=self.bucket, Key=key))

    def erase(self, key: str, *, keep_latest: bool = False) -> None:
        """Delete every version and every delete marker of this key, each by its id; `keep_latest` spares the current
        one. Where the store lists none, an object that is there is deleted, unless it is to be kept.
        """
        found = self.versions(key)
        doomed = [version for version in found if not (keep_latest and version.latest)]
        for version in doomed:
            delete = partial(self.client.delete_object, Bucket=self.bucket, Key=key, VersionId=version.id)
            self._answered(delete)
        if not found and not keep_latest and self.exists(key):
            self.delete(key)

    def versions(self, key: str) -> list[ObjectVersion]:
        """All versions of exactly this key, newest first."""
        listed = partial(self.client.list_object_versions, Bucket=self.bucket, Prefix=key)
        answer = self._looked(lambda: self._answered(listed))
        rows: list[tuple[Any, ObjectVersion]] = []
        for kind, marker in (("Versions", False), ("DeleteMarkers", True)):
            rows += [
                (row["LastModified"], ObjectVersion(row["VersionId"], marker, bool(row["IsLatest"])))
                for row in answer.get(kind, ())
                if row["Key"] == key
            ]
        # Versions come newest first within each kind; the sort is stable, so equal times keep that order.
        return [version for _, version in sorted(rows, key=lambda row: row[0], reverse=True)]

    def get_version(self, key: str, version: str) -> bytes:
        asked = partial(self.client.get_object, Bucket=self.bucket, Key=key, VersionId=version)
        answer = self._looked(lambda: self._answered(asked))
        try:
            body: bytes = answer["Body"].read()
        except BotoCoreError as error:
            raise StoreError(f"{self.endpoint.name}: {error}") from error
        return body

    def restore(self, key: str, version: str) -> None:
        """Copy an older version over the key, as a new version."""
        source = {"Bucket": self.bucket, "Key": key, "VersionId": version}
        self._answered(lambda: self.client.copy_object(Bucket=self.bucket, Key=key, CopySource=source))  # type: ignore[arg-type]

    def _looked(self, look: Callable[[], R]) -> R:
        deadline = time.monotonic() + self.patience
        while True:
            try:
                return look()
            except StoreError:
                if time.monotonic() > deadline:
                    raise
            time.sleep(0.5)

    def _answered(self, call: Any) -> Any:
        try:
            answer = call()
        except (ClientError, BotoCoreError) as error:
            raise StoreError(f"{self.endpoint.name}: {error}") from error
        return answer

    def _absent_or_raise(self, error: ClientError | BotoCoreError) -> None:
        if _code(error) in ("404", "NoSuchKey", "NotFound"):
            return
        raise StoreError(f"{self.endpoint.name}: {error}") from error


def _code(error: Exception) -> str:
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""
