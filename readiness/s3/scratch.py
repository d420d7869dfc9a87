"""Scratch buckets: made by this run, named for it, tagged, and removed whole. No other bucket is ever
written.
"""

from __future__ import annotations

import contextlib
import json
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from readiness.errors import UsageError
from readiness.s3.library import Answered, Unanswered, translate

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

T = TypeVar("T")
DELETERS, BATCH = 8, 125
NOT_OFFERED = (405, 501)
PREFIX = "tofu-ha-scratch-"
NOT_THERE_YET = (404,)
"""Behind a load balancer the next request about a new bucket may be answered by a node that does not know it yet."""


class Scratch:
    """The run's scratch buckets through one client. `journal` lists them, so that they can be removed after a
    crash too.
    """

    def __init__(self, run: str, client: Callable[[], S3Client], journal: Path) -> None:
        self._run, self._client, self._journal = run, client, journal
        self.buckets: list[str] = []
        self.refused: dict[str, str] = {}
        """By bucket, the answer of a store that would not enable its versioning (P0.3 and P1.15 tell it)."""

    def create(self, purpose: str, *, versioned: bool) -> str:
        """A new bucket. Raises UsageError if one of that name exists already: it is not this run's."""
        name = f"{PREFIX}{self._run}-{purpose}"[:63].rstrip("-").lower()
        client = self._client()
        region = client.meta.region_name
        place: Any = (
            {}
            if region == "us-east-1"  # the one region that a store wants not to be named
            else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        )
        self._note(name)
        try:
            if _exists(client, name):  # a store may answer 200 to the creation of a bucket that is there
                raise UsageError(f"scratch bucket {name} is there already: it is not this run's")
            _patiently(lambda: client.create_bucket(Bucket=name, **place))
        except Answered as error:
            if error.code != "BucketAlreadyOwnedByYou":  # it was absent: an answer was lost, and this is ours
                raise UsageError(
                    f"scratch bucket {name} cannot be created: {error}; the admin credential must be allowed to"
                ) from None
        self.buckets.append(name)
        with contextlib.suppress(Answered):  # some stores have no bucket tags: the name says the same
            tags: Any = {"TagSet": [{"Key": "tofu-state-ha-readiness", "Value": self._run}]}
            _patiently(lambda: client.put_bucket_tagging(Bucket=name, Tagging=tags))
        if versioned:
            try:
                _patiently(
                    lambda: client.put_bucket_versioning(
                        Bucket=name, VersioningConfiguration={"Status": "Enabled"}
                    ),
                    seconds=15,
                    also=NOT_THERE_YET,
                )
            except Answered as error:
                self.refused[name] = str(error)
        return name

    def warm_up(self, buckets: Iterable[str], through: Iterable[S3Client], seconds: float = 60) -> bool:
        """Wait until each new bucket takes a write through each client: a store that has just been started, or that
        makes volumes for a new bucket, may refuse the first ones. A set-up step, before anything is judged. False
        if one still refuses in the end: what is judged then will say so.
        """
        deadline = time.monotonic() + seconds
        waiting = [(client, bucket) for client in through for bucket in buckets]
        while waiting and time.monotonic() < deadline:
            waiting = [(client, bucket) for client, bucket in waiting if not _takes_a_write(client, bucket)]
            if waiting:
                time.sleep(0.5)
        return not waiting

    def owns(self, bucket: str) -> bool:
        """Whether this run made that bucket."""
        return bucket in self.buckets

    def remove(self) -> list[str]:
        """Removes every bucket of the run with all its versions; returns what could not be removed, with the
        reason.
        """
        left = []
        for name in list(self.buckets):
            try:
                remove_bucket(self._client(), name)
                self.buckets.remove(name)
            except (Answered, Unanswered) as error:
                left.append(f"{name}: {error}")
        return left

    def _note(self, name: str) -> None:
        with self._journal.open("a", encoding="utf-8") as out:
            out.write(json.dumps({"bucket": name}) + "\n")


def _patiently(work: Callable[[], Any], seconds: float = 45, also: Sequence[int] = ()) -> Any:
    """A set-up step, not an observation: an unanswered call, a 5xx, or a status of `also` is tried again for some
    time.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            return translate(work)
        except (Answered, Unanswered) as error:
            if isinstance(error, Answered) and not _passing(error.status, also):
                raise
            if time.monotonic() > deadline:
                raise
        time.sleep(0.5)


def _passing(status: int, also: Sequence[int]) -> bool:
    return status in also or (status >= 500 and status not in NOT_OFFERED)


def _if_offered(listing: Callable[[], Any]) -> Mapping[str, Any]:
    """A page; an empty one from a store that answers that it has no such listing."""
    try:
        page: Mapping[str, Any] = _patiently(listing)
    except Answered as error:
        if error.status not in NOT_OFFERED:
            raise
        return {}
    return page


def _takes_a_write(client: S3Client, bucket: str) -> bool:
    key = f"warm-up/{uuid.uuid4().hex}"
    try:
        translate(partial(client.put_object, Bucket=bucket, Key=key, Body=b"warm-up"))
        translate(partial(client.delete_object, Bucket=bucket, Key=key))
    except (Answered, Unanswered):
        return False
    return True


def remove_bucket(client: S3Client, name: str) -> None:
    """Removes a scratch bucket with everything in it. Raises ValueError for a name that is not a scratch
    bucket's.
    """
    if not name.startswith(PREFIX):
        raise ValueError(f"{name} is not a scratch bucket")
    if not _exists(client, name):
        return
    uploads = _if_offered(lambda: client.list_multipart_uploads(Bucket=name))
    for upload in uploads.get("Uploads", []):
        client.abort_multipart_upload(Bucket=name, Key=upload["Key"], UploadId=upload["UploadId"])
    with ThreadPoolExecutor(DELETERS) as pool:
        while found := _some_versions(client, name):
            list(pool.map(partial(_delete, client, name), batched(found, BATCH)))
        while keys := _some_keys(client, name):
            list(pool.map(partial(_delete, client, name), batched(keys, BATCH)))
    _patiently(lambda: client.delete_bucket(Bucket=name))


def _exists(client: S3Client, name: str) -> bool:
    try:
        _patiently(lambda: client.head_bucket(Bucket=name))
    except Answered as error:
        if error.status != 404:
            raise
        return False
    return True


def _some_versions(client: S3Client, name: str) -> list[ObjectIdentifierTypeDef]:
    page = _if_offered(partial(client.list_object_versions, Bucket=name, MaxKeys=1000))
    found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
    return [{"Key": entry["Key"], "VersionId": entry["VersionId"]} for entry in found]


def _some_keys(client: S3Client, name: str) -> list[ObjectIdentifierTypeDef]:
    page = _patiently(partial(client.list_objects_v2, Bucket=name))
    return [{"Key": entry["Key"]} for entry in page.get("Contents", [])]


def _delete(client: S3Client, name: str, doomed: Sequence[ObjectIdentifierTypeDef]) -> None:
    _patiently(partial(client.delete_objects, Bucket=name, Delete={"Objects": list(doomed), "Quiet": True}))


def batched(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """The items in runs of at most `size`."""
    return (items[at : at + size] for at in range(0, len(items), size))
