"""Scratch buckets that earlier runs left on a candidate: by their tag, or because a run's own list names them."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from readiness.s3.library import Answered, translate
from readiness.s3.named_bucket import scratch_in
from readiness.s3.removal import PREFIX
from readiness.s3.scratch import JOURNAL, TAG

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class Leftover:
    """One bucket. `why`: what says that a run made it. `made`: as the store says."""

    name: str
    why: str
    made: str


@dataclass(frozen=True)
class Leftovers:
    """`others` have the prefix of scratch buckets, but nothing says that a run made them: they are never removed."""

    ours: tuple[Leftover, ...]
    others: tuple[str, ...]


def find(client: S3Client, runs: Path) -> Leftovers:
    """What there is on the store behind the client. `runs`: where evidence folders are. Raises Answered, Unanswered."""
    listed, ours, others = dict(_listed(runs)), list[Leftover](), list[str]()
    for bucket in translate(client.list_buckets).get("Buckets", []):
        name = bucket["Name"]
        if not name.startswith(PREFIX):
            continue
        why = _tag(client, name) or listed.get(name)
        if why:
            ours.append(Leftover(name, why, f"{bucket.get('CreationDate', 'unknown')}"))
        else:
            others.append(name)
    return Leftovers(tuple(ours), tuple(others))


def find_below(client: S3Client, bucket: str, runs: Path) -> Leftovers:
    """As `find`, for what checks have left in the bucket that they were given."""
    listed, there = dict(_listed(runs)), scratch_in(client, bucket)
    ours = tuple(Leftover(name, listed[name], "unknown") for name in there if name in listed)
    return Leftovers(ours, tuple(name for name in there if name not in listed))


def _listed(runs: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(runs.glob(f"*/{JOURNAL}")):
        for line in path.read_text("utf-8", errors="replace").splitlines():
            with contextlib.suppress(ValueError, KeyError, TypeError):
                yield str(json.loads(line)["bucket"]), f"listed by run {path.parent.name}"


def _tag(client: S3Client, name: str) -> str | None:
    """What the bucket's tag says; None without that tag, or from a store that keeps none."""
    try:
        tags = translate(lambda: client.get_bucket_tagging(Bucket=name)).get("TagSet", [])
    except Answered:
        return None
    return next((f"tagged by run {tag['Value']}" for tag in tags if tag["Key"] == TAG), None)
