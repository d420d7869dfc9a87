"""The load as one object for a scenario: begin, let it run, stop, read everything back."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from readiness.errors import Unjudged
from readiness.history import READS, WRITES, Op, Outcome, Verb
from readiness.judges.large import SIZES
from readiness.load.context import Context, KnownObject
from readiness.load.large import large
from readiness.load.older import older, read_older, write_older
from readiness.load.probes import INTERVAL, PROBED, probe, sweep
from readiness.load.workloads import (
    LOCK_CLIENTS,
    REGISTER_CLIENTS,
    Locks,
    Registers,
    bulk,
    index,
    lists,
    races,
    write_canon,
)
from readiness.topology import Endpoint

T = TypeVar("T")
GRACE = 30.0
"""Seconds that a load has to end in once its time is over."""
INSISTING_REGISTERS, INSISTING_LOCKS = 3, 2
_Job = tuple[Endpoint, str, str]


@dataclass(frozen=True)
class Contended:
    """The keys that several clients share."""

    registers: Registers
    locks: Locks


class LoopThread:
    """An asyncio loop in a thread of its own, so that blocking fault verbs never delay a probe."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="load", daemon=True)
        self._thread.start()

    def call(self, work: Coroutine[Any, Any, T], seconds: float = 120) -> T:
        """Run a coroutine to its end there and return its result. Raises what it raises; TimeoutError when it
        is not done in time: it was cancelled then, and has ended. It is cancelled, too, when the wait is interrupted.
        """
        running = asyncio.run_coroutine_threadsafe(_within(seconds, work), self._loop)
        try:
            return running.result(seconds + GRACE)
        except TimeoutError:
            if not running.done():
                raise TimeoutError(f"the load went on for {GRACE:g} s after its {seconds:g} s") from None
            raise
        finally:
            running.cancel()

    def close(self) -> None:
        """Stop the loop."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)
        if not self._thread.is_alive():
            self._loop.close()


async def _within(seconds: float, work: Coroutine[Any, Any, T]) -> T:
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            return await work
    except TimeoutError:
        if limit.expired():
            raise TimeoutError(f"the load was not done within {seconds:g} s") from None
        raise


async def begin(c: Context) -> Contended:
    """Write the canon, then start every workload, probe and sweeper. Returns what further clients may contend for."""
    await write_canon(c)
    await write_older(c)
    registers, locks = Registers(c), Locks(c)
    for number in range(REGISTER_CLIENTS):
        c.spawn(registers.run(number))
    for number in range(LOCK_CLIENTS):
        c.spawn(locks.run(number))
    for number in range(2):
        c.spawn(index(c, number))
    c.spawn(races(c))
    for kind in SIZES:
        c.spawn(large(c, kind))
    c.spawn(older(c))
    streams = [(endpoint, verb) for endpoint in c.topology.all_endpoints() for verb in PROBED]
    for number, (endpoint, verb) in enumerate(streams):
        c.spawn(probe(c, endpoint, verb, phase=INTERVAL * number / len(streams)))
    for endpoint in c.topology.all_endpoints():
        c.spawn(sweep(c, endpoint))
    return Contended(registers, locks)


async def insist(c: Context, contended: Contended, endpoint: Endpoint) -> None:
    """From now on until the load stops there are clients at that endpoint, whether or not it is in service: they want
    the same keys and locks as those at the others.
    """
    for number in range(INSISTING_REGISTERS):
        c.spawn(contended.registers.run(number, endpoint))
    for number in range(INSISTING_LOCKS):
        c.spawn(contended.locks.run(number, endpoint))
    c.spawn(lists(c, endpoint))


async def last_write(c: Context, *, again: bool) -> None:
    """Nothing but one write, acknowledged, of an object of its own: of a new one, or (`again`) of one that was written
    before it. Every later read of the load is of it or of the canon. Raises Unjudged where it is not acknowledged.
    """
    client = c.client("last", "last")
    targets = c.targets()
    key = f"last/{c.scope}/state"
    for _ in range(2 if again else 1):
        if not targets:
            raise Unjudged("no endpoint was in service for the last write before the fault")
        done = await client.do(Verb.WRITE, targets[-1], c.buckets.versioned, key, size=800)
        if not done.op.acknowledged or done.op.value is None:
            raise Unjudged(f"the last write before the fault was not acknowledged: HTTP {done.op.status}")
        c.recent.clear()
        c.recent.append(KnownObject(c.buckets.versioned, key, done.op.value))


async def keep_recent(c: Context) -> None:
    """What was acknowledged last belongs to the canon from now on: probes and sweepers go on reading it."""
    known = set(c.canon)
    c.canon += [each for each in c.recent if each not in known]


async def only_read(c: Context) -> None:
    """After `end`: probes and sweepers that read, and no workload that writes."""
    c.stopping.clear()
    streams = [(e, verb) for e in c.topology.all_endpoints() for verb in PROBED if verb in READS]
    for number, (endpoint, verb) in enumerate(streams):
        c.spawn(probe(c, endpoint, verb, phase=INTERVAL * number / len(streams)))
    for endpoint in c.topology.all_endpoints():
        c.spawn(sweep(c, endpoint))


async def write_bulk(c: Context) -> None:
    """From now on bodies of 1 MiB are written too, until there are enough to need new space on every disk."""
    c.spawn(bulk(c))


async def burst(c: Context, seconds: float) -> None:
    """Let the sweepers read fast for that long from now."""
    c.burst_until = c.recorder.now() + seconds


async def end(c: Context) -> None:
    """Stop: every operation under way still ends by itself and is recorded. Raises the first error a workload
    had.
    """
    c.stopping.set()
    errors: list[BaseException] = []
    while c.tasks:
        batch, c.tasks = c.tasks, set()
        ended = await asyncio.gather(*batch, return_exceptions=True)
        errors += [
            e for e in ended if isinstance(e, BaseException) and not isinstance(e, asyncio.CancelledError)
        ]
    if errors:
        raise errors[0]


async def final_reads(c: Context, width: int = 12) -> None:
    """Read back, through an endpoint in service, every key that may hold something; contended keys through
    every endpoint. Nothing changes any more, so that listings and previous versions are read beside them.
    """
    targets = list(c.targets())
    if not targets:
        return
    await asyncio.gather(
        _read_all(c, "final", _jobs(c, targets), width, tries=3),
        read_older(c, targets, tries=3),
        _final_lists(c, targets),
    )


async def read_back(c: Context, width: int = 12) -> None:
    """Read every key that may hold something through every node in service, while the load goes on."""
    targets = [endpoint for endpoint in c.targets() if not endpoint.is_service]
    await _read_all(c, "sweep", [(endpoint, *at) for at in _keys(c) for endpoint in targets], width, tries=1)
    await read_older(c, targets, tries=1)


async def _read_all(c: Context, workload: str, jobs: Sequence[_Job], width: int, *, tries: int) -> None:
    queue = iter(jobs)

    async def reader(number: int) -> None:
        client = c.client(workload, f"{workload}-reader-{number}")
        for endpoint, bucket, key in queue:
            for attempt in range(tries):
                if attempt:
                    await asyncio.sleep(0.3)
                if (await client.do(Verb.READ, endpoint, bucket, key)).op.ok:
                    break

    await asyncio.gather(*(reader(number) for number in range(width)))


def _keys(c: Context) -> list[tuple[str, str]]:
    """Every (bucket, key) that may hold something."""
    return sorted({(op.bucket, op.key) for op in c.recorder.history if _may_exist(op)})


def _jobs(c: Context, targets: list[Endpoint]) -> list[_Job]:
    jobs: list[_Job] = []
    for number, (bucket, key) in enumerate(_keys(c)):
        contended = key.startswith(("reg/", "canon/", "lock/", "churn/"))
        through = targets if contended else [targets[number % len(targets)]]
        jobs += [(endpoint, bucket, key) for endpoint in through]
    return jobs


async def _final_lists(c: Context, targets: list[Endpoint]) -> None:
    lister = c.client("final", "final-lister")
    parts = [part for prefix in ("canon/", "index/", "probe/") for part in _parts(c, prefix)]
    for bucket in c.buckets.every():
        for endpoint in targets:
            for part in parts:
                await lister.do(Verb.LIST, endpoint, bucket, part)


def _parts(c: Context, prefix: str) -> list[str]:
    base = f"{prefix}{c.scope}/"
    if prefix == "probe/":
        return [f"{base}{endpoint.name}/" for endpoint in c.topology.all_endpoints()]
    return [base]


def _may_exist(op: Op) -> bool:
    return op.verb in WRITES and op.outcome is not Outcome.FAIL
