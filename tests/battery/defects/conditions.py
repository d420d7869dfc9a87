"""Conditional writes that do not hold what they promise: locks given twice, updates lost."""

from __future__ import annotations

import asyncio

from tests.battery.call import Call, accepted, refused
from tests.battery.defect import Defect
from tests.battery.http import Reply


async def ignored(call: Call) -> Reply:
    return await (call.unconditional() if call.creates else call.forward())


async def check_then_act(call: Call) -> Reply:
    if not call.creates:
        return await call.forward()
    if await call.exists():
        return refused()
    await asyncio.sleep(0.02)
    return await call.unconditional()


async def one_lock_an_endpoint(call: Call) -> Reply:
    if not call.creates:
        return await call.forward()
    lock: asyncio.Lock = call.world.memory.setdefault(("lock", call.endpoint), asyncio.Lock())
    async with lock:
        return await check_then_act(call)


async def ignored_with_versions(call: Call) -> Reply:
    return await (call.unconditional() if call.creates and call.versioned else call.forward())


async def inverted(call: Call) -> Reply:
    if not call.creates:
        return await call.forward()
    return await call.unconditional() if await call.exists() else refused()


async def ignored_without_a_node(call: Call) -> Reply:
    return await (call.unconditional() if call.creates and call.world.down else call.forward())


async def ignored_since_a_return(call: Call) -> Reply:
    return await (call.unconditional() if call.creates and call.world.returned else call.forward())


async def if_match_creates(call: Call) -> Reply:
    reply = await call.forward()
    if call.header("if-match") and reply.status in (404, 412) and not await call.exists():
        return await call.unconditional()
    return reply


async def if_match_below_marker(call: Call) -> Reply:
    """The condition is held against the newest version that is no delete marker."""
    reply = await call.forward()
    known: dict[tuple[str, str], str | None] = call.world.memory.setdefault("etags", {})
    if call.writes and reply.status == 200:
        known[call.at] = reply.get("etag")
    below = call.versioned and call.header("if-match") == known.get(call.at)
    if below and reply.status in (404, 412) and not await call.exists():
        return await call.unconditional()
    return reply


async def create_below_marker(call: Call) -> Reply:
    """A key that had an object once has one for ever, as far as `If-None-Match` goes."""
    known: set[tuple[str, str]] = call.world.memory.setdefault("written", set())
    if call.creates and call.versioned and call.at in known:
        return refused()
    reply = await call.forward()
    if call.writes and reply.status == 200:
        known.add(call.at)
    return reply


async def not_modified(call: Call) -> Reply:
    reply = await call.forward()
    return Reply(304, []) if call.writes and reply.status == 412 else reply


async def loser_told_200(call: Call) -> Reply:
    reply = await call.forward()
    return accepted(call) if call.creates and reply.status == 412 else reply


async def one_in_a_hundred(call: Call) -> Reply:
    lies = call.creates and call.world.every("create", 100)
    return await (call.unconditional() if lies else call.forward())


async def ignored_on_kept_connections(call: Call) -> Reply:
    return await (call.unconditional() if call.creates and call.nth > 1 else call.forward())


async def ignored_for_locks(call: Call) -> Reply:
    return await (call.unconditional() if call.creates and call.key.endswith(".tflock") else call.forward())


async def stale_etag_accepted(call: Call) -> Reply:
    return await (call.unconditional() if call.writes and call.header("if-match") else call.forward())


async def mixed_overwrite_dropped(call: Call) -> Reply:
    """A plain overwrite of a key that was once created with a condition is acknowledged and dropped."""
    created: set[tuple[str, str]] = call.world.memory.setdefault("created", set())
    if call.plain_write and call.at in created and await call.exists():
        return accepted(call)
    reply = await call.forward()
    if call.creates and reply.status == 200:
        created.add(call.at)
    return reply


async def looked_at_before_the_body(call: Call) -> Reply:
    """Right where head and body come together."""
    return await (call.unconditional() if call.creates and call.body_seconds > 0.05 else call.forward())


async def completion_ignored(call: Call) -> Reply:
    completes = call.method == "POST" and "uploadId" in call.query and call.header("if-none-match") == "*"
    return await (call.again(without=("if-none-match",)) if completes else call.forward())


async def repeated_by_the_balancer(call: Call) -> Reply:
    reply = await call.forward()
    return await call.again() if call.creates and call.node is None else reply


