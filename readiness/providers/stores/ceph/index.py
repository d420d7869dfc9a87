"""Whether Ceph's bucket indexes agree with the objects that are there. It only reads: `bucket check` without --fix."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from readiness.providers.stores.ceph.users import Administration

LASTING_SECONDS = 2.0
"""A write under way is in the index before its object is there, or the other way round."""
MOST = 20
DELETE_MARKER = 4
"""A flag of an entry of the index (rgw_bucket_dir_entry::FLAG_DELETE_MARKER)."""

Rados = Callable[..., str]


def divergence(administration: Administration, rados: Rados) -> Mapping[str, object]:
    """What stays so for a while: objects that an index names and that are not there (`bucket radoslist`, `rados ls`),
    and indexes whose counts are wrong (`bucket check`). Raises RuntimeError.
    """
    buckets: list[str] = json.loads(administration("bucket", "list"))
    found = _found(administration, rados, buckets)
    if found:
        time.sleep(LASTING_SECONDS)
        found &= _found(administration, rados, buckets)
    return {"buckets": len(buckets), "divergent": len(found), "divergences": sorted(found)[:MOST]}


def plant(administration: Administration, rados: Rados, bucket: str, key: str) -> str:
    """Removes the object and leaves its entry in the index. Raises RuntimeError if there is none, or more than one."""
    named = [name for name in _named(administration, bucket) if name.endswith(f"_{key}")]
    if len(named) != 1:
        raise RuntimeError(f"the index names {len(named)} objects for {bucket}/{key}")
    rados("rm", named[0])
    return "an object was removed below the gateways, which its bucket's index still names"


def _found(administration: Administration, rados: Rados, buckets: list[str]) -> set[str]:
    named = {bucket: _named(administration, bucket) for bucket in buckets}
    there = set(rados("ls").splitlines())
    found = {problem for bucket in buckets for problem in _miscounted(administration, bucket)}
    for bucket, names in named.items():
        missing = [name for name in names if name not in there]
        markers = _delete_markers(administration, bucket) if missing else ()
        found |= {
            f"{bucket}: {name} is not there"
            for name in missing
            if not any(f"__:{marker}_" in name for marker in markers)
        }
    return found


def _delete_markers(administration: Administration, bucket: str) -> list[str]:
    """The versions that are delete markers: `bucket radoslist` names them, too, and they have no object."""
    every = ("--max-entries=1000000", "--allow-unordered")
    entries = json.loads(administration("bucket", "list", f"--bucket={bucket}", *every))
    return [entry["instance"] for entry in entries if entry["flags"] & DELETE_MARKER]


def _named(administration: Administration, bucket: str) -> list[str]:
    return administration("bucket", "radoslist", f"--bucket={bucket}").splitlines()


def _miscounted(administration: Administration, bucket: str) -> list[str]:
    checked = json.loads(administration("bucket", "check", f"--bucket={bucket}"))
    existing, calculated = (
        _counts(checked["check_result"][f"{what}_header"]) for what in ("existing", "calculated")
    )
    counts = [f"{bucket}: the index counts other objects or bytes than it has"]
    left = [
        f"{bucket}: {entry} is left of an upload" for entry in checked.get("invalid_multipart_entries", ())
    ]
    return left + (counts if existing != calculated else [])


def _counts(header: Mapping[str, Any]) -> dict[str, tuple[int, int]]:
    """Objects and bytes by category. One that has none any more is still in the header, not in what is counted."""
    counts = {name: (each["num_objects"], each["size"]) for name, each in header["usage"].items()}
    return {name: count for name, count in counts.items() if count != (0, 0)}
