"""Whether what is written grows the bytes that the nodes store (S.2)."""

from __future__ import annotations

import time
import uuid
from functools import partial

from readiness.judges.stored import Step, enough
from readiness.load.rig import Rig
from readiness.providers.abilities import StoresBytes
from readiness.recording import Asked, Recording
from readiness.subject import Subject
from readiness.topology import Unsupported

ROUNDS, SIZE = (3, 6, 12, 24), 8 << 20
"""Objects of each round: a store that was used before has space that the first ones may only fill again."""
SETTLE_SECONDS, INTERVAL = 5.0, 0.1
SECONDS = 30.0


def record_stored(subject: Subject, see: Recording, rig: Rig) -> None:
    """The bytes of every node before and after some objects that cannot be compressed, and after more of them while too
    few nodes have grown; they are removed again.
    """
    before = _looks(subject, see, Step.BEFORE)
    if before is None:
        return
    bucket, ends = rig.buckets.plain, subject.topology.all_endpoints()
    random, prefix = subject.random(f"stored/{uuid.uuid4().hex}"), f"s2/{uuid.uuid4().hex[:8]}"
    keys, most = list[str](), dict(before)
    clients = [subject.client(end, SECONDS) for end in ends]
    try:
        for objects in ROUNDS:
            for _ in range(objects):
                place = len(keys) % len(ends)
                keys.append(f"{prefix}/{len(keys)}")
                asked: Asked = {"bucket": bucket, "key": keys[-1], "bytes": SIZE}
                body = random.randbytes(SIZE)
                put = partial(clients[place].put_object, Bucket=bucket, Key=keys[-1], Body=body)
                see.must(Step.WRITE, ends[place], "boto3", put, asked=asked)
            if _settled(subject, before, most, len(keys) * SIZE):
                break
        _looks(subject, see, Step.AFTER)
        for node, seen in most.items():
            see.fact(Step.MOST, node, partial(int, seen), kept=int)
    finally:
        for key in keys:
            see.ask("delete", ends[0], "boto3", partial(clients[0].delete_object, Bucket=bucket, Key=key))


def _looks(subject: Subject, see: Recording, step: Step) -> dict[str, int] | None:
    """The bytes of every node; None if some cannot be seen."""
    _wait_until_steady(subject)
    asked: Asked = {"declared": not subject.provider.owns_candidate}
    nodes = subject.topology.nodes
    found = {
        node: see.fact(step, node, partial(_bytes, subject, node), asked=asked, kept=int) for node in nodes
    }
    known = {node: number for node, number in found.items() if number is not None}
    return known if len(known) == len(found) else None


def _bytes(subject: Subject, node: str) -> int:
    if not isinstance(subject.provider, StoresBytes):
        raise Unsupported(f'the provider "{subject.provider.name}" cannot see the bytes that {node} stores')
    return subject.provider.stored_bytes(node)


def _wait_until_steady(subject: Subject) -> None:
    """Wait until no node's bytes change any more, or for some seconds: looks at one disk that differ in time show what
    was written between them.
    """
    deadline, known = time.monotonic() + SETTLE_SECONDS, dict[str, int]()
    while time.monotonic() < deadline:
        try:
            now = {node: _bytes(subject, node) for node in subject.topology.nodes}
        except (Unsupported, OSError):
            return  # which the look itself records
        if now == known:
            return
        known = now
        time.sleep(INTERVAL)


def _settled(subject: Subject, before: dict[str, int], most: dict[str, int], written: int) -> bool:
    """Whether as many nodes as there are copies have grown, within some seconds: a store may write late. `most` is kept
    at the most that each node was seen to store.
    """
    wanted = enough(written, len(before))
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        for node, had in most.items():
            most[node] = max(had, _bytes(subject, node))
        grown = [node for node, had in before.items() if most[node] - had >= wanted]
        if len(grown) >= min(subject.contract.durability.copies, len(before)):
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(INTERVAL)
