"""Whether every lock can be taken again once all faults are over.

A store whose own lock on an object is never given back answers no write of it any more, and everything else; OpenTofu
would wait for that state for ever (rustfs#5922 is of this kind).
"""

from __future__ import annotations

import asyncio

from readiness.evidence.scenario import ScenarioRecord
from readiness.finding import Finding, proved, refuted, unknown
from readiness.history import Verb
from readiness.load.context import Context

WORKLOAD = "lock-again"
TRIES, PAUSE = 8, 0.5
"""How often a lock is tried to be taken, and seconds between."""
MOST = 40
"""The newest so many locks of a load are tried."""


async def take_again(c: Context) -> None:
    """Creates and deletes every lock object of this load once more, through every node in service in turn; a creation
    that is answered with 412 was answered.
    """
    locks = sorted({(op.bucket, op.key) for op in c.recorder.history if op.workload == "lock"})[-MOST:]
    await asyncio.gather(*(_take(c, number, *at) for number, at in enumerate(locks)))


async def _take(c: Context, number: int, bucket: str, key: str) -> None:
    client = c.client(WORKLOAD, f"{WORKLOAD}-{number}")
    for attempt in range(TRIES):
        targets = c.targets()
        if targets:
            endpoint = targets[(number + attempt) % len(targets)]
            done = (await client.do(Verb.CREATE, endpoint, bucket, key)).op
            if done.acknowledged:
                await client.do(Verb.DELETE, endpoint, bucket, key)
            if done.ok:
                return
        await asyncio.sleep(PAUSE)


def locks_taken_again(record: ScenarioRecord) -> Finding:
    """REFUTED for a lock that was never answered, while another was: a store that answers none at all is busy, or
    away.
    """
    answered: dict[tuple[str, str], bool] = {}
    tried = [op for op in record.of(WORKLOAD) if op.verb is Verb.CREATE]
    for op in tried:
        at = (op.bucket, op.key)
        answered[at] = answered.get(at, False) or op.ok
    if not any(answered.values()):
        return unknown("no lock could be tried once all faults were over")
    stuck = [at for at, ok in answered.items() if not ok]
    if not stuck:
        return proved("every lock can be taken again", len(tried))
    witness = [op for op in tried if (op.bucket, op.key) == stuck[0]]
    return refuted(
        f"{len(stuck)} of {len(answered)} locks cannot be taken any more, though all faults are over: "
        f"{stuck[0][1]} was never answered in {len(witness)} tries ({witness[-1].error})",
        witness=witness,
        observations=len(tried),
    )
