"""What every workload shares: where it may send, what is known to be acknowledged, when to stop."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from readiness.evidence.folder import Recorder
from readiness.load.operations import Client
from readiness.load.service import ServiceWatch
from readiness.s3.wire import Wire
from readiness.topology import Endpoint, Topology


@dataclass(frozen=True)
class Buckets:
    """The scratch buckets of the run. `suspended` kept versions once, and its versioning is suspended; None: the
    candidate has no such bucket to show for.
    """

    plain: str
    versioned: str
    refused: Mapping[str, str] = field(default_factory=dict)
    """By bucket, the answer of a store that would not enable or suspend its versioning."""
    suspended: str | None = None
    another: Callable[[], str] | None = None
    """Makes one more, without versioning, which is removed like the others. Raises UsageError. None: none may be made.
    """

    def every(self) -> tuple[str, ...]:
        """Plain first."""
        return (self.plain, self.versioned, *([self.suspended] if self.suspended else ()))

    def turn(self, number: int) -> str:
        """One of them, each in its turn."""
        buckets = self.every()
        return buckets[number % len(buckets)]


@dataclass(frozen=True)
class KnownObject:
    """An object that the store has acknowledged and that nobody will change or delete."""

    bucket: str
    key: str
    value: str


@dataclass(frozen=True)
class KnownVersion(KnownObject):
    """A version of an object that the store has acknowledged and that nobody will remove. `previous`: it is not the
    newest, or a delete marker hides it.
    """

    version: str
    previous: bool


@dataclass
class Context:
    """One scenario's load. `canon` and the versions of `older` were written before the fault; `recent` keeps the last
    objects acknowledged meanwhile. `faults_held`: how many faults have fired and are not being healed.
    """

    scope: str
    topology: Topology
    wires: dict[str, Wire]
    watch: ServiceWatch
    recorder: Recorder
    buckets: Buckets
    rng: random.Random
    response_seconds: float
    canon: list[KnownObject] = field(default_factory=list)
    older: list[KnownVersion] = field(default_factory=list)
    recent: deque[KnownObject] = field(default_factory=lambda: deque(maxlen=60))
    burst_until: float = 0.0
    faults_held: int = 0
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    tasks: set[asyncio.Task[Any]] = field(default_factory=set)

    def client(self, workload: str, process: str) -> Client:
        """A new client of this load."""
        return Client(workload, process, self.wires, self.watch, self.recorder, self.response_seconds)

    def targets(self, only: Endpoint | None = None) -> Sequence[Endpoint]:
        """Endpoints that a client may be sent to now. `only`: one that it goes to whether or not it is in service."""
        if only is not None:
            return [only]
        return [endpoint for endpoint in self.topology.all_endpoints() if self.watch.in_service(endpoint)]

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run work until the load ends; an exception in it surfaces when the load stops."""
        self.tasks.add(asyncio.get_running_loop().create_task(work))

    async def pause(self, seconds: float) -> None:
        """Sleep, or less if the load is stopping."""
        try:
            async with asyncio.timeout(seconds):
                await self.stopping.wait()
        except TimeoutError:
            pass

    def known(self, index: int) -> KnownObject | None:
        """Alternately an object from before the fault and one acknowledged during it."""
        pool: Sequence[KnownObject] = self.recent if index % 2 and self.recent else self.canon
        return pool[self.rng.randrange(len(pool))] if pool else None
