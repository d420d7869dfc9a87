"""P2.8: real concurrent applies through different endpoints, with and without a fault."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from readiness.evidence.observation import PROVIDER, Observation
from readiness.judges.opentofu.commands import lock_id, result
from readiness.judges.opentofu.contention import Step
from readiness.judges.opentofu.holds import holds
from readiness.recording import Stopped
from readiness.tofu.watched import Watched
from readiness.tofu.workspace import TofuClient
from readiness.topology import Endpoint

TRIES = 4  # of one member; a lock that vanished between PUT and GET is tried again at once
MOST_ROUNDS = 40


@dataclass
class _Contention:
    watched: Watched
    log: Path
    hold_seconds: float
    lock_timeout: float
    limit: float
    attempts: list[Observation] = field(default_factory=list)

    def add(self, client: TofuClient, member: str) -> bool:
        """Add one member: only this resource is targeted, so that what other clients added stays (`-target`
        leaves it alone).
        """
        variables = {
            "members": {member: member},
            "hold_seconds": self.hold_seconds,
            "hold_log": str(self.log),
        }
        target = f'terraform_data.member["{member}"]'
        for _ in range(TRIES):
            run = client.apply(variables, targets=[target], lock_timeout=self.lock_timeout, limit=self.limit)
            one = self.watched.ran(Step.APPLY, run, member=member)
            self.attempts.append(one)
            client.errored.unlink(missing_ok=True)
            if run.ok or not result(one).get("vanished"):
                return run.ok
        return False

    def held(self) -> list[JsonValue]:
        """What the provisioners of the applies noted."""
        noted = holds(self.log.read_text(encoding="utf-8")) if self.log.exists() else []
        return [[hold.member, hold.begin, hold.end] for hold in noted]


def concurrent_applies(
    watched: Watched,
    name: str,
    *,
    fault: AbstractContextManager[Any] | None = None,
    through: Sequence[Endpoint] | None = None,
    clients: int | None = None,
    rounds: int = 2,
    hold_seconds: float = 0.3,
    lock_timeout: float = 60.0,
    fault_seconds: float = 6.0,
    limit: float = 120.0,
) -> None:
    """P2.8 and P2.14, once: real `tofu apply` processes contend for one state, each through its own endpoint, each
    adding members of its own. What keeps the case from being judged is recorded, and ends it. `through`: the endpoints,
    one client each; by default all, and at least three clients.

    Design: an ordinary apply removes what its configuration does not name, so each client names only its member
    and targets it. Every apply is then a read-modify-write of the whole state that keeps the others' members, and
    a lost update is a missing member, or a serial that advanced too little. While an apply holds the lock, its
    provisioner notes begin and end: two such intervals that overlap are two holders.

    With a `fault` (a context manager that does it, heals and waits on leaving, and keeps itself as an observation),
    clients go on until it has been healed, and one round more. A client cut off from its endpoint can leave its lock
    behind; that blocks everybody, which is safe. Once all clients have ended it is freed with force-unlock (recorded),
    and every client adds one more member, which shows that the state goes on.
    """
    with contextlib.suppress(Stopped):
        env, key = watched.env, f"contended-{name}"
        amount = len(through) if through else max(clients or 0, len(env.endpoints), 3)
        wanted = through or env.endpoints
        endpoints = [wanted[at % len(wanted)] for at in range(amount)]
        workers = [watched.made(f"{key}-{at}", endpoint, key) for at, endpoint in enumerate(endpoints)]
        watched.prepared(workers[0].apply())
        before = watched.state(Step.BEFORE, key, env.entry, clients=amount, fault=fault is not None)
        if not before.ok:
            return
        contention = _Contention(watched, workers[0].folder / "hold.log", hold_seconds, lock_timeout, limit)
        try:
            _contend(contention, workers, rounds, fault, fault_seconds)
            _after(watched, key, contention, workers)
        finally:
            held: JsonValue = {"holds": contention.held()}
            now = watched.see.subject.now()
            watched.see.keep(Step.HOLDS, "", PROVIDER, now, "ok", result=held, asked={"case": watched.case})


def _contend(
    contention: _Contention,
    workers: list[TofuClient],
    rounds: int,
    fault: AbstractContextManager[Any] | None,
    fault_seconds: float,
) -> None:
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
            if fault is not None:
                _do(fault, fault_seconds, contention)
        finally:
            over.set()
        for job in jobs:
            job.result()


def _do(fault: AbstractContextManager[Any], seconds: float, contention: _Contention) -> None:
    """Do the fault once the applies are under way."""
    deadline = time.monotonic() + contention.limit
    while not contention.attempts and time.monotonic() < deadline:
        time.sleep(0.05)
    with fault:
        time.sleep(seconds)


def _after(watched: Watched, key: str, contention: _Contention, workers: list[TofuClient]) -> None:
    left = lock_id(watched.lock(Step.LEFT, key, watched.env.entry))
    if left:
        watched.prepared(workers[0].force_unlock(left))
        for at, worker in enumerate(workers):
            contention.add(worker, f"c{at}-freed")
    for endpoint in watched.env.endpoints:
        watched.state(Step.STATE, key, endpoint)
    for endpoint in watched.env.endpoints:
        watched.lock(Step.LOCK, key, endpoint)
