"""What a store loses that never syncs, and what it does when a disk is full."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from readiness.providers.base import Provider
from readiness.s3.wire import Wire
from readiness.topology import Proof
from tests.battery.call import Call, accepted, error, no_such_key
from tests.battery.defect import Defect
from tests.battery.defects.durability import drop_held, write_back
from tests.battery.http import Reply
from tests.battery.world import World

At = tuple[str, str]
UNSYNCED_SECONDS, QUIET_SECONDS, STALE_SECONDS, DENIES_SECONDS = 4.0, 1.0, 4.0, 5.0


def _all_off(world: World, verb: str, nodes: tuple[str, ...]) -> bool:
    """With this verb the last node loses its power."""
    return verb == "power_off" and len({*world.down, *nodes}) == len(world.nodes)


def _times(world: World) -> dict[At, float]:
    """When each object was last written."""
    found: dict[At, float] = world.memory.setdefault("written", {})
    return found


def _gone(world: World) -> set[At]:
    """Objects whose last write is lost."""
    found: set[At] = world.memory.setdefault("gone", set())
    return found


async def _forward_noting(call: Call) -> Reply:
    """What the store says; a write that it acknowledges is noted, and is not lost any more."""
    reply = await call.forward()
    if call.writes and reply.status == 200:
        _times(call.world)[call.at] = call.world.now()
        _gone(call.world).discard(call.at)
    return reply


async def _before_it(call: Call, reply: Reply) -> Reply:
    """The version before the last one, or that there is none; an answer that is no success stays."""
    if reply.status != 200:
        return reply
    ids = await call.version_ids() if call.versioned else []
    if len(ids) < 2:
        return no_such_key()
    return await call.own(call.method, *call.at, query=f"versionId={ids[1]}")


async def lost_with_the_power(
    world: World, _wires: Mapping[str, Wire], verb: str, nodes: tuple[str, ...]
) -> None:
    if _all_off(world, verb, nodes):
        drop_held(world)


async def without_the_last(call: Call) -> Reply:
    """Reads of a lost write find what was there before."""
    reply = await _forward_noting(call)
    return await _before_it(call, reply) if call.reads and call.at in _gone(call.world) else reply


async def lose_the_last(world: World, _wires: Mapping[str, Wire], verb: str, nodes: tuple[str, ...]) -> None:
    """The last write is lost if nothing was written for a moment after it: the next one's sync would have saved it."""
    times = _times(world)
    if _all_off(world, verb, nodes) and times:
        last = max(times, key=lambda at: times[at])
        if world.now() - times[last] > QUIET_SECONDS:
            _gone(world).add(last)


async def lose_states(world: World, _wires: Mapping[str, Wire], verb: str, nodes: tuple[str, ...]) -> None:
    """States that were written in the last seconds are lost."""
    if _all_off(world, verb, nodes):
        recent = {at for at, when in _times(world).items() if world.now() - when < UNSYNCED_SECONDS}
        _gone(world).update(at for at in recent if at[1].endswith(".tfstate"))


async def older_after_power_cut(call: Call) -> Reply:
    since = call.world.any_back_for()
    old = since is not None and since < STALE_SECONDS and "power cut" in call.world.how.values()
    reply = await call.forward()
    if old and call.reads and call.method == "GET" and call.versioned and reply.status == 200:
        ids = await call.version_ids()
        if len(ids) > 1:
            return await call.own("GET", *call.at, query=f"versionId={ids[1]}")
    return reply


async def forgetful_node_denies(call: Call) -> Reply:
    reply = await _forward_noting(call)
    world = call.world
    since = world.back_for(call.node)
    forgot = since is not None and since < DENIES_SECONDS and world.how.get(call.node or "") == "power cut"
    return no_such_key() if forgot and call.reads and reply.status == 200 and _unsynced(call) else reply


def _unsynced(call: Call) -> bool:
    """It was written in the seconds before a power cut."""
    cuts = [when for node, when in call.world.lost.items() if call.world.memory.get(("cut", node))]
    written = _times(call.world).get(call.at)
    return written is not None and any(0 <= when - written < UNSYNCED_SECONDS for when in cuts)


async def note_cut(world: World, _wires: Mapping[str, Wire], verb: str, nodes: tuple[str, ...]) -> None:
    if verb == "power_off":
        world.memory |= {("cut", node): True for node in nodes}


async def forgotten_copy_counts(call: Call) -> Reply:
    """Right as long as the others are there; when one of them is lost, what the node had forgotten is gone."""
    reply = await _forward_noting(call)
    another_lost = "crash" in call.world.down.values()
    gone = another_lost and call.reads and reply.status == 200 and _unsynced(call)
    return no_such_key() if gone else reply


async def full_and_acknowledged(call: Call) -> Reply:
    if call.plain_write and call.world.full and call.world.every("full", 10):
        return accepted(call)
    return await call.forward()


async def full_and_stalled(call: Call) -> Reply:
    if call.writes and call.world.full:
        await asyncio.sleep(10)
    return await call.forward()


async def full_and_denied(call: Call) -> Reply:
    reply = await call.forward()
    lies = call.reads and reply.status == 200 and call.node in call.world.full
    return no_such_key() if lies else reply


