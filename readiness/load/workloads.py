"""The closed-loop workloads: registers, races, locks and the index. Each client has one operation at a time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from readiness.history import Outcome, Verb
from readiness.judges.large import SIZES
from readiness.load.context import Context, KnownObject
from readiness.load.operations import Client
from readiness.load.written import written
from readiness.topology import Endpoint

_Seen = dict[tuple[str, str], tuple[str, str]]
REGISTER_CLIENTS = 6
OPERATIONS_A_KEY = 70
UNKNOWN_A_KEY = 3
LOCK_CLIENTS = 4
BULK_OBJECTS, BULK_BYTES = 48, 1 << 20
_MIX = (Verb.READ, Verb.HEAD, Verb.WRITE, Verb.CREATE, Verb.CAS, Verb.DELETE)
_STATE, _LOCK, _MIXED = (34, 12, 30, 0, 0, 8), (34, 12, 0, 24, 0, 14), (34, 12, 20, 12, 14, 8)
_WEIGHTS = (_STATE, _STATE, _LOCK, _MIXED)
"""What is done to a register, by its place: as OpenTofu writes a state (plain writes), as it writes a lock
(creates), and in every way together, which it never does (readiness/judges/levels.py)."""
_SIZES = (0, 200, 3000, SIZES["large"]), (33, 33, 33, 1)
"""Bytes of a register's body, and how often each is chosen."""
READING = 0.6
"""The share of reads that clients who insist on one endpoint add: every write that it leaves unanswered makes a key
harder to check.
"""


@dataclass
class _Register:
    """A key in use. It is retired after enough operations, or after a few unknown ones, so that it stays
    checkable.
    """

    bucket: str
    key: str
    weights: tuple[int, ...]
    operations: int = 0
    unknown: int = 0

    def worn(self) -> bool:
        return self.operations >= OPERATIONS_A_KEY or self.unknown >= UNKNOWN_A_KEY


