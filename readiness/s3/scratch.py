"""Scratch buckets: made by this run, named for it, tagged, and removed whole. No other bucket is ever
written.
"""

from __future__ import annotations

import contextlib
import json
import time
import uuid
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from readiness.errors import UsageError
from readiness.s3.library import Answered, Unanswered, translate
from readiness.s3.removal import PREFIX, Bounds, NotRemoved, exists, patiently, remove_bucket

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.literals import BucketVersioningStatusType
    from mypy_boto3_s3.type_defs import VersioningConfigurationTypeDef

TAG = "tofu-state-ha-readiness"
"""The key of the tag that every scratch bucket has where the store keeps tags; its value is the run."""
JOURNAL = "scratch.jsonl"
"""Where a run lists its scratch buckets, in its evidence folder."""
NOT_THERE_YET = (404,)
"""Behind a load balancer the next request about a new bucket may be answered by a node that does not know it yet."""


class Scratch:
    """The run's scratch buckets through one client. `journal` lists them, so that they can be removed after a
    crash too. `within`: a bucket below which all of them are (readiness.s3.below); None: they are buckets.
    """

    def __init__(
        self, run: str, client: Callable[[], S3Client], journal: Path, within: str | None = None
    ) -> None:
        self._run, self._client, self._journal, self._within = run, client, journal, within
        self.buckets: list[str] = []
        self.refused: dict[str, str] = {}
        """By bucket, the answer of a store that would not set its versioning (P0.3 and P1.15 report it)."""

    def create(self, purpose: str, *versioning: BucketVersioningStatusType) -> str:
        """A new bucket, whose versioning is set to each of these, one after the other. Raises UsageError if one of that
        name exists already: it is not this run's.
        """
        name = f"{PREFIX}{self._run}-{purpose}"[:63].rstrip("-").lower()
        if self._within is not None:
            return self._below(f"{self._within}/{name}")
        client = self._client()
        region = client.meta.region_name
        place: Any = (
            {}
            if region == "us-east-1"  # the one region that a store wants not to be named
            else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        )
        self._note(name)
        try:
            if exists(client, name):  # a store may answer 200 to the creation of a bucket that is there
                raise UsageError(f"scratch bucket {name} exists already: it is not this run's")
            patiently(lambda: client.create_bucket(Bucket=name, **place))
        except Answered as error:
            if error.code != "BucketAlreadyOwnedByYou":  # it was absent: an answer was lost, and this is ours
                raise UsageError(
                    f"scratch bucket {name} cannot be created: {error}; the admin credential must be allowed to"
                ) from None
        self.buckets.append(name)
        with contextlib.suppress(Answered):  # some stores have no bucket tags: the name says the same
            tags: Any = {"TagSet": [{"Key": TAG, "Value": self._run}]}
            patiently(lambda: client.put_bucket_tagging(Bucket=name, Tagging=tags))
        try:
            for status in versioning:
                self._set_versioning(client, name, status)
        except Answered as error:
            self.refused[name] = str(error)
        return name

    @staticmethod
    def _set_versioning(client: S3Client, name: str, status: BucketVersioningStatusType) -> None:
        setting: VersioningConfigurationTypeDef = {"Status": status}
        put = partial(client.put_bucket_versioning, Bucket=name, VersioningConfiguration=setting)
        patiently(put, seconds=15, also=NOT_THERE_YET)

    def _below(self, name: str) -> str:
        """What lies below that prefix is this run's from now on: nothing may be there. The bucket is not changed."""
        if patiently(lambda: self._client().list_objects_v2(Bucket=name, MaxKeys=1)).get("Contents"):
            raise UsageError(f"there are objects below {name} already: they are not this run's")
        self._note(name)
        self.buckets.append(name)
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

    def remove(self, bounds: Bounds | None = None) -> list[str]:
        """Removes every bucket of the run with all its versions, within those bounds; returns what could not be
        removed, with the reason.
        """
        left, bounds = [], bounds or Bounds()
        for name in list(self.buckets):
            try:
                remove_bucket(self._client(), name, bounds)
                self.buckets.remove(name)
            except (Answered, Unanswered, NotRemoved) as error:
                left.append(f"{name}: {error}")
        return left

    def _note(self, name: str) -> None:
        with self._journal.open("a", encoding="utf-8") as out:
            out.write(json.dumps({"bucket": name}) + "\n")


def _takes_a_write(client: S3Client, bucket: str) -> bool:
    key = f"warm-up/{uuid.uuid4().hex}"
    try:
        translate(partial(client.put_object, Bucket=bucket, Key=key, Body=b"warm-up"))
        translate(partial(client.delete_object, Bucket=bucket, Key=key))
    except (Answered, Unanswered):
        return False
    return True
