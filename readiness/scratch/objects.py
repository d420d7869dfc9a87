"""P1.1, P1.2, P1.3 and P1.10: buckets and objects through every endpoint with both clients."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from functools import partial

from pydantic import JsonValue

from readiness.judges.buckets import Step as Bucket
from readiness.judges.objects import Step
from readiness.load.bodies import body_of, identify
from readiness.load.rig import Rig
from readiness.recording import Asked, Recording
from readiness.s3.clients import libraries
from readiness.s3.library import Library
from readiness.subject import Subject
from readiness.topology import Endpoint

SIZES = (0, 1, 1000, 256 * 1024, 256 * 1024 + 1, 5 * 1024 * 1024 + 1)
LARGE = 64 * 1024 * 1024
PART = 5 * 1024 * 1024
KEYS = (
    "plain",
    "with space",
    "a+b",
    "per%20cent",
    "ümläut/日本語/🎏",
    "deep/er/and/deeper/x.tfstate",
    "quote'\"<&>",
)


def list_buckets(subject: Subject, see: Recording, rig: Rig) -> None:
    """P1.1: the buckets, through every endpoint with both clients."""
    wanted = sorted(rig.buckets.every())
    for endpoint, library in see.views():
        see.must(
            Bucket.LIST,
            endpoint,
            library.name,
            library.list_buckets,
            asked={"wanted": [*wanted]},
            kept=lambda names: [name for name in wanted if name in names],
        )


def head_bucket(subject: Subject, see: Recording, rig: Rig) -> None:
    """P1.2: HEAD of a bucket that exists, and of one that does not."""
    nowhere = f"{rig.buckets.plain[:50]}-absent"
    for endpoint, library in see.views():
        for bucket in rig.buckets.every():
            head = partial(library.head_bucket, bucket)
            see.must(Bucket.HEAD, endpoint, library.name, head, asked={"bucket": bucket})
        head = partial(library.head_bucket, nowhere)
        see.ask(Bucket.HEAD_ABSENT, endpoint, library.name, head, asked={"bucket": nowhere})


def objects(subject: Subject, see: Recording, rig: Rig) -> None:
    """P1.3: write, read, delete: sizes from 0 B to 64 MiB, awkward keys, multipart; every body compared,
    every delete seen.
    """
    for number, (endpoint, library) in enumerate(see.views()):
        keys = [f"p1.3/{number}/{key}" for key in KEYS]
        sizes = [*SIZES, *([LARGE] if number < 2 else [])]
        for position, size in enumerate(sizes):
            key = keys[position % len(keys)] if size < PART else f"p1.3/{number}/large"
            bucket = rig.buckets.turn(position) if size < PART else rig.buckets.plain
            _cycle(see, endpoint, library, bucket, key, size)
        for key in keys:
            _cycle(see, endpoint, library, rig.buckets.plain, key, 64)


def _cycle(see: Recording, endpoint: Endpoint, library: Library, bucket: str, key: str, size: int) -> None:
    name = library.name
    body = (
        body_of(f"{endpoint.name}/{name}/{size}/{time.monotonic_ns()}", size)[: size or None] if size else b""
    )
    asked: Asked = {"bucket": bucket, "key": key, "size": size, "sha256": _sha256(body)}
    listing = partial(library.list_keys, bucket, key)
    write = partial(library.put, bucket, key, body, "p1.3")
    if size > PART:
        see.must(
            Step.PUT,
            endpoint,
            name,
            partial(library.multipart, bucket, key, body, PART, "p1.3"),
            asked={**asked, "multipart": True},
        )
    else:
        see.must(Step.PUT, endpoint, name, write, asked=asked)
    head, get = partial(library.head, bucket, key), partial(library.get, bucket, key)
    see.must(Step.HEAD, endpoint, name, head, asked=asked, kept=lambda found: found.size)
    see.must(Step.GET, endpoint, name, get, asked=asked, kept=_digest)
    see.must(Step.LIST, endpoint, name, listing, asked=asked, kept=lambda names: key in names)
    see.must(Step.DELETE, endpoint, name, partial(library.delete, bucket, key), asked=asked)
    see.ask(Step.HEAD_DELETED, endpoint, name, head, asked=asked)
    see.must(Step.LIST_DELETED, endpoint, name, listing, asked=asked, kept=lambda names: key in names)


def _sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def _digest(body: bytes) -> JsonValue:
    return {"size": len(body), "sha256": _sha256(body)}


def read_after_write(subject: Subject, see: Recording, rig: Rig) -> None:
    """P1.10: what one endpoint acknowledged, every other one shows at once: new, overwritten, deleted; GET,
    HEAD and LIST.
    """
    seconds = subject.response_seconds
    endpoints = subject.topology.all_endpoints()
    library = {e.name: libraries(subject.target(e), seconds)[0] for e in endpoints}
    for bucket in rig.buckets.every():
        for writer in endpoints:
            for reader in endpoints:
                pair = _Pair(see, writer, reader, library[writer.name], library[reader.name], bucket)
                for turn in range(4):
                    pair.turn(turn)


@dataclass(frozen=True)
class _Pair:
    """Two endpoints: one writes and deletes, the other reads."""

    see: Recording
    writer: Endpoint
    reader: Endpoint
    w: Library
    r: Library
    bucket: str

    def turn(self, number: int) -> None:
        """One write and its delete, over a key that is new or was deleted before."""
        see, bucket, prefix = self.see, self.bucket, f"p1.10/{self.writer.name}-{self.reader.name}/"
        value, key = f"{prefix}{number}", f"{prefix}k{number % 2}"
        asked: Asked = {"bucket": bucket, "key": key, "value": value, "writer": self.writer.name}
        w, r = self.w, self.r
        see.must(
            Step.PUT, self.writer, w.name, lambda: w.put(bucket, key, body_of(value), value), asked=asked
        )
        see.ask(Step.GET, self.reader, r.name, lambda: r.get(bucket, key), asked=asked, kept=identify)
        see.must(
            Step.HEAD, self.reader, r.name, lambda: r.head(bucket, key), asked=asked, kept=lambda h: h.value
        )
        listing = partial(r.list_keys, bucket, prefix)
        see.must(Step.LIST, self.reader, r.name, listing, asked=asked, kept=lambda names: key in names)
        see.must(Step.DELETE, self.writer, w.name, lambda: w.delete(bucket, key), asked=asked)
        see.ask(Step.GET_DELETED, self.reader, r.name, lambda: r.get(bucket, key), asked=asked, kept=identify)