class Registers:
    """Reads, writes, conditional creates, compare-and-sets and deletes on a few shared keys, in every bucket: half
    of the keys are written as a state, a quarter as a lock, and a quarter in every way.
    """

    def __init__(self, context: Context) -> None:
        self._c = context
        self._made = 0
        self._slots = [self._fresh(slot) for slot in range(len(context.buckets.every()) * len(_WEIGHTS))]

    def _fresh(self, slot: int) -> _Register:
        self._made += 1
        bucket = self._c.buckets.turn(slot // len(_WEIGHTS))
        return _Register(bucket, f"reg/{self._c.scope}/{self._made}", _WEIGHTS[slot % len(_WEIGHTS)])

    async def run(self, number: int, only: Endpoint | None = None) -> None:
        """One client, until the load stops. `only`: it goes to that endpoint, in service or not."""
        client = self._c.client("register", _process("reg", number, only))
        seen: _Seen = {}
        while not self._c.stopping.is_set():
            targets = self._c.targets(only)
            if not targets:
                await self._c.pause(0.05)
                continue
            slot = self._c.rng.randrange(len(self._slots))
            if self._slots[slot].worn():
                self._slots[slot] = self._fresh(slot)
            register = self._slots[slot]
            verb = self._verb(register, reads=READING if only else 0.0)
            ok = await self._one(client, verb, register, self._c.rng.choice(targets), seen)
            await self._c.pause(self._c.rng.uniform(0.02, 0.08) if ok else 0.2)

    def _verb(self, register: _Register, reads: float) -> Verb:
        if self._c.rng.random() < reads:
            return self._c.rng.choice((Verb.READ, Verb.READ, Verb.HEAD))
        return self._c.rng.choices(_MIX, register.weights)[0]

    async def _one(
        self, client: Client, verb: Verb, register: _Register, endpoint: Endpoint, seen: _Seen
    ) -> bool:
        at = (register.bucket, register.key)
        expected, etag = seen.get(at, (None, None))
        if verb is Verb.CAS and etag is None:
            verb = Verb.READ
        register.operations += 1
        done = await client.do(
            verb,
            endpoint,
            *at,
            expected=expected if verb is Verb.CAS else None,
            etag=etag,
            size=self._c.rng.choices(*_SIZES)[0],
        )
        op = done.op
        if op.outcome is Outcome.UNKNOWN and verb not in (Verb.READ, Verb.HEAD):
            register.unknown += 1
        if op.ok and op.status == 200 and op.value is not None and done.etag:
            seen[at] = (op.value, done.etag)
        return op.ok


def _process(kind: str, number: int, only: Endpoint | None) -> str:
    return f"{kind}-{only.name}-{number}" if only else f"{kind}-{number}"


async def races(c: Context) -> None:
    """Every 0.7 s a fresh key, created with `If-None-Match: *` by eight clients at once through all targets,
    then read everywhere.
    """
    number = 0
    reader = c.client("race", "race-reader")
    while not c.stopping.is_set():
        targets = c.targets()
        if targets:
            bucket, key = c.buckets.turn(number), f"race/{c.scope}/{number}"
            number += 1
            racers = [c.client("race", f"racer-{number}-{i}") for i in range(8)]
            await asyncio.gather(
                *(
                    racer.do(Verb.CREATE, targets[i % len(targets)], bucket, key)
                    for i, racer in enumerate(racers)
                )
            )
            for endpoint in c.targets():
                await reader.do(Verb.READ, endpoint, bucket, key)
        await c.pause(0.7)


class Locks:
    """Clients that contend for one lock object as OpenTofu does: create if absent, hold, read it back,
    delete.
    """

    def __init__(self, context: Context) -> None:
        self._c = context
        self._generation = 0
        self._moved = context.recorder.now()

    def _key(self) -> tuple[str, str]:
        if self._c.recorder.now() - self._moved > 2.0:
            self._generation += 1
            self._moved = self._c.recorder.now()
        return self._c.buckets.turn(self._generation), f"lock/{self._c.scope}/{self._generation}.tflock"

    async def run(self, number: int, only: Endpoint | None = None) -> None:
        """One contender, until the load stops. `only`: it goes to that endpoint, in service or not."""
        client = self._c.client("lock", _process("lock", number, only))
        while not self._c.stopping.is_set():
            targets = self._c.targets(only)
            if targets:
                at = self._key()
                done = await client.do(Verb.CREATE, self._c.rng.choice(targets), *at)
                mine = done.op.value
                held = done.op.acknowledged or (
                    done.op.outcome is Outcome.UNKNOWN and await self._is_mine(client, at, mine, only)
                )
                if held:
                    await self._c.pause(0.02)
                    await self._is_mine(client, at, mine, only)
                    await self._release(client, at, mine, only)
            await self._c.pause(self._c.rng.uniform(0.1, 0.3))

    async def _is_mine(
        self, client: Client, at: tuple[str, str], mine: str | None, only: Endpoint | None
    ) -> bool:
        for _ in range(5):
            targets = self._c.targets(only)
            if targets:
                op = (await client.do(Verb.READ, self._c.rng.choice(targets), *at)).op
                if op.ok:
                    return op.value is not None and op.value == mine
            await self._c.pause(0.2)
        return False

    async def _release(
        self, client: Client, at: tuple[str, str], mine: str | None, only: Endpoint | None
    ) -> None:
        for _ in range(5):
            targets = self._c.targets(only)
            if targets:
                op = (await client.do(Verb.DELETE, self._c.rng.choice(targets), *at)).op
                if op.ok or not await self._is_mine(client, at, mine, only):
                    self._moved = self._c.recorder.now()
                    return
            await self._c.pause(0.2)


async def index(c: Context, number: int) -> None:
    """Creates and deletes under a prefix of its own, listing it through every target in turn."""
    client = c.client("index", f"index-{number}")
    live: list[str] = []
    made = group = turn = 0
    while not c.stopping.is_set():
        targets = c.targets()
        if targets:
            if made >= 40:
                group, made, live = group + 1, 0, []
            bucket, prefix = c.buckets.turn(group), f"index/{c.scope}/{number}/{group}/"
            turn += 1
            endpoint = targets[turn % len(targets)]
            choice = c.rng.random()
            if choice < 0.45:
                made += 1
                key = f"{prefix}{made:03}"
                if (await client.do(Verb.WRITE, endpoint, bucket, key)).op.ok:
                    live.append(key)
            elif choice < 0.6 and live:
                await client.do(Verb.DELETE, endpoint, bucket, live.pop(c.rng.randrange(len(live))))
            await client.do(Verb.LIST, targets[(turn + 1) % len(targets)], bucket, prefix)
        await c.pause(0.12)


async def bulk(c: Context) -> None:
    """New objects of BULK_BYTES, through every target in turn: a store that was given no room for them by its disk
    before must ask for some.
    """
    client = c.client("bulk", "bulk")
    for number in range(BULK_OBJECTS):
        if c.stopping.is_set():
            return
        if targets := c.targets():
            bucket, endpoint = c.buckets.turn(number), targets[number % len(targets)]
            await client.do(Verb.WRITE, endpoint, bucket, f"bulk/{c.scope}/{number}", size=BULK_BYTES)
        await c.pause(0.1)


async def lists(c: Context, only: Endpoint) -> None:
    """Lists what the index clients make, through one endpoint, in service or not."""
    client, turn = c.client("index", _process("index", 0, only)), 0
    while not c.stopping.is_set():
        turn += 1
        await client.do(Verb.LIST, only, c.buckets.turn(turn), f"index/{c.scope}/")
        await c.pause(0.3)


async def write_canon(c: Context, count: int = 12) -> None:
    """The objects that are there before anything happens; retried until acknowledged, since they are the
    ground truth.
    """
    client = c.client("canon", "canon")
    for number in range(count):
        bucket, key = c.buckets.turn(number), f"canon/{c.scope}/{number}"
        op = await written(c, client, bucket, key, 800)
        if op is not None and op.value is not None:
            c.canon.append(KnownObject(bucket, key, op.value))
