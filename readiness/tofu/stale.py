"""P2.10: a lock left by a killed client is visible everywhere, and force-unlock frees it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from readiness.judges.opentofu.commands import lock_id
from readiness.judges.opentofu.stale import Step
from readiness.recording import Recording
from readiness.subject import Subject
from readiness.tofu.env import Disposable
from readiness.tofu.run import Running
from readiness.tofu.watched import Watched

KEY = "stale"


def stale_lock(_subject: Subject, see: Recording, env: Disposable) -> None:
    """P2.10: an apply killed (SIGKILL) while it holds the lock leaves a lock that every endpoint shows and every
    tofu respects.

    Then `force-unlock` with another ID is refused, with the shown ID it frees the state through every endpoint,
    and the same apply works. The killed apply's own change was not written: the serial is as before.
    """
    watched = Watched(env, see)
    client = watched.client(KEY, env.entry)
    watched.prepared(client.apply({"revision": 1}))
    watched.state(Step.BEFORE, KEY, env.entry)
    log = client.folder / "hold.log"
    member = {"revision": 1, "members": {"killed": "1"}, "hold_log": str(log)}
    running = client.start_apply({**member, "hold_seconds": 30})
    if not began(log, running, env.tools.limit):
        watched.ran(Step.KILLED, client.finish(running, 0.1), {"middle": False})
        return
    watched.ran(Step.KILLED, env.tools.record(running.kill()), {"middle": True})
    held = [watched.lock(Step.HELD, KEY, endpoint) for endpoint in env.endpoints]
    ids = {shown for one in held if (shown := lock_id(one))}
    if len(ids) != 1:
        return
    for endpoint in env.endpoints:
        watched.ran(Step.STOPPED, watched.client(KEY, endpoint).plan({"revision": 1}))
    _free(watched, ids.pop())
    watched.state(Step.AFTER, KEY, env.entry)
    watched.ran(Step.APPLY, client.apply(member))
    watched.ran(Step.PLAN, client.plan(member))


def _free(watched: Watched, held: str) -> None:
    env = watched.env
    wrong = watched.client(KEY, env.entry).force_unlock("00000000-0000-0000-0000-000000000000")
    watched.ran(Step.WRONG_ID, wrong)
    watched.lock(Step.STILL_HELD, KEY, env.entry)
    other = watched.client(KEY, (env.others(env.entry) or (env.entry,))[0])
    watched.ran(Step.FREE, other.force_unlock(held))
    for endpoint in env.endpoints:
        watched.lock(Step.FREED, KEY, endpoint)


def began(log: Path, running: Running, limit: float, pause: Callable[[float], None] = time.sleep) -> bool:
    """Wait until the apply is in its middle: its provisioner has begun, so that it holds the lock and has not
    written.
    """
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        if log.exists() and " begin " in log.read_text(encoding="utf-8"):
            return True
        if not running.alive:
            return False
        pause(0.02)
    return False
