"""Removing a scratch bucket with everything in it: bounded in time and calls, whatever the store acknowledges."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from readiness.s3.below import split
from readiness.s3.library import Answered, Unanswered, translate

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

T = TypeVar("T")
Version = tuple[str, str | None]
"""A key, with the id of one version of it, or with None where the store lists no versions."""

PREFIX = "tofu-ha-scratch-"
DELETERS, BATCH, PAGE = 8, 125, 1000
NOT_OFFERED = (405, 501)
IN_VAIN, PAUSE, PROGRESS_SECONDS = 3, 0.5, 5.0


class NotRemoved(Exception):
    """A bucket is still there; the message says what is in it and why."""


@dataclass
class Bounds:
    """How long cleaning may take: seconds from the first bucket on, calls that delete, seconds for which one call is
    tried again. `ended` ends it early. It is one budget for all buckets that are given it.
    """

    seconds: float = 600.0
    calls: int = 20_000
    patience: float = 15.0
    ended: Callable[[], bool] = lambda: False
    announce: Callable[[str], None] = lambda _line: None
    _until: float | None = field(default=None, init=False)
    _used: int = field(default=0, init=False)

    def left(self) -> float:
        """Seconds that are left."""
        if self._until is None:
            self._until = time.monotonic() + self.seconds
        return self._until - time.monotonic()

    def why_over(self) -> str | None:
        """Why nothing more may be deleted; None: it may."""
        if self.ended():
            return "cleaning was stopped"
        if self.left() <= 0:
            return f"cleaning took more than {self.seconds:g} s"
        if self._used >= self.calls:
            return f"cleaning took more than {self.calls} calls"
        return None

    def count(self) -> None:
        """Counts one more call that deletes."""
        self._used += 1


def is_scratch(bucket: str) -> bool:
    """Whether that is the name of a scratch bucket, or of scratch below a prefix (readiness.s3.below)."""
    name, prefix = split(bucket)
    return (prefix or name).startswith(PREFIX) and not prefix.removesuffix("/").count("/")


def remove_bucket(client: S3Client, name: str, bounds: Bounds | None = None) -> None:
    """Removes a scratch bucket with everything in it; one below a prefix is emptied. Raises NotRemoved if the store
    does not do what it acknowledges, refuses single keys (an object lock), or the bounds are reached; Answered or
    Unanswered for a call that failed; ValueError for a name that is not a scratch bucket's.
    """
    if not is_scratch(name):
        raise ValueError(f"{name} is not a scratch bucket")
    _Removal(client, name, bounds or Bounds()).run()


class _Removal:
    """The removal of one bucket. A round lists one page and deletes what is on it; each must make progress."""

    def __init__(self, client: S3Client, name: str, bounds: Bounds) -> None:
        self._client, self._name, self._bounds = client, name, bounds
        self._deleted: set[Version] = set()
        self._shown = time.monotonic()

    def run(self) -> None:
        if not exists(self._client, self._name, self._patience):
            return
        self._abort_uploads()
        with ThreadPoolExecutor(DELETERS) as pool:
            self._empty(pool, self._some_versions)
            self._empty(pool, self._some_keys)
        if not split(self._name)[1]:
            self._ask(partial(self._client.delete_bucket, Bucket=self._name))

    @property
    def _patience(self) -> float:
        return max(0.0, min(self._bounds.patience, self._bounds.left()))

    def _ask(self, work: Callable[[], Any]) -> Any:
        return patiently(work, self._patience, ended=self._bounds.ended)

    def _check(self, left: str) -> None:
        if why := self._bounds.why_over():
            raise NotRemoved(f"{why}; {left}")

    def _abort_uploads(self) -> None:
        aborted: set[str] = set()
        listing = partial(self._client.list_multipart_uploads, Bucket=self._name)
        while new := [
            u for u in self._if_offered(listing).get("Uploads", []) if u["UploadId"] not in aborted
        ]:
            for upload in new:
                self._check(f"uploads are left, such as {upload['Key']}")
                self._bounds.count()
                abort = partial(self._client.abort_multipart_upload, Bucket=self._name, Key=upload["Key"])
                self._ask(partial(abort, UploadId=upload["UploadId"]))
                aborted.add(upload["UploadId"])

    def _empty(self, pool: ThreadPoolExecutor, page: Callable[[], list[Version]]) -> None:
        vain = 0
        while found := page():
            self._check(f"objects are left, such as {found[0][0]}")
            before = len(self._deleted)
            refused = [why for each in pool.map(self._delete, batched(found, BATCH)) for why in each]
            self._progress()
            if len(self._deleted) > before:
                vain = 0
                continue
            if refused:
                raise NotRemoved(f"the store refuses to delete {len(refused)} of {len(found)}: {refused[0]}")
            vain += 1
            if vain >= IN_VAIN:
                raise NotRemoved(
                    f"the store acknowledges deletes but does not perform them: {len(found)} objects are left, such as "
                    f"{found[0][0]}"
                )
            time.sleep(PAUSE)

    def _delete(self, doomed: Sequence[Version]) -> list[str]:
        """Deletes those; what the store says of the keys that it refused."""
        if self._bounds.why_over():
            return []
        self._bounds.count()
        objects: Any = [
            {"Key": key} if version is None else {"Key": key, "VersionId": version} for key, version in doomed
        ]
        request: Any = {"Objects": objects, "Quiet": True}
        answer = self._ask(partial(self._client.delete_objects, Bucket=self._name, Delete=request)) or {}
        errors: list[Mapping[str, str]] = answer.get("Errors", [])
        failed = {(error.get("Key", ""), error.get("VersionId")) for error in errors}
        keys = {key for key, _ in failed}
        self._deleted |= {
            each
            for each in doomed
            if each not in failed and not (each[0] in keys and (each[0], None) in failed)
        }
        return [f"{e.get('Key')}: {e.get('Code')} {e.get('Message', '')}".strip() for e in errors]

    def _progress(self) -> None:
        if time.monotonic() - self._shown > PROGRESS_SECONDS:
            self._shown = time.monotonic()
            self._bounds.announce(f"removing {self._name}: {len(self._deleted)} objects deleted")

    def _if_offered(self, listing: Callable[[], Any]) -> Mapping[str, Any]:
        """A page; an empty one from a store that answers that it has no such listing."""
        try:
            page: Mapping[str, Any] = self._ask(listing)
        except Answered as error:
            if error.status not in NOT_OFFERED:
                raise
            return {}
        return page

    def _some_versions(self) -> list[Version]:
        listing = partial(self._client.list_object_versions, Bucket=self._name, MaxKeys=PAGE)
        page = self._if_offered(listing)
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        return [(entry["Key"], entry["VersionId"]) for entry in found]

    def _some_keys(self) -> list[Version]:
        page = self._ask(partial(self._client.list_objects_v2, Bucket=self._name))
        return [(entry["Key"], None) for entry in page.get("Contents", [])]


def exists(client: S3Client, name: str, seconds: float = 45) -> bool:
    """Whether the store has a bucket of that name. Raises Answered or Unanswered."""
    try:
        patiently(lambda: client.head_bucket(Bucket=name), seconds)
    except Answered as error:
        if error.status != 404:
            raise
        return False
    return True


def patiently(
    work: Callable[[], Any],
    seconds: float = 45,
    also: Sequence[int] = (),
    *,
    ended: Callable[[], bool] = lambda: False,
) -> Any:
    """A set-up step or a removal, not an observation: an unanswered call, a 5xx, or a status of `also` is tried again
    for so many seconds, or until `ended`.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            return translate(work)
        except (Answered, Unanswered) as error:
            if isinstance(error, Answered) and not _passing(error.status, also):
                raise
            if time.monotonic() > deadline or ended():
                raise
        time.sleep(0.5)


def _passing(status: int, also: Sequence[int]) -> bool:
    return status in also or (status >= 500 and status not in NOT_OFFERED)


def batched(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """The items in runs of at most `size`."""
    return (items[at : at + size] for at in range(0, len(items), size))
