"""Whether a bucket that an operator names may be used for scratch: only if nobody keeps anything in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from readiness.errors import UsageError
from readiness.s3.library import Answered, Unanswered, translate
from readiness.s3.removal import NOT_OFFERED, PREFIX

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MOST_PAGES = 1000
_LISTINGS = {
    "list_objects_v2": ("Contents", "objects", "s3:ListBucket"),
    "list_object_versions": ("Versions", "versions", "s3:ListBucketVersions"),
    "list_multipart_uploads": ("Uploads", "uploads", "s3:ListBucketMultipartUploads"),
}


def must_be_free(client: S3Client, bucket: str, *, versioned: bool) -> None:
    """Raises UsageError for a bucket that is not there, holds anything but scratch, would keep what is deleted, or does
    not version although that is to be judged. Only reads.
    """
    for operation, (_, what, right) in _LISTINGS.items():
        try:
            held = next((key for key in _keys(client, operation, bucket) if not key.startswith(PREFIX)), None)
        except Answered as error:
            if error.status in NOT_OFFERED and operation != "list_objects_v2":
                continue  # what cannot be listed cannot be there
            raise UsageError(
                f"the {what} of bucket {bucket} cannot be listed: {error}; the credential must be allowed to "
                f"({right}), or what is written could not be removed"
            ) from None
        except Unanswered as error:
            raise UsageError(f"bucket {bucket} cannot be looked at: {error}") from None
        if held is not None:
            raise UsageError(
                f"bucket {bucket} holds {held}: a bucket in which somebody keeps something is not touched; name an "
                "empty one"
            )
    _must_let_go(client, bucket)
    if versioned:
        _must_keep_versions(client, bucket)


def _keys(client: S3Client, operation: Any, bucket: str) -> Iterator[str]:
    """All keys. Without a delimiter: a store may leave out of its groups what only has old versions."""
    pages: Iterable[Any] = client.get_paginator(operation).paginate(Bucket=bucket)
    each = iter(pages)
    for _ in range(MOST_PAGES):
        page = translate(lambda: next(each, None))
        if page is None:
            return
        entries = (*page.get(_LISTINGS[operation][0], ()), *page.get("DeleteMarkers", ()))
        yield from (str(entry["Key"]) for entry in entries)
    raise UsageError(f"bucket {bucket} has more than {MOST_PAGES} pages of scratch: remove it with clean")


def _must_let_go(client: S3Client, bucket: str) -> None:
    """Raises UsageError where an object lock holds whatever is written."""
    try:
        found = translate(lambda: client.get_object_lock_configuration(Bucket=bucket))
    except (Answered, Unanswered):
        return  # none, or none that this credential is shown
    if found.get("ObjectLockConfiguration", {}).get("Rule"):
        raise UsageError(
            f"bucket {bucket} has an object lock that retains what is written: it could not be removed; name another"
        )


def _must_keep_versions(client: S3Client, bucket: str) -> None:
    try:
        status = translate(lambda: client.get_bucket_versioning(Bucket=bucket)).get("Status", "off")
    except (Answered, Unanswered) as error:
        raise UsageError(
            f"bucket {bucket}: whether it keeps versions cannot be asked: {error}; add --plain, or allow "
            "s3:GetBucketVersioning"
        ) from None
    if status != "Enabled":
        raise UsageError(
            f"bucket {bucket} keeps no versions (its versioning is {status}), and its settings are not changed: add "
            "--plain, or name one that does"
        )


def scratch_in(client: S3Client, bucket: str) -> list[str]:
    """The prefixes of scratch in that bucket, as buckets are called that lie below one. Raises Answered, Unanswered."""
    ask: Callable[[Any], list[str]] = lambda operation: list(  # noqa: E731
        islice(_keys(client, operation, bucket), 100_000)
    )
    found = [*ask("list_objects_v2")]
    for operation in ("list_object_versions", "list_multipart_uploads"):
        try:
            found += ask(operation)
        except Answered as error:
            if error.status not in NOT_OFFERED:
                raise
    names = {key.split("/", 1)[0] for key in found if key.startswith(PREFIX) and "/" in key}
    return [f"{bucket}/{name}" for name in sorted(names)]
