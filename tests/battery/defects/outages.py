"""Stores that are right whenever they answer, and do not answer."""

from __future__ import annotations

import asyncio

from tests.battery.call import Call, error
from tests.battery.defect import Defect
from tests.battery.http import Reply


async def stalls_on_silence(call: Call) -> Reply:
    while call.world.silent():
        await asyncio.sleep(0.05)
    return await call.forward()


async def busy_after_crash(call: Call) -> Reply:
    if any(how == "crash" for how in call.world.down.values()):
        return error(503, "SlowDown")
    return await call.forward()


async def entry_busy_on_drain(call: Call) -> Reply:
    if call.node is None and "drain" in call.world.down.values():
        return error(503, "ServiceUnavailable")
    return await call.forward()


async def slow_after_restart(call: Call) -> Reply:
    since = call.world.back_for(call.node)
    if since is not None and since < 7:
        await asyncio.sleep(max(0.0, 7 - since))
    return await call.forward()


async def writes_stop(call: Call) -> Reply:
    if call.writes and call.world.down:
        await asyncio.sleep(10)
    return await call.forward()


DEFECTS = (
    Defect(
        "dead-when-silent",
        "rustfs#6286, minio#7618",
        "harmless when a node is killed; while one is silent every endpoint stalls",
        ("P1.6", "P1.14"),
        "silence",
        scenarios=("silence:honey",),
        act=stalls_on_silence,
    ),
    Defect(
        "busy-after-crash",
        "rustfs#1365",
        "while a node is gone the others answer 503",
        ("P1.6", "P1.14"),
        "crash",
        scenarios=("crash:honey",),
        act=busy_after_crash,
    ),
    Defect(
        "entry-busy-on-drain",
        "seaweedfs#9689",
        "during maintenance of a node the service endpoint answers 503",
        ("P1.5", "P1.14"),
        "drain",
        scenarios=("drain:honey",),
        act=entry_busy_on_drain,
    ),
    Defect(
        "slow-after-restart",
        "rustfs#1365",
        "a restarted instance says that it is ready and answers after seven seconds",
        ("P1.14",),
        "promised",
        scenarios=("restart:control-sting",),
        look=("P1.4",),
        act=slow_after_restart,
    ),
    Defect(
        "writes-stop",
        "rustfs#1001",
        "while a node is gone reads work and writes hang",
        ("P1.14",),
        "crash",
        scenarios=("crash:honey",),
        act=writes_stop,
    ),
)
