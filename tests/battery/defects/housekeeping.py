"""Stores whose housekeeping takes more than garbage, or longer than it may."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from readiness.judges.housekeeping import WORKLOAD
from readiness.s3.wire import Wire
from readiness.topology import Proof
from tests.battery.call import Call
from tests.battery.defect import Defect
from tests.battery.defects.promises import changed
from tests.battery.http import Reply
from tests.battery.world import World

SECONDS = 8
Kept = dict[tuple[str, str], bytes | None]
PROMISED = changed(
    r"\[contract\.failure\]", f"[contract.housekeeping]\nseconds = {SECONDS}\n\n[contract.failure]"
)


def _kept(world: World) -> Kept:
    """The bodies that were written for the housekeeping; None: deleted since."""
    kept: Kept = world.memory.setdefault("kept", {})
    return kept


async def notes(call: Call) -> Reply:
    reply = await call.forward()
    if call.key.startswith(f"{WORKLOAD}/") and reply.status in (200, 204):
        if call.plain_write:
            _kept(call.world)[call.at] = call.message.body
        elif call.deletes:
            _kept(call.world)[call.at] = None
    return reply


async def drops_live(world: World, wires: Mapping[str, Wire], verb: str, _nodes: tuple[str, ...]) -> None:
    live = [at for at, body in _kept(world).items() if body is not None] if verb == "housekeep" else []
    for at in live[:1]:
        await next(iter(wires.values())).request("DELETE", *at, seconds=5)


async def brings_back(world: World, wires: Mapping[str, Wire], verb: str, _nodes: tuple[str, ...]) -> None:
    gone = [at for at, body in _kept(world).items() if body is None] if verb == "housekeep" else []
    for at in gone[:1]:
        await next(iter(wires.values())).request("PUT", *at, body=b"what was deleted", seconds=5)


def done(_real: Any) -> Proof:
    return Proof(True, "garbage was collected")


def done_late(_real: Any) -> Proof:
    time.sleep(SECONDS + 1)
    return Proof(True, "garbage was collected")


def nothing_done(_real: Any) -> Proof:
    return Proof(False, "nothing was collected")


def _defect(name: str, source: str, does: str, says: str, **more: Any) -> Defect:
    fields: dict[str, Any] = {"act": notes, "verbs": {"housekeep": done}} | more
    return Defect(name, source, does, ("P1.13",), says, ("housekeeping",), options=PROMISED, **fields)


DEFECTS = (
    _defect(
        "housekeeping-drops-live",
        "seaweedfs#11366",
        "its housekeeping takes an object that is alive",
        f"{WORKLOAD}/",
        event=drops_live,
    ),
    _defect(
        "housekeeping-brings-back",
        "issue 31",
        "its housekeeping brings back an object that was deleted",
        f"{WORKLOAD}/",
        event=brings_back,
    ),
    _defect(
        "housekeeping-takes-too-long",
        "issue 31",
        "its housekeeping takes longer than its contract promises",
        f"{SECONDS} s promised",
        verbs={"housekeep": done_late},
    ),
    _defect(
        "housekeeping-does-nothing",
        "issue 31",
        "a housekeeping that is reported and not done",
        "did not fire",
        verbs={"housekeep": nothing_done},
        never_proved=True,
    ),
)