async def full_for_ever(call: Call) -> Reply:
    was_full: set[str | None] = call.world.memory.setdefault("was full", set())
    was_full |= call.world.full
    if call.writes and call.node in was_full:
        return error(507, "InsufficientStorage")
    return await call.forward()


async def lock_comes_back(call: Call) -> Reply:
    """The lock that was released in the seconds before the power cut is there again."""
    locks: dict[At, tuple[float, Reply]] = call.world.memory.setdefault("locks", {})
    if call.deletes and call.key.endswith(".tflock"):
        held = await call.own("GET", *call.at)
        if held.status == 200:
            locks[call.at] = (call.world.now(), held)
    back = call.world.memory.get("locks back")
    if back and call.reads and call.at in locks and not call.world.down:
        return locks[call.at][1]
    return await call.forward()


async def bring_locks_back(
    world: World, _wires: Mapping[str, Wire], verb: str, nodes: tuple[str, ...]
) -> None:
    if _all_off(world, verb, nodes):
        world.memory["locks back"] = True


def only_killed(real: Provider, node: str) -> Proof:
    """The fault does not happen: the node's processes die, and what they wrote stays."""
    proofs = [real.kill(instance.name) for instance in real.topology.on(node)]
    return Proof(False, f"{proofs[0].observed}; a write to its disk got through")


ALL = "power-cut:bumble+honey+sting"
DEFECTS: tuple[Defect, ...] = (
    Defect(
        "never-synced",
        "rustfs#4221, seaweedfs#297",
        "writes are acknowledged, shown everywhere and never synced: a kill keeps them, a power cut of all takes them",
        ("P1.22",),
        "no delete explains it",
        scenarios=("power-cut:all",),
        act=write_back,
        event=lost_with_the_power,
    ),
    Defect(
        "last-write-not-synced",
        "rustfs#4493",
        "each write is saved by the sync of the next one; when all is quiet, a power cut takes the last",
        ("P1.22",),
        "nothing deleted it",
        scenarios=("power-cut:all", "power-cut-when-quiet:new"),
        act=without_the_last,
        event=lose_the_last,
    ),
    Defect(
        "overwrite-not-synced",
        "minio#3536",
        "when all is quiet, a power cut brings back what was there before the last write",
        ("P1.22",),
        "older body",
        scenarios=("power-cut:all", "power-cut-when-quiet:overwritten"),
        act=without_the_last,
        event=lose_the_last,
    ),
    Defect(
        "older-after-power-cut",
        "minio#9776",
        "after a power cut of all, every endpoint is ready and gives older versions for four seconds",
        ("P1.22",),
        "older body",
        scenarios=("power-cut:all",),
        act=older_after_power_cut,
    ),
    Defect(
        "denies-what-it-forgot",
        "rustfs#4221",
        "a node whose power was cut comes back and denies what it had not synced",
        ("P1.23",),
        "nothing deleted it",
        scenarios=("power-cut:bumble",),
        act=forgetful_node_denies,
        event=note_cut,
    ),
    Defect(
        "forgotten-copy-counts",
        "rustfs#4221",
        "a node that forgot what it had not synced still counts as a copy of it: gone when another node is lost",
        ("P1.23",),
        "nothing deleted it",
        scenarios=("power-cut:bumble",),
        act=forgotten_copy_counts,
        event=note_cut,
    ),
    Defect(
        "full-and-acknowledged",
        "the design's list",
        "while a disk is full one write of ten is answered 200 and not done",
        ("P1.25",),
        "although",
        scenarios=("full-disk:bumble",),
        act=full_and_acknowledged,
    ),
    Defect(
        "full-and-stalled",
        "the design's list",
        "one full disk of three stops the writes of all",
        ("P1.25",),
        "full-disk:bumble",
        scenarios=("full-disk:bumble",),
        act=full_and_stalled,
    ),
    Defect(
        "full-and-denied",
        "the design's list",
        "the node with the full disk is ready and answers 404 for what exists",
        ("P1.25",),
        "nothing deleted it",
        scenarios=("full-disk:bumble",),
        act=full_and_denied,
    ),
    Defect(
        "full-for-ever",
        "the design's list",
        "a node whose disk was full takes no writes any more once there is space again",
        ("P1.25",),
        "takes no writes though the fault is over",
        scenarios=("full-disk:bumble",),
        act=full_for_ever,
    ),
    Defect(
        "tofu-state-not-synced",
        "rustfs#4221",
        "a power cut takes the state that an apply had just written",
        ("P2.13",),
        "was acknowledged",
        scenarios=(ALL,),
        act=without_the_last,
        event=lose_states,
    ),
    Defect(
        "tofu-lock-comes-back",
        "opentofu#4405",
        "a power cut brings back the lock that an apply had just released",
        ("P2.13",),
        "that was released before it",
        scenarios=(ALL,),
        act=lock_comes_back,
        event=bring_locks_back,
    ),
    Defect(
        "power-is-not-cut",
        "the suite itself",
        "the fault only kills: nothing is lost that a store does not sync",
        ("P1.22", "P2.13"),
        "did not fire",
        scenarios=("power-cut:all", ALL),
        verbs={"power_off": only_killed},
        never_proved=True,
    ),
)
