"""Buckets below a prefix: scratch where a credential may make no buckets.

A "bucket" that is called `NAME/PREFIX` is what lies below `PREFIX/` in the bucket NAME. Buckets have no slash in their
names, so nothing else is called so. The clients send every key below the prefix and show it without; what would act on
the bucket as a whole is refused before it is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from botocore.hooks import BaseEventHooks
    from botocore.model import OperationModel

_READS = {
    "HeadBucket",
    "ListObjects",
    "ListObjectsV2",
    "ListObjectVersions",
    "ListMultipartUploads",
}
"""Operations on a bucket that may be sent for a part of it."""
_MARKERS = ("Marker", "StartAfter", "KeyMarker")
_ENTRIES = ("Contents", "Versions", "DeleteMarkers", "Uploads", "Deleted", "Errors")
_SHOWN = ("Key", "Prefix", "Marker", "NextMarker", "StartAfter", "KeyMarker", "NextKeyMarker")
_BELOW = "readiness_below"


def split(bucket: str) -> tuple[str, str]:
    """The bucket's name, and the prefix of all keys: with a slash at its end, or empty."""
    name, _, prefix = bucket.partition("/")
    return name, f"{prefix}/" if prefix else ""


def query_of(method: str, query: str, below: str) -> str:
    """The query of a listing, for the part below the prefix. Raises ValueError for what would change the bucket."""
    if method not in ("GET", "HEAD"):
        raise ValueError(f"{method} would act on the whole bucket, not on what is below {below}")
    if method == "HEAD":
        return query
    parts = [part for part in query.split("&") if part]
    wanted = quote(below, safe="")
    found = [f"prefix={wanted}{p.removeprefix('prefix=')}" if p.startswith("prefix=") else p for p in parts]
    return "&".join(found if found != parts else [*parts, f"prefix={wanted}"])


def body_of(body: bytes, below: str) -> bytes:
    """The body of a listing without the prefix."""
    return body.replace(b"<Key>" + below.encode(), b"<Key>")


def register(events: BaseEventHooks) -> None:
    """Makes a boto3 client take such names."""
    events.register("provide-client-params.s3", _asked)  # type: ignore[arg-type] # what it returns is taken
    events.register_last("after-call.s3", _answered)


def _asked(
    params: Mapping[str, Any], model: OperationModel, context: dict[str, Any], **_event: Any
) -> dict[str, Any] | None:
    name, below = split(str(params.get("Bucket", "")))
    if not below:
        return None
    whole = "Key" not in params and "Delete" not in params
    if whole and model.name not in _READS:
        raise ValueError(f"{model.name} would act on the whole bucket {name}, not on what is below {below}")
    context[_BELOW] = below
    found: dict[str, Any] = {**params, "Bucket": name}
    if "Key" in found:
        found["Key"] = below + found["Key"]
    if whole and model.name != "HeadBucket":
        found["Prefix"] = below + found.get("Prefix", "")
    found |= {marker: below + found[marker] for marker in _MARKERS if found.get(marker)}
    if "Delete" in found:
        doomed = [{**each, "Key": below + each["Key"]} for each in found["Delete"]["Objects"]]
        found["Delete"] = {**found["Delete"], "Objects": doomed}
    if isinstance(source := found.get("CopySource"), Mapping):
        of, prefix = split(source["Bucket"])
        found["CopySource"] = {**source, "Bucket": of, "Key": prefix + source["Key"]}
    return found


def _answered(parsed: dict[str, Any], context: Mapping[str, Any], **_event: Any) -> None:
    below = context.get(_BELOW)
    if not below:
        return
    shown: Callable[[str], str] = lambda text: text.removeprefix(below)  # noqa: E731
    parsed |= {name: shown(parsed[name]) for name in _SHOWN if isinstance(parsed.get(name), str)}
    for entry in (each for name in _ENTRIES for each in parsed.get(name) or ()):
        if isinstance(entry.get("Key"), str):
            entry["Key"] = shown(entry["Key"])
    for entry in parsed.get("CommonPrefixes") or ():
        entry["Prefix"] = shown(entry["Prefix"])
