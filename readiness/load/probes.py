"""Open-loop probes and sweeping readers: what a client would have seen at every moment, through every
endpoint.
"""

from __future__ import annotations

import asyncio

from readiness.history import Verb
from readiness.load.context import Context, KnownObject
from readiness.topology import Endpoint

INTERVAL = 0.1
PROBED = (Verb.HEAD, Verb.READ, Verb.WRITE)


async def probe(c: Context, endpoint: Endpoint, verb: Verb, phase: float) -> None:
    """One HEAD, GET or PUT every 100 ms, alternately on a new and on a kept connection, whether or not
    earlier ones came back.

    PUTs make objects that did not exist before: acknowledged, they are read through every other endpoint.
    """
    loop = asyncio.get_running_loop()
    started = loop.time() + phase
    tick = 0
    while not c.stopping.is_set():
        await c.pause(max(0.0, started + tick * INTERVAL - loop.time()))
        if c.stopping.is_set():
            return
        c.spawn(_shot(c, endpoint, verb, tick))
        tick += 1


async def _shot(c: Context, endpoint: Endpoint, verb: Verb, tick: int) -> None:
    fresh = tick % 2 == 0
    client = c.client("probe", f"probe:{endpoint.name}:{verb}:{'new' if fresh else 'reused'}")
    if verb is Verb.WRITE:
        bucket = c.buckets.turn(tick // 2)
        key = f"probe/{c.scope}/{endpoint.name}/{tick}"
        op = (
            await client.do(
                verb, endpoint, bucket, key, value=f"{c.scope}/probe/{endpoint.name}/{tick}", fresh=fresh
            )
        ).op
        if op.acknowledged and op.in_service and op.value:
            c.recent.append(KnownObject(bucket, key, op.value))
        return
    known = c.known(tick)
    if known is not None:
        await client.do(verb, endpoint, known.bucket, known.key, fresh=fresh)


async def sweep(c: Context, endpoint: Endpoint) -> None:
    """Reads known objects through one endpoint, one after the other; fast after a heal, from the first
    connection accepted.
    """
    client = c.client("sweep", f"sweep:{endpoint.name}")
    turn = 0
    while not c.stopping.is_set():
        fast = c.recorder.now() < c.burst_until
        known = c.known(turn)
        turn += 1
        if known is not None:
            verb = Verb.HEAD if turn % 4 == 0 else Verb.READ
            await client.do(verb, endpoint, known.bucket, known.key, fresh=turn % 3 == 0)
        await c.pause(0.025 if fast else 0.2)
