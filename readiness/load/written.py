"""Objects that must be there before anything happens: they are the ground truth."""

from __future__ import annotations

from readiness.history import Op, Verb
from readiness.load.context import Context
from readiness.load.operations import Client

TRIES, PAUSE = 20, 0.2
"""How often a write is tried until it is acknowledged, and seconds between."""


async def written(c: Context, client: Client, bucket: str, key: str, size: int) -> Op | None:
    """The write of a new body that was acknowledged, each try through the next endpoint; None if none was."""
    for attempt in range(TRIES):
        targets = c.targets() or c.topology.all_endpoints()
        op = (await client.do(Verb.WRITE, targets[attempt % len(targets)], bucket, key, size=size)).op
        if op.acknowledged:
            return op
        await c.pause(PAUSE)
    return None
