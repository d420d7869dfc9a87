"""Garbage for a store's housekeeping: objects that are written, and some of them overwritten or deleted."""

from __future__ import annotations

import asyncio
from itertools import product

from readiness.history import Op, Verb
from readiness.judges.housekeeping import SIZES, WORKLOAD
from readiness.load.context import Context, KnownObject
from readiness.load.operations import Client
from readiness.load.written import PAUSE, TRIES, written

KEYS = 6
"""Of each size in each bucket."""
CLIENTS = 6


async def churn(c: Context) -> None:
    """Writes `KEYS` objects of each size into each bucket; of three, one stays as it is, one is overwritten and one is
    deleted. Those that are left belong to the canon from now on: probes and sweepers go on reading them.
    """
    jobs = iter(list(product(c.buckets.every(), SIZES, range(KEYS))))

    async def work(number: int) -> None:
        client = c.client(WORKLOAD, f"{WORKLOAD}-{number}")
        for bucket, size, key in jobs:
            if c.stopping.is_set():
                return
            await _one(c, client, bucket, f"{WORKLOAD}/{c.scope}/{size}/{key}", size, key % 3)

    await asyncio.gather(*(work(number) for number in range(CLIENTS)))


async def _one(c: Context, client: Client, bucket: str, key: str, size: int, turn: int) -> None:
    made = await written(c, client, bucket, key, size)
    if turn == 1:
        made = await written(c, client, bucket, key, size) or made
    if turn == 2:
        await _deleted(c, client, bucket, key)
    elif made is not None and made.value is not None and _is_last(c, made):
        c.canon.append(KnownObject(bucket, key, made.value))


async def _deleted(c: Context, client: Client, bucket: str, key: str) -> None:
    for attempt in range(TRIES):
        targets = c.targets() or c.topology.all_endpoints()
        if (await client.do(Verb.DELETE, targets[attempt % len(targets)], bucket, key)).op.acknowledged:
            return
        await c.pause(PAUSE)


def _is_last(c: Context, made: Op) -> bool:
    """Whether no write of that key came after it that may have been done."""
    return not any(
        (op.bucket, op.key) == (made.bucket, made.key) and op.verb is Verb.WRITE and op.invoked > made.invoked
        for op in reversed(c.recorder.history)
    )
