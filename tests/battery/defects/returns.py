"""Wrong answers just after a node, or all of them, came back: what a readiness probe does not tell."""

from __future__ import annotations

from collections.abc import Mapping

from readiness.s3.wire import Wire
from tests.battery.call import Call, error, no_such_key
from tests.battery.defect import Defect
from tests.battery.http import Reply
from tests.battery.world import World

OWN_SECONDS, SURVIVOR_SECONDS, STALE_SECONDS, ALL_SECONDS = 5.0, 2.5, 4.0, 5.0


def _within(since: float | None, seconds: float) -> bool:
    return since is not None and since < seconds


async def own_endpoint_denies(call: Call) -> Reply:
    reply = await call.forward()
    lies = call.reads and reply.status == 200 and _within(call.world.back_for(call.node), OWN_SECONDS)
    return no_such_key() if lies else reply


async def survivor_denies(call: Call) -> Reply:
    reply = await call.forward()
    survivor = call.node is not None and call.node not in call.world.lost
    lies = (
        survivor
        and call.reads
        and reply.status == 200
        and _within(call.world.any_back_for(), SURVIVOR_SECONDS)
    )
    return no_such_key() if lies else reply


async def denies_what_it_missed(call: Call) -> Reply:
    missed: set[tuple[str, str]] = call.world.memory.setdefault("missed", set())
    away = bool(call.world.down)
    reply = await call.forward()
    if away and call.writes and reply.status == 200:
        missed.add(call.at)
    lies = call.reads and call.at in missed and _within(call.world.back_for(call.node), OWN_SECONDS)
    return no_such_key() if lies and reply.status == 200 else reply


async def older_after_return(call: Call) -> Reply:
    survivor = call.node is not None and call.node not in call.world.lost
    asked = call.reads and call.method == "GET" and call.versioned and survivor
    if asked and _within(call.world.any_back_for(), STALE_SECONDS):
        ids = await call.version_ids()
        if len(ids) > 1:
            return await call.own("GET", *call.at, query=f"versionId={ids[1]}")
    return await call.forward()


async def all_deny(call: Call) -> Reply:
    reply = await call.forward()
    world = call.world
    lies = (
        call.reads and len(world.returned) == len(world.nodes) and _within(world.any_back_for(), ALL_SECONDS)
    )
    return no_such_key() if lies and reply.status == 200 else reply


async def corrupt_after_restart(call: Call) -> Reply:
    reply = await call.forward()
    if (
        call.reads
        and call.method == "GET"
        and reply.status == 200
        and reply.body
        and call.world.back_for(call.node) is not None
    ):
        reply.body = reply.body[:-1] + bytes([reply.body[-1] ^ 1])
    return reply


async def forgets_its_users(call: Call) -> Reply:
    if call.world.back_for(call.node) is not None:
        return error(403, "InvalidAccessKeyId")
    return await call.forward()


async def note_written(call: Call) -> Reply:
    """Serves, but after a repair its emptied node lacks one object."""
    world = call.world
    if call.reads and call.at == world.memory.get("left behind") and call.node in world.repaired:
        return no_such_key()
    reply = await call.forward()
    if call.plain_write and reply.status == 200:
        world.memory.setdefault("objects", []).append(call.at)
    return reply


async def leave_one_behind(
    world: World, _wires: Mapping[str, Wire], verb: str, _nodes: tuple[str, ...]
) -> None:
    if verb == "repair":
        world.memory["left behind"] = world.rng.choice(
            [at for at in world.memory["objects"] if at[1].startswith("probe/")]
        )


DEFECTS = (
    Defect(
        "404-after-return",
        "minio#6163",
        "for five seconds the node that came back answers 404 for objects that exist",
        ("P1.13",),
        "nothing deleted it",
        scenarios=("crash:honey",),
        act=own_endpoint_denies,
    ),
    Defect(
        "404-through-survivor",
        "minio#6163",
        "when a node comes back, another one answers 404 for two seconds",
        ("P1.13",),
        "nothing deleted it",
        scenarios=("crash:honey",),
        act=survivor_denies,
    ),
    Defect(
        "404-for-what-it-missed",
        "minio#6163",
        "the node that came back denies only what was written while it was away",
        ("P1.13",),
        "nothing deleted it",
        scenarios=("crash:honey",),
        act=denies_what_it_missed,
    ),
    Defect(
        "older-after-return",
        "minio#9776",
        "on versioned buckets a survivor returns the version before, for seconds after another node's return",
        ("P1.13",),
        "older body",
        scenarios=("crash:honey",),
        act=older_after_return,
    ),
    Defect(
        "404-after-all-killed",
        "minio#6163",
        "after all were killed, every endpoint is ready and denies what exists for five seconds",
        ("P1.21",),
        "nothing deleted it",
        scenarios=("all-killed",),
        act=all_deny,
    ),
    Defect(
        "corrupt-after-restart",
        "minio#2976",
        "once restarted, an instance returns damaged bodies",
        ("P1.13",),
        "?",
        scenarios=("restart:control-sting",),
        look=("P1.4",),
        act=corrupt_after_restart,
    ),
    Defect(
        "users-forgotten",
        "rustfs#1614",
        "fine until it is restarted: then an instance refuses every credential",
        ("P1.4",),
        "403",
        scenarios=("restart:control-sting",),
        look=("P1.14",),
        act=forgets_its_users,
    ),
    Defect(
        "repair-left-one",
        "minio#12972, minio#16780",
        "the repair says that it is done, and one object is missing on the repaired node",
        ("P1.19",),
        "although",
        scenarios=("repair:sting",),
        act=note_written,
        event=leave_one_behind,
    ),
)
