"""P2.8: real concurrent applies through different endpoints, with and without a fault."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from readiness.finding import Finding, unknown
from readiness.tofu.contention import Attempt, Contest, Hold, gaps, holds, judge
from readiness.tofu.env import Disposable, judgement, ready
from readiness.tofu.locks import Lock, vanished
from readiness.tofu.workspace import Client
from readiness.topology import Endpoint

TRIES = 4  # of one member; a lock that vanished between PUT and GET is tried again at once
MOST_ROUNDS = 40


@dataclass
class _Contention:
    env: Disposable
    key: str
    log: Path
    hold_seconds: float
    lock_timeout: float
    limit: float
    attempts: list[Attempt] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, client: Client, member: str) -> bool:
        """Add one member: only this resource is targeted, so that what other clients added stays (`-target`
        leaves it alone)."""
        variables = {
            "members": {member: member},
            "hold_seconds": self.hold_seconds,
            "hold_log": str(self.log),
        }
        target = f'terraform_data.member["{member}"]'
        for _ in range(TRIES):
            run = client.apply(variables, targets=[target], lock_timeout=self.lock_timeout, limit=self.limit)
            with self.lock:
                self.attempts.append(Attempt(member, run))
            client.errored.unlink(missing_ok=True)
            if run.ok or not vanished(run):
                return run.ok
        return False


@judgement
def concurrent_applies(
    env: Disposable,
    name: str,
    *,
    fault: AbstractContextManager[Any] | None = None,
    clients: int | None = None,
    rounds: int = 2,
    hold_seconds: float = 0.3,
    lock_timeout: float = 60.0,
    fault_seconds: float = 6.0,
    limit: float = 120.0,
) -> Finding:
    """P2.8, once: real `tofu apply` processes contend for one state, each through its own endpoint, each adding
    members of its own.

    Design: an ordinary apply removes what its configuration does not name, so each client names only its member
    and targets it. Every apply is then a read-modify-write of the whole state that keeps the others' members, and
    a lost update is a missing member, or a serial that advanced too little. While an apply holds the lock, its
    provisioner notes begin and end: two such intervals that overlap are two holders.

    With a `fault` (a context manager that does it, and heals and waits on leaving), clients go on until it has
    been healed, and one round more. A client cut off from its endpoint can leave its lock behind; that blocks
    everybody, which is safe. Once all clients have ended it is freed with force-unlock (recorded), and every
    client adds one more member, which shows that the state goes on.
    """
    seen = env.seen()
    key = f"contended-{name}"
    endpoints = [
        env.endpoints[at % len(env.endpoints)] for at in range(max(clients or 0, len(env.endpoints), 3))
    ]
    workers = [_ready(env, f"{key}-{at}", endpoint, key) for at, endpoint in enumerate(endpoints)]
    ready(workers[0].apply())
    before = env.snapshot(key, env.entry)
    if before is None:
        return unknown("the first state was not there")
    contention = _Contention(env, key, workers[0].folder / "hold.log", hold_seconds, lock_timeout, limit)
    over = threading.Event()

    def work(at: int) -> None:
        done = 0
        while done < MOST_ROUNDS and (done < rounds or not over.is_set()):
            contention.add(workers[at], f"c{at}-r{done}")
            done += 1
        if fault is not None:
            contention.add(workers[at], f"c{at}-last")

    with ThreadPoolExecutor(len(workers)) as pool:
        jobs = [pool.submit(work, at) for at in range(len(workers))]
        try:
            window = _do(env, fault, fault_seconds, contention)
        finally:
            over.set()
        for job in jobs:
            job.result()
    left = env.lock(key, env.entry)
    if left is not None:
        ready(workers[0].force_unlock(left.id))
        for at, worker in enumerate(workers):
            contention.add(worker, f"c{at}-freed")
    return judge(_outcome(env, key, contention, left, before.serial, window, len(workers), seen.count))


def _ready(env: Disposable, name: str, endpoint: Endpoint, key: str) -> Client:
    client = env.make(name, endpoint, key)
    ready(client.init())
    return client


def _do(
    env: Disposable, fault: AbstractContextManager[Any] | None, seconds: float, contention: _Contention
) -> tuple[float, float] | None:
    """Do the fault once the applies are under way; returns when it was, on the run's clock."""
    if fault is None:
        return None
    deadline = time.monotonic() + contention.limit
    while not contention.attempts and time.monotonic() < deadline:
        time.sleep(0.05)
    with fault:
        began = env.tools.clock()
        time.sleep(seconds)
    return began, env.tools.clock()


def _outcome(
    env: Disposable,
    key: str,
    contention: _Contention,
    left: Lock | None,
    serial: int,
    window: tuple[float, float] | None,
    least: int,
    observations: int,
) -> Contest:
    snapshots = {endpoint.name: env.snapshot(key, endpoint) for endpoint in env.endpoints}
    intervals: list[Hold] = (
        holds(contention.log.read_text(encoding="utf-8")) if contention.log.exists() else []
    )
    measured: dict[str, float | int | str | bool | None] = {}
    if between := gaps(intervals):
        measured["between_holders_least_s"] = round(min(between), 3)
    if window:
        runs = [attempt.run for attempt in contention.attempts]
        measured["applies_acknowledged_during_the_fault"] = sum(
            1 for run in runs if run.ok and window[0] <= run.ended <= window[1]
        )
    return Contest(
        attempts=tuple(contention.attempts),
        holds=tuple(intervals),
        serial_before=serial,
        serials={name: snapshot.serial if snapshot else 0 for name, snapshot in snapshots.items()},
        present={
            name: frozenset(snapshot.inputs("member")) if snapshot else frozenset()
            for name, snapshot in snapshots.items()
        },
        left=left,
        lock_after=tuple(endpoint.name for endpoint in env.endpoints if env.lock(key, endpoint)),
        least=least,
        calm=window is None,
        observations=observations,
        measured=measured,
    )
