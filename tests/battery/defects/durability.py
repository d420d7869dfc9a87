"""Writes that were acknowledged and are not there, or not whole, later on."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from readiness.s3.wire import NoReply, NotSent, Wire
from tests.battery.call import Call, accepted
from tests.battery.defect import Defect
from tests.battery.http import Broken, Reply
from tests.battery.world import World

FLUSHED_SECONDS = 1.0


@dataclass
class _Held:
    """A write that was acknowledged and lies in memory."""

    call: Call
    reply: Reply
    task: asyncio.Task[None]


def _held(world: World) -> dict[tuple[str, str], _Held]:
    found: dict[tuple[str, str], _Held] = world.memory.setdefault("held", {})
    return found


async def write_back(call: Call) -> Reply:
    """Acknowledges plain writes from memory, shows them to every endpoint, and does them a second later."""
    held = _held(call.world)
    if call.plain_write and call.key.startswith("probe/") and _serves(call):
        reply = accepted(call)
        held[call.at] = _Held(call, reply, asyncio.ensure_future(_flush_later(call)))
        return reply
    if call.reads and call.at in held and call.node not in call.world.down:
        return _from_memory(held[call.at])
    if not call.reads and not call.writes:
        shown = [each.call for at, each in held.items() if _concerns(call, *at)]
        await asyncio.gather(*(_flush(each) for each in shown), return_exceptions=True)
    return await call.forward()


def _concerns(call: Call, bucket: str, key: str) -> bool:
    """It is about that object, or lists it."""
    if call.bucket != bucket or call.key:
        return call.at == (bucket, key)
    return call.method == "GET" and key.startswith(call.query.get("prefix", ""))


def _serves(call: Call) -> bool:
    """Its node is there, and not the only one."""
    return call.node not in call.world.down and len(call.world.down) < 2


def _from_memory(held: _Held) -> Reply:
    call = held.call
    reply = Reply(200, list(held.reply.fields), call.message.body)
    reply.set("x-amz-meta-v", call.header("x-amz-meta-v") or "")
    reply.set("Content-Length", str(len(reply.body)))
    return reply


async def _flush_later(call: Call) -> None:
    await asyncio.sleep(FLUSHED_SECONDS)
    await _flush(call)


async def _flush(call: Call) -> None:
    if call.at not in _held(call.world):
        return
    try:
        await call.again()
    except Broken:
        return
    finally:
        _held(call.world).pop(call.at, None)


def drop_held(world: World, through: str | None = None) -> None:
    """What was written through that endpoint's node (None: any) and lies in memory is gone."""
    for at, each in list(_held(world).items()):
        if through is None or each.call.node == through:
            each.task.cancel()
            del _held(world)[at]


async def lost_with_all(world: World, _wires: Mapping[str, Wire], verb: str, nodes: tuple[str, ...]) -> None:
    if verb == "kill" and len({*world.down, *nodes}) == len(world.nodes):
        drop_held(world)


async def lost_with_its_node(
    world: World, _wires: Mapping[str, Wire], verb: str, nodes: tuple[str, ...]
) -> None:
    if verb == "kill":
        for node in nodes:
            drop_held(world, node)


async def alone(call: Call) -> Reply:
    if call.plain_write and len(call.world.down) >= 2 and call.node not in call.world.down:
        return accepted(call)
    return await call.forward()


async def note_while_silent(call: Call) -> Reply:
    silent = call.world.silent()
    reply = await call.forward()
    if silent and call.plain_write and reply.status == 200:
        call.world.memory.setdefault("undone", []).append((*call.at, reply.get("x-amz-version-id")))
    return reply


async def undo_on_thaw(world: World, wires: Mapping[str, Wire], verb: str, nodes: tuple[str, ...]) -> None:
    doomed = world.memory.pop("undone", []) if verb in ("thaw", "plug") else []
    wire = next(wire for name, wire in wires.items() if name not in nodes)
    for bucket, key, version in doomed[:40]:
        try:
            await wire.request(
                "DELETE", bucket, key, query=f"versionId={version}" if version else "", seconds=2
            )
        except (NoReply, NotSent):
            continue


async def by_the_clock(call: Call) -> Reply:
    """One endpoint's clock is five seconds behind, and the later time wins."""
    times: dict[tuple[str, str], float] = call.world.memory.setdefault("times", {})
    if not (call.writes or call.deletes):
        return await call.forward()
    now = call.world.now() - (5.0 if call.node == "sting" else 0.0)
    if call.plain_write and now < times.get(call.at, 0.0):
        return accepted(call)
    reply = await call.forward()
    if reply.status in (200, 204):
        times[call.at] = max(now, times.get(call.at, 0.0))
    return reply


async def dropped_after_a_loss(call: Call) -> Reply:
    lies = call.plain_write and call.world.after_loss(60) and call.world.every("dropped", 20)
    return accepted(call) if lies else await call.forward()


async def dropped_across(call: Call) -> Reply:
    """An overwrite through another endpoint than the last writer's is lost, once in ten."""
    writers: dict[tuple[str, str], str] = call.world.memory.setdefault("writers", {})
    if not call.plain_write:
        return await call.forward()
    other = writers.get(call.at, call.endpoint) != call.endpoint
    if other and call.key.startswith("reg/") and call.world.every("across", 10):
        return accepted(call)
    writers[call.at] = call.endpoint
    return await call.forward()


DEFECTS = (
    Defect(
        "acknowledged-in-memory",
        "rustfs#4221, seaweedfs#297",
        (
            "writes are acknowledged from memory, shown everywhere, and done a second later: gone when "
            "all instances die at once"
        ),
        ("P1.21",),
        "no delete explains it",
        scenarios=("all-killed",),
        act=write_back,
        event=lost_with_all,
    ),
    Defect(
        "acknowledged-by-one",
        "minio#1951",
        "writes are acknowledged by one node and copied a second later: gone when that node dies",
        ("P1.13",),
        "no delete explains it",
        scenarios=("crash:honey",),
        act=write_back,
        event=lost_with_its_node,
    ),
    Defect(
        "acknowledges-alone",
        "minio#1951",
        "the one node of three that is left acknowledges writes that the others never see",
        ("P1.20",),
        "no delete explains it",
        scenarios=("two-lost:honey+sting",),
        act=alone,
    ),
    Defect(
        "undone-after-silence",
        "rustfs#6286",
        "what was acknowledged while a node was silent is undone when it thaws",
        ("P1.13",),
        "although",
        scenarios=("silence:honey",),
        act=note_while_silent,
        event=undo_on_thaw,
    ),
    Defect(
        "clock-ordered",
        "Garage PR 543, minio#2753",
        (
            "the later clock wins, and one endpoint's is five seconds behind: its overwrites are "
            "acknowledged and dropped"
        ),
        ("P1.13",),
        "although",
        scenarios=("steady",),
        act=by_the_clock,
    ),
    Defect(
        "minute-after-loss",
        "minio#1951",
        "in the minute after a node loss one write of twenty is acknowledged and dropped",
        ("P1.13",),
        "although",
        scenarios=("crash:honey",),
        act=dropped_after_a_loss,
    ),
    Defect(
        "lost-across-endpoints",
        "minio#9776",
        "an overwrite through another endpoint than the writer before is lost, one in ten",
        ("P1.13",),
        "although",
        scenarios=("steady",),
        act=dropped_across,
    ),
)
