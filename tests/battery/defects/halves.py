"""Stores that are wrong while a node is half there (only its clients reach it, or it limps), and with large bodies."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from readiness.s3.wire import NoReply, NotSent, Wire
from tests.battery.call import Call, accepted, error, no_such_key
from tests.battery.defect import Defect
from tests.battery.http import Reply
from tests.battery.world import World

LARGE = 200_000


@dataclass(frozen=True)
class _Copy:
    """An object as the node that is cut off last heard of it."""

    body: bytes
    etag: str
    value: str


def _copies(world: World) -> dict[tuple[str, str], _Copy]:
    found: dict[tuple[str, str], _Copy] = world.memory.setdefault("copies", {})
    return found


def _split(world: World) -> bool:
    return "split" in world.down.values()


async def answers_from_what_it_has(call: Call) -> Reply:
    """The node answers reads from what it had when it was cut off, and denies the rest."""
    if call.reads and call.world.has(call.node, "split"):
        return _from_copy(_copies(call.world).get(call.at))
    split = _split(call.world)
    reply = await call.forward()
    if not split and reply.status in (200, 204):
        if call.writes:
            body, value = call.message.body, call.header("x-amz-meta-v") or ""
            _copies(call.world)[call.at] = _Copy(body, reply.get("etag") or "", value)
        elif call.deletes:
            _copies(call.world).pop(call.at, None)
    return reply


def _from_copy(copy: _Copy | None) -> Reply:
    if copy is None:
        return no_such_key()
    reply = Reply(200, [(b"ETag", copy.etag.encode())], copy.body)
    reply.set("x-amz-meta-v", copy.value)
    reply.set("Content-Length", str(len(copy.body)))
    return reply


async def old_registers(call: Call) -> Reply:
    """As above, and it does not deny what it has not heard of: it says that it is busy."""
    reply = await answers_from_what_it_has(call)
    cut = call.reads and call.world.has(call.node, "split")
    return error(503, "SlowDown") if cut and reply.status == 404 else reply


async def minority_acknowledges(call: Call) -> Reply:
    lies = call.plain_write and call.world.has(call.node, "split")
    return accepted(call) if lies else await call.forward()


async def both_sides_lock(call: Call) -> Reply:
    """The node that is cut off gives locks of its own; the state it has from the others all the same."""
    locks: dict[tuple[str, str], bytes] = call.world.memory.setdefault("locks", {})
    if not call.world.has(call.node, "split") and call.at not in locks:
        return await call.forward()
    if not call.key.endswith(".tflock"):
        other = next(name for name in call.wires if name in call.world.nodes and name != call.endpoint)
        return (
            await call.own(
                call.method,
                call.bucket,
                call.key,
                query=call.raw_query,
                headers=_kept(call),
                body=call.message.body,
                through=other,
            )
            if call.world.has(call.node, "split")
            else await call.forward()
        )
    if call.endpoint not in call.world.nodes or call.node is None:
        return await call.forward()
    if call.creates and call.world.has(call.node, "split"):
        locks[call.at] = call.message.body
        call.world.memory["locked by"] = call.node
        return accepted(call)
    if call.node != call.world.memory.get("locked by"):
        return await call.forward()
    if call.deletes:
        locks.pop(call.at, None)
        return Reply(204, [])
    if call.reads and call.at in locks:
        return Reply(200, [(b"ETag", b'"lock"')], locks[call.at])
    return await call.forward()


def _kept(call: Call) -> dict[str, str]:
    names = ("content-type", "content-md5")
    return {name: found for name in names if (found := call.header(name)) is not None}


async def note_while_split(call: Call) -> Reply:
    split = _split(call.world)
    reply = await call.forward()
    if split and call.plain_write and reply.status == 200:
        call.world.memory.setdefault("undone", []).append((*call.at, reply.get("x-amz-version-id")))
    return reply


async def undo_on_rejoin(world: World, wires: Mapping[str, Wire], verb: str, nodes: tuple[str, ...]) -> None:
    doomed = world.memory.pop("undone", []) if verb == "rejoin_peers" else []
    wire = next(wire for name, wire in wires.items() if name not in nodes)
    for bucket, key, version in doomed[:40]:
        query = f"versionId={version}" if version else ""
        try:
            await wire.request("DELETE", bucket, key, query=query, seconds=2)
        except (NoReply, NotSent):
            continue


async def stalls_while_one_limps(call: Call) -> Reply:
    while call.writes and "limp" in call.world.down.values():
        await asyncio.sleep(0.05)
    return await call.forward()


async def denies_while_it_limps(call: Call) -> Reply:
    reply = await call.forward()
    lies = call.reads and reply.status == 200 and call.key.startswith("probe/")
    return no_such_key() if lies and call.world.has(call.node, "limp") else reply


async def large_dropped_after_a_loss(call: Call) -> Reply:
    large = call.plain_write and len(call.message.body) > LARGE
    return accepted(call) if large and call.world.down else await call.forward()


async def large_refused_after_a_loss(call: Call) -> Reply:
    large = call.plain_write and len(call.message.body) > LARGE
    return error(503, "SlowDown") if large and call.world.down else await call.forward()


async def large_denied_by_the_returned(call: Call) -> Reply:
    reply = await call.forward()
    size = int(reply.get("content-length") or 0)
    if not (call.reads and reply.status == 200 and max(size, len(reply.body)) > LARGE):
        return reply
    return no_such_key() if call.world.back_for(call.node) is not None else reply


async def large_cut_after_a_loss(call: Call) -> Reply:
    reply = await call.forward()
    if call.reads and call.method == "GET" and len(reply.body) > LARGE and call.world.after_loss(60):
        reply.body = reply.body[:LARGE]
    return reply


DEFECTS = (
    Defect(
        "minority-answers-from-what-it-has",
        "Jepsen: etcd and Consul, 2014",
        "a node that only its clients reach answers reads from what it had, and denies the rest",
        ("P1.24",),
        "split:honey",
        scenarios=("split:honey",),
        act=answers_from_what_it_has,
    ),
    Defect(
        "minority-answers-old",
        "Jepsen: etcd and Consul, 2014",
        "a node that only its clients reach gives bodies that were overwritten meanwhile",
        ("P1.24",),
        "split:honey",
        scenarios=("split:honey",),
        act=old_registers,
    ),
    Defect(
        "minority-acknowledges",
        "Jepsen: Elasticsearch 1.1",
        "a node that only its clients reach acknowledges writes that the others never see",
        ("P1.24",),
        "no delete explains it",
        scenarios=("split:honey",),
        act=minority_acknowledges,
    ),
    Defect(
        "undone-after-split",
        "rustfs#6286",
        "what the majority acknowledged during a split is undone when the node is back",
        ("P1.24",),
        "although",
        scenarios=("split:honey",),
        act=note_while_split,
        event=undo_on_rejoin,
    ),
    Defect(
        "both-sides-lock",
        "Jepsen: etcd 3.4.3",
        "the node that is cut off gives the lock that the majority gave",
        ("P2.14",),
        "split:bumble",
        scenarios=("split:bumble",),
        act=both_sides_lock,
    ),
    Defect(
        "stalls-when-one-limps",
        "minio#7618",
        "while one node limps no write is answered, through any endpoint",
        ("P1.26",),
        "no answer for longer",
        scenarios=("limp:honey",),
        act=stalls_while_one_limps,
    ),
    Defect(
        "denies-while-it-limps",
        "grey failure (Huang et al., HotOS 2017)",
        "a node that limps denies what was written meanwhile",
        ("P1.26",),
        "nothing deleted it",
        scenarios=("limp:honey",),
        act=denies_while_it_limps,
    ),
    Defect(
        "large-dropped-while-one-is-lost",
        "rustfs#5869",
        "while a node is lost, bodies of more than 200 kB are acknowledged and dropped",
        ("P1.13",),
        "no delete explains it",
        scenarios=("crash:honey",),
        act=large_dropped_after_a_loss,
    ),
    Defect(
        "large-refused-while-one-is-lost",
        "issue 31",
        "while a node is lost, bodies of more than 200 kB are answered 503 and small ones served",
        ("P1.13",),
        "where small ones were",
        scenarios=("crash:honey",),
        act=large_refused_after_a_loss,
        never_proved=True,
    ),
    Defect(
        "large-not-healed",
        "rustfs#5869",
        "a node that was lost and is back denies bodies of more than 200 kB",
        ("P1.13",),
        "no delete explains it",
        scenarios=("crash:honey",),
        act=large_denied_by_the_returned,
    ),
    Defect(
        "large-cut-after-a-loss",
        "minio#2976",
        "in the minute after a loss bodies of more than 200 kB are cut",
        ("P1.13",),
        "crash:honey",
        scenarios=("crash:honey",),
        act=large_cut_after_a_loss,
    ),
)