_TWO = "of the same"
DEFECTS = (
    Defect(
        "condition-ignored",
        "incus#3651, versitygw#1708",
        "`If-None-Match: *` is ignored: every create is accepted",
        ("P1.11",),
        _TWO,
        act=ignored,
        quick=True,
    ),
    Defect(
        "check-then-act",
        "seaweedfs#8801, versitygw#2288",
        "looks whether the object is there, then writes: racers all find nothing",
        ("P1.11",),
        _TWO,
        act=check_then_act,
    ),
    Defect(
        "race-across-endpoints",
        "rustfs#1659",
        "each endpoint serialises its own creates, none knows of the others'",
        ("P1.11",),
        _TWO,
        act=one_lock_an_endpoint,
    ),
    Defect(
        "condition-versioned",
        "seaweedfs#8073",
        "the condition is ignored on versioned buckets only",
        ("P1.11",),
        _TWO,
        act=ignored_with_versions,
    ),
    Defect(
        "condition-inverted",
        "ceph#69991",
        "a create succeeds only where the object exists already",
        ("P1.11",),
        "PUT If-None-Match of a fresh key",
        act=inverted,
    ),
    Defect(
        "condition-without-quorum",
        "minio#21603",
        "the condition is ignored while a node is lost",
        ("P1.11",),
        _TWO,
        scenarios=("crash:honey",),
        look=("P1.13",),
        act=ignored_without_a_node,
    ),
    Defect(
        "condition-since-restart",
        "minio#21603",
        "fine until a node was lost and came back; from then on the condition is ignored",
        ("P1.11",),
        _TWO,
        scenarios=("crash:honey",),
        look=("P1.13",),
        act=ignored_since_a_return,
    ),
    Defect(
        "if-match-creates",
        "minio#21526",
        "`If-Match` on an object that is not there creates it",
        ("P1.12",),
        "expected 404 or 412",
        act=if_match_creates,
        quick=True,
    ),
    Defect(
        "if-match-below-marker",
        "rustfs#1686",
        "on versioned buckets `If-Match` with the ETag of a deleted object is accepted",
        ("P1.12",),
        "ETag of a deleted object",
        act=if_match_below_marker,
        quick=True,
    ),
    Defect(
        "create-below-marker",
        "ceph#63348",
        "on versioned buckets what was deleted cannot be created again",
        ("P1.11",),
        "If-None-Match of a deleted object",
        act=create_below_marker,
    ),
    Defect(
        "if-match-ignored",
        "versitygw#2288",
        "`If-Match` with a stale ETag is accepted",
        ("P1.12",),
        "stale ETag",
        act=stale_etag_accepted,
    ),
    Defect(
        "304-instead-of-412",
        "minio#19442",
        "a refused conditional write is answered with 304 Not Modified",
        ("P1.11", "P1.12"),
        "304",
        act=not_modified,
    ),
    Defect(
        "loser-told-200",
        "seaweedfs#8800",
        "the loser of a create is answered with 200, and the winner's body is kept",
        ("P1.11",),
        _TWO,
        act=loser_told_200,
    ),
    Defect(
        "condition-one-percent",
        "rustfs#1321",
        "the condition is ignored in one create of a hundred",
        ("P1.11",),
        _TWO,
        act=one_in_a_hundred,
    ),
    Defect(
        "condition-kept-connections",
        "versitygw#1708",
        "the condition is ignored on a connection that was used before",
        ("P1.11",),
        _TWO,
        act=ignored_on_kept_connections,
    ),
    Defect(
        "condition-lock-keys",
        "seaweedfs#8800",
        "the condition is ignored for some keys only: those that end in .tflock",
        ("P1.13",),
        "had not released it",
        scenarios=("steady",),
        act=ignored_for_locks,
        quick=True,
    ),
    Defect(
        "mixed-overwrite-dropped",
        "MinIO's lost overwrites, docs/track-record.md",
        "overwrites without a condition of keys that were created with one are acknowledged and dropped",
        ("P1.28",),
        "",
        scenarios=("steady",),
        look=("P1.13",),
        act=mixed_overwrite_dropped,
    ),
    Defect(
        "condition-before-body",
        "versitygw#2288",
        "the condition is looked at before the body has come: creates whose bodies are late all succeed",
        ("P1.11",),
        _TWO,
        act=looked_at_before_the_body,
    ),
    Defect(
        "completion-ignored",
        "moto#9028",
        "`If-None-Match: *` is ignored where a multipart upload is completed",
        ("P1.30",),
        "over an existing object",
        look=("P1.11",),
        act=completion_ignored,
        quick=True,
    ),
    Defect(
        "create-repeated",
        "opentofu#4405",
        "the balancer sends a create twice: it meets its own object and is answered with 412",
        ("P1.11",),
        "PUT If-None-Match of a fresh key",
        act=repeated_by_the_balancer,
    ),
)
