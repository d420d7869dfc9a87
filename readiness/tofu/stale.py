"""P2.10: a lock left by a killed client is visible everywhere, and force-unlock frees it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from readiness.finding import Finding, proved, refuted, unknown
from readiness.tofu.env import Disposable, judgement, ready
from readiness.tofu.locks import from_error, refused
from readiness.tofu.run import Running

KEY = "stale"


@judgement
def stale_lock(env: Disposable) -> Finding:
    """P2.10: an apply killed (SIGKILL) while it holds the lock leaves a lock that every endpoint shows and every
    tofu respects.

    Then `force-unlock` with another ID is refused, with the shown ID it frees the state through every endpoint,
    and the same apply works. The killed apply's own change was not written: the serial is as before.
    """
    seen = env.seen()
    client = env.client(KEY, env.entry)
    ready(client.apply({"revision": 1}))
    before = env.snapshot(KEY, env.entry)
    log = client.folder / "hold.log"
    member = {"revision": 1, "members": {"killed": "1"}, "hold_log": str(log)}
    running = client.start_apply({**member, "hold_seconds": 30})
    if not began(log, running, env.tools.limit):
        client.finish(running, 0.1)
        return unknown("the apply never came to the middle, where it was to be killed")
    env.tools.record(running.kill())

    held = {endpoint.name: env.lock(KEY, endpoint) for endpoint in env.endpoints}
    ids = {lock.id for lock in held.values() if lock}
    faults = [f"{name} does not show the lock" for name, lock in held.items() if lock is None]
    if len(ids) != 1:
        faults.append(f"the endpoints show {len(ids)} lock IDs")
        return refuted("; ".join(faults), observations=seen.count)
    lock_id = ids.pop()
    faults += _stops_plans(env, lock_id)
    freeing, seconds = _free(env, lock_id)
    faults += freeing
    after = env.snapshot(KEY, env.entry)
    if before is None or after is None or (before.serial, before.digest) != (after.serial, after.digest):
        faults.append("the state changed though the killed apply never finished")
    faults += [
        f"{what}: {run.why()}"
        for what, run in (
            ("the apply after force-unlock", client.apply(member)),
            ("its plan", client.plan(member)),
        )
        if not run.ok
    ]
    if faults:
        return refuted("; ".join(faults), observations=seen.count)
    return proved(
        "a killed client's lock is shown by every endpoint, stops every plan, and force-unlock frees it",
        seen.count,
        force_unlock_s=round(seconds, 2),
    )


def _stops_plans(env: Disposable, lock_id: str) -> list[str]:
    faults = []
    for endpoint in env.endpoints:
        run = env.client(KEY, endpoint).plan({"revision": 1})
        shown = from_error(run)
        if not refused(run):
            faults.append(f"a plan through {endpoint.name} was not stopped by the lock ({run.why()})")
        elif shown is None or shown.id != lock_id:
            faults.append(f"a plan through {endpoint.name} shows another lock than the object")
    return faults


def _free(env: Disposable, lock_id: str) -> tuple[list[str], float]:
    faults = []
    wrong = env.client(KEY, env.entry).force_unlock("00000000-0000-0000-0000-000000000000")
    if wrong.ok or env.lock(KEY, env.entry) is None:
        faults.append("force-unlock with a wrong ID freed the state")
    other = env.client(KEY, (env.others(env.entry) or (env.entry,))[0])
    freed = other.force_unlock(lock_id)
    if not freed.ok:
        faults.append(f"force-unlock through {other.endpoint.name}: {freed.why()}")
    faults += [f"{e.name} still shows a lock after force-unlock" for e in env.endpoints if env.lock(KEY, e)]
    return faults, freed.seconds


def began(log: Path, running: Running, limit: float, pause: Callable[[float], None] = time.sleep) -> bool:
    """Wait until the apply is in its middle: its provisioner has begun, so that it holds the lock and has not
    written."""
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        if log.exists() and " begin " in log.read_text(encoding="utf-8"):
            return True
        if not running.alive:
            return False
        pause(0.02)
    return False
