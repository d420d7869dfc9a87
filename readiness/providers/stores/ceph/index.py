"""Whether Ceph's bucket indexes agree with the objects that are there. It only reads: `bucket check` without --fix."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping

from readiness.providers.stores.ceph.users import Administration

LASTING_SECONDS = 2.0
"""A write under way is in the index before its object is there, or the other way round."""
MOST = 20

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
    named = {name: bucket for bucket in buckets for name in _named(administration, bucket)}
    there = set(rados("ls").splitlines())
    missing = {f"{bucket}: {name} is not there" for name, bucket in named.items() if name not in there}
    return missing | {problem for bucket in buckets for problem in _miscounted(administration, bucket)}


def _named(administration: Administration, bucket: str) -> list[str]:
    return administration("bucket", "radoslist", f"--bucket={bucket}").splitlines()


def _miscounted(administration: Administration, bucket: str) -> list[str]:
    checked = json.loads(administration("bucket", "check", f"--bucket={bucket}"))
    result = checked["check_result"]
    counts = [f"{bucket}: the index counts other objects or bytes than it has"]
    left = [
        f"{bucket}: {entry} is left of an upload" for entry in checked.get("invalid_multipart_entries", ())
    ]
    return left + (counts if result["existing_header"] != result["calculated_header"] else [])
