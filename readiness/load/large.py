"""Bodies that stores do not keep in their metadata: a state of some hundred resources, and a large one."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator
from contextlib import suppress

from readiness.history import Op, Outcome, Verb
from readiness.judges.housekeeping import WORKLOAD as CHURN
from readiness.judges.large import INTERVALS, SIZES, WORKLOAD
from readiness.judges.older import WORKLOAD as OLDER
from readiness.load.context import Context
from readiness.s3.wire import NoReply, NotSent
from readiness.topology import Endpoint

TRIES = 3
CALM = {"large": 1, "huge": 4}
"""How many times as rare a size is while no fault is held: a node that returns must catch up on what was written."""
TICK = 0.05
FORGETTING, REMOVERS = 20.0, 4
"""Seconds that the removal may take, and how many requests of it are under way at once."""


async def large(c: Context, kind: str) -> None:
    """New objects of that size, through each endpoint in turn, each read at once through another one: every `INTERVALS`
    seconds while a fault is held, and `CALM` times as rarely before and after.
    """
    loop = asyncio.get_running_loop()
    last, number = -math.inf, 0
    while not c.stopping.is_set():
        interval = INTERVALS[kind] * (1 if c.faults_held else CALM[kind])
        if loop.time() - last >= interval:
            last = loop.time()
            c.spawn(_one(c, kind, number))
            number += 1
        await c.pause(TICK)


async def _one(c: Context, kind: str, number: int) -> None:
    """A body that certainly was not taken, as by a node that has just died, goes to the next endpoint."""
    client = c.client(WORKLOAD, f"{kind}-{number}")
    for turn in range(number, number + TRIES):
        targets = c.targets()
        if not targets:
            return
        at = (c.buckets.turn(sum(divmod(number, len(targets)))), f"{kind}/{c.scope}/{number}")
        op = (await client.do(Verb.WRITE, targets[turn % len(targets)], *at, size=SIZES[kind])).op
        if op.outcome is not Outcome.FAIL:
            break
    targets = c.targets()
    if op.acknowledged and targets:
        await client.do(Verb.READ, targets[(turn + 1) % len(targets)], *at)


async def forget(c: Context) -> None:
    """Removes them, the versions that were written to be restored, and what is left of the churn, once they were read
    back, so that a run does not fill the disks: no part of the history, and what is not removed goes with its bucket.
    """
    targets = list(c.targets())
    written = [op for op in c.recorder.history if op.workload in (WORKLOAD, OLDER, CHURN) and op.acknowledged]
    if not targets:
        return
    queue = iter(written)
    with suppress(TimeoutError):
        async with asyncio.timeout(FORGETTING):
            await asyncio.gather(*(_remove(c, queue, targets[-1]) for _ in range(REMOVERS)))


async def _remove(c: Context, queue: Iterator[Op], through: Endpoint) -> None:
    """Removes what is still in the queue, which others take from too, up to the first request without an answer."""
    with suppress(NoReply, NotSent):
        for op in queue:
            query = f"versionId={op.version}" if op.version else ""
            await c.wires[through.name].request(
                "DELETE", op.bucket, op.key, query=query, seconds=c.response_seconds
            )
