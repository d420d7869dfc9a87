"""P1.1, P1.2, P1.3 and P1.10: buckets and objects through every endpoint with both clients."""

from __future__ import annotations

import hashlib
import time

from readiness.finding import Finding, proved, refuted
from readiness.load.bodies import body_of, identify
from readiness.load.rig import Rig
from readiness.recording import Recording
from readiness.s3.clients import libraries
from readiness.s3.library import Answered, Library
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


def list_buckets(subject: Subject, see: Recording, rig: Rig) -> Finding:
    """P1.1: the scratch buckets are listed."""
    wanted = set(rig.buckets.both())
    for endpoint, library in see.views():
        missing = wanted - set(see.must(endpoint, library.name, "list-buckets", library.list_buckets))
        if missing:
            return refuted(
                f"list-buckets through {endpoint.name} with {library.name} omits {sorted(missing)}"
            )
    return proved(f"{see.count} listings name the scratch buckets", see.count)


def head_bucket(subject: Subject, see: Recording, rig: Rig) -> Finding:
    """P1.2: HEAD of a bucket that exists, and of one that does not."""
    for endpoint, library in see.views():
        for bucket in rig.buckets.both():
            see.must(
                endpoint,
                library.name,
                f"head-bucket {bucket}",
                library.head_bucket,
                bucket,
            )
        absent = f"{rig.buckets.plain[:50]}-absent"
        answer = see.attempt(
            endpoint,
            library.name,
            "head-bucket (absent)",
            library.head_bucket,
            absent,
        )
        if not isinstance(answer, Answered) or answer.status != 404:
            where = f"through {endpoint.name} with {library.name}"
            return refuted(f"head-bucket of a bucket that does not exist, {where}: {answer or 'found'}")
    return proved(f"{see.count} bucket HEADs", see.count)


def objects(subject: Subject, see: Recording, rig: Rig) -> Finding:
    """P1.3: write, read, delete: sizes from 0 B to 64 MiB, awkward keys, multipart; every body compared,
    every delete seen.
    """
    written = 0
    for number, (endpoint, library) in enumerate(see.views()):
        keys = [f"p1.3/{number}/{key}" for key in KEYS]
        sizes = [*SIZES, *([LARGE] if number < 2 else [])]
        for position, size in enumerate(sizes):
            key = keys[position % len(keys)] if size < PART else f"p1.3/{number}/large"
            bucket = rig.buckets.both()[position % 2] if size < PART else rig.buckets.plain
            written += size
            problem = _cycle(see, endpoint, library, bucket, key, size)
            if problem:
                return refuted(problem)
        for key in keys:
            problem = _cycle(see, endpoint, library, rig.buckets.plain, key, 64)
            if problem:
                return refuted(problem)
    return proved(f"{see.count} calls, {written >> 20} MiB written and compared", see.count, bytes=written)


def _cycle(
    see: Recording, endpoint: Endpoint, library: Library, bucket: str, key: str, size: int
) -> str | None:
    name, at = library.name, f"{bucket}/{key} ({size} B)"
    body = (
        body_of(f"{endpoint.name}/{name}/{size}/{time.monotonic_ns()}", size)[: size or None] if size else b""
    )
    if size > PART:
        see.must(endpoint, name, f"multipart {at}", library.multipart, bucket, key, body, PART, "p1.3")
    else:
        see.must(endpoint, name, f"put {at}", library.put, bucket, key, body, "p1.3")
    head = see.must(endpoint, name, f"head {at}", library.head, bucket, key)
    got = see.must(endpoint, name, f"get {at}", library.get, bucket, key)
    where = f"{at} through {endpoint.name} with {name}"
    if got != body:
        return (
            f"the body of {where} came back different: {len(got)} B, {hashlib.sha256(got).hexdigest()[:12]}"
        )
    if head.size != size:
        return f"HEAD of {where} says {head.size} B"
    if key not in see.must(endpoint, name, f"list {at}", library.list_keys, bucket, key):
        return f"LIST omits {where}"
    see.must(endpoint, name, f"delete {at}", library.delete, bucket, key)
    answer = see.attempt(endpoint, name, f"head after delete {at}", library.head, bucket, key)
    if not isinstance(answer, Answered) or answer.status != 404:
        return f"HEAD after DELETE of {where}: {answer}"
    if key in see.must(endpoint, name, f"list after delete {at}", library.list_keys, bucket, key):
        return f"LIST still shows {where} after its delete"
    return None


def read_after_write(subject: Subject, see: Recording, rig: Rig) -> Finding:
    """P1.10: what one endpoint acknowledged, every other one shows at once: new, overwritten, deleted; GET,
    HEAD and LIST.
    """
    seconds = subject.response_seconds
    endpoints = subject.topology.all_endpoints()
    library = {e.name: libraries(subject.target(e), seconds)[0] for e in endpoints}
    rounds = 0
    for bucket in rig.buckets.both():
        for writer in endpoints:
            for reader in endpoints:
                prefix = f"p1.10/{writer.name}-{reader.name}/"
                for turn in range(4):
                    rounds += 1
                    value = f"{prefix}{turn}"
                    key = f"{prefix}k{turn % 2}"
                    w, r = library[writer.name], library[reader.name]
                    pair = f"written through {writer.name}, read through {reader.name}"
                    see.must(writer, w.name, f"put {key}", w.put, bucket, key, body_of(value), value)
                    got = see.attempt(reader, r.name, f"get {key}", r.get, bucket, key)
                    if not isinstance(got, bytes) or identify(got) != value:
                        found = identify(got) if isinstance(got, bytes) else str(got)
                        return refuted(f"{bucket}/{key} {pair}: expected {value}, came back {found}")
                    if see.must(reader, r.name, f"head {key}", r.head, bucket, key).value != value:
                        return refuted(f"HEAD of {bucket}/{key} {pair} shows an older object")
                    if key not in see.must(reader, r.name, f"list {key}", r.list_keys, bucket, prefix):
                        return refuted(f"LIST of {bucket}/{prefix} {pair} omits {key}")
                    see.must(writer, w.name, f"delete {key}", w.delete, bucket, key)
                    gone = see.attempt(reader, r.name, f"get deleted {key}", r.get, bucket, key)
                    if not isinstance(gone, Answered) or gone.status != 404:
                        return refuted(
                            f"{bucket}/{key} deleted through {writer.name} is still there through {reader.name}"
                        )
    return proved(
        f"{rounds} writes and deletes seen at once through every pair of endpoints", see.count, rounds=rounds
    )
