"""Stores that are wrong only while two of their versions run together, and providers whose upgrade is none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from readiness.s3.wire import NoReply, NotSent, Wire
from readiness.topology import Proof
from tests.battery.call import Call, accepted, error, no_such_key
from tests.battery.defect import Defect
from tests.battery.http import Reply
from tests.battery.world import World

SCENARIO = ("rolling-upgrade",)


async def denies_the_other_version(call: Call) -> Reply:
    """An object that was written through a node with the other version is not there while both versions run."""
    written: dict[tuple[str, str], bool] = call.world.memory.setdefault("written by the second", {})
    reply = await call.forward()
    if call.node is None or not call.key.startswith("probe/"):
        return reply
    second = call.node in call.world.upgraded
    if call.plain_write and reply.status == 200:
        written[call.at] = second
    other = written.get(call.at) not in (None, second)
    return no_such_key() if call.reads and call.world.two_versions and other else reply


async def second_version_drops(call: Call) -> Reply:
    drops = call.plain_write and call.world.two_versions and call.node in call.world.upgraded
    return accepted(call) if drops else await call.forward()


async def second_version_waits(call: Call) -> Reply:
    waits = call.writes and call.world.two_versions and call.node in call.world.upgraded
    return error(503, "SlowDown") if waits else await call.forward()


async def note_of_the_second(call: Call) -> Reply:
    reply = await call.forward()
    if call.plain_write and reply.status == 200 and call.node in call.world.upgraded:
        call.world.memory.setdefault("of the second", []).append((*call.at, reply.get("x-amz-version-id")))
    return reply


async def forget_when_taken_back(
    world: World, wires: Mapping[str, Wire], verb: str, nodes: tuple[str, ...]
) -> None:
    doomed = world.memory.pop("of the second", []) if verb == "take_back" else []
    wire = next(wire for name, wire in wires.items() if name not in nodes)
    for bucket, key, version in doomed[-40:]:
        query = f"versionId={version}" if version else ""
        try:
            await wire.request("DELETE", bucket, key, query=query, seconds=2)
        except (NoReply, NotSent):
            continue


def only_restarts(real: Any, node: str) -> Proof:
    for instance in real.topology.on(node):
        real.restart(instance.name)
    return Proof(True, f"{node} was upgraded")


def all_at_once(real: Any, node: str) -> Proof:
    proofs = [real.upgrade(each) for each in real.topology.nodes if node == real.topology.nodes[0]]
    return Proof(all(proof.fired for proof in proofs), f"{node} was upgraded")


DEFECTS = (
    Defect(
        "other-version-denies",
        "rustfs#5922",
        "while two versions run together, a node denies what was written through the other version",
        ("P1.27",),
        "nothing deleted it",
        scenarios=SCENARIO,
        act=denies_the_other_version,
    ),
    Defect(
        "second-version-drops",
        "rustfs#6747",
        "until all nodes have the second version, it acknowledges writes and drops them",
        ("P1.27",),
        "no delete explains it",
        scenarios=SCENARIO,
        act=second_version_drops,
    ),
    Defect(
        "second-version-waits-for-all",
        "rustfs#5509",
        "until all nodes have the second version, those that have it take no writes",
        ("P1.27",),
        "no answer for longer",
        scenarios=SCENARIO,
        act=second_version_waits,
    ),
    Defect(
        "forgotten-when-taken-back",
        "issue 31",
        "what was written through the second version is gone once a node is taken back",
        ("P1.27",),
        "although",
        scenarios=SCENARIO,
        act=note_of_the_second,
        event=forget_when_taken_back,
    ),
    Defect(
        "upgrade-does-nothing",
        "issue 31",
        "a provider that restarts the first version, and says that it upgraded",
        ("P1.27",),
        "were not seen to run 1.0.1",
        scenarios=SCENARIO,
        verbs={"upgrade": only_restarts},
        never_proved=True,
    ),
    Defect(
        "upgrade-of-all-at-once",
        "issue 31",
        "a provider that upgrades all nodes before the first one serves again",
        ("P1.27",),
        "was not seen to run 1.0.1 while another node ran 1.0.0",
        scenarios=SCENARIO,
        verbs={"upgrade": all_at_once},
        never_proved=True,
    ),
)
