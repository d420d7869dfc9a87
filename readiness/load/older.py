"""Previous versions: read, and brought back under another key, while a fault is held and after it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import count

from readiness.history import Outcome, Verb
from readiness.judges.older import PREFIX, RESTORE_SECONDS, RESTORED, WORKLOAD
from readiness.load.context import Context, KnownVersion
from readiness.load.operations import Client
from readiness.load.written import written
from readiness.topology import Endpoint

SIZES = (800, 800, 256 << 10)
"""Bytes of the versions, one object each: stores keep a large body apart from their metadata."""
VERSIONS = 3
READ_SECONDS = 0.3
RESTORES = round(RESTORE_SECONDS / READ_SECONDS)
CALM = 3
"""How many times as rare both are while no fault is held."""
PAUSE = 0.2


async def write_older(c: Context) -> None:
    """Objects of `VERSIONS` versions each, the first of which is deleted: a delete marker hides its versions. Where the
    bucket does not version there is nothing that `older` can ask for.
    """
    made = await asyncio.gather(*(_write(c, number, size) for number, size in enumerate(SIZES)))
    c.older = [known for versions in made for known in versions]
    targets = c.targets()
    if c.older and targets:
        client = c.client(WORKLOAD, WORKLOAD)
        await client.do(Verb.DELETE, targets[0], c.buckets.versioned, f"{PREFIX}/{c.scope}/0")


async def _write(c: Context, number: int, size: int) -> list[KnownVersion]:
    client, at = (
        c.client(WORKLOAD, f"{WORKLOAD}-{number}"),
        (c.buckets.versioned, f"{PREFIX}/{c.scope}/{number}"),
    )
    made = []
    for version in range(VERSIONS):
        op = await written(c, client, *at, size)
        if op is not None and op.value is not None and op.version and op.version != "null":
            previous = version + 1 < VERSIONS or number == 0
            made.append(KnownVersion(*at, op.value, op.version, previous))
    return made


async def older(c: Context) -> None:
    """While a fault is held a previous version is read every `READ_SECONDS` and one is restored every
    `RESTORE_SECONDS`, through each endpoint in turn, whether or not earlier ones were answered; before and after,
    `CALM` times as rarely.
    """
    loop = asyncio.get_running_loop()
    started, previous = loop.time(), [known for known in c.older if known.previous]
    reads, restores = count(), count()
    for tick in count():
        if not previous or c.stopping.is_set():
            return
        every = 1 if c.faults_held else CALM
        if tick % every == 0:
            c.spawn(_read(c, previous, next(reads)))
        if tick % (every * RESTORES) == 0:
            c.spawn(_restore(c, previous, next(restores)))
        await c.pause(max(0.0, started + (tick + 1) * READ_SECONDS - loop.time()))


async def _read(c: Context, previous: Sequence[KnownVersion], number: int) -> None:
    if targets := c.targets():
        rounds, turn = divmod(number, len(targets))
        known = previous[(rounds + turn) % len(previous)]  # so that each endpoint meets each version
        await _one(c.client(WORKLOAD, f"{WORKLOAD}-read-{number}"), targets[turn], known)


async def _one(client: Client, endpoint: Endpoint, known: KnownVersion) -> bool:
    at = (known.bucket, known.key)
    return (await client.do(Verb.READ_VERSION, endpoint, *at, version=known.version)).op.ok


async def _restore(c: Context, previous: Sequence[KnownVersion], number: int) -> None:
    """A copy of a version to a key of its own, which must then hold its body; one that certainly was not taken goes to
    the next endpoint.
    """
    client, key = c.client(WORKLOAD, f"{RESTORED}-{number}"), f"{RESTORED}/{c.scope}/{number}"
    known = previous[number % len(previous)]
    for turn in range(number, number + 3):
        if not (targets := c.targets()):
            return
        through = targets[turn % len(targets)]
        at = (Verb.WRITE, through, known.bucket, key)
        done = await client.do(*at, value=known.value, version=known.version, copied=known.key)
        if done.op.outcome is not Outcome.FAIL:
            break
    if done.op.acknowledged and (targets := c.targets()):
        await client.do(Verb.READ, targets[(turn + 1) % len(targets)], known.bucket, key)


async def read_older(c: Context, targets: Sequence[Endpoint], *, tries: int) -> None:
    """Every version, through each of these endpoints at once. One that gives no answer to a version is asked for no
    more: it has shown that not all can be read.
    """
    await asyncio.gather(*(_read_all(c, endpoint, tries) for endpoint in targets))


async def _read_all(c: Context, endpoint: Endpoint, tries: int) -> None:
    client = c.client(WORKLOAD, f"{WORKLOAD}-all-{endpoint.name}")
    for known in c.older:
        for turn in range(tries):
            if turn:
                await asyncio.sleep(PAUSE)
            if await _one(client, endpoint, known):
                break
        else:
            return
