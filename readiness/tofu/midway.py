"""P2.9: an apply hit by a fault in its middle."""

from __future__ import annotations

import contextlib
import time
from contextlib import AbstractContextManager
from typing import Any

from pydantic import JsonValue

from readiness.judges.opentofu.commands import lock_id
from readiness.judges.opentofu.midway import Step
from readiness.recording import Stopped
from readiness.tofu.run import Running
from readiness.tofu.stale import began
from readiness.tofu.state import payload_chunk
from readiness.tofu.watched import Watched, digest
from readiness.tofu.workspace import TofuClient
from readiness.topology import Endpoint


def apply_through_fault(
    watched: Watched,
    name: str,
    endpoint: Endpoint,
    fault: AbstractContextManager[Any],
    *,
    hold_seconds: float = 2.0,
    fault_seconds: float = 6.0,
    settle_seconds: float = 600.0,
    megabytes: int = 0,
) -> None:
    """P2.9, once: the fault begins while an apply through `endpoint` holds the lock and has not yet written its
    state. What keeps the case from being judged is recorded, and ends it.

    `megabytes`: so much the state holds besides what is applied. `fault` is entered in the middle and must heal, wait
    until all is whole on leaving, and keep itself as an observation. It lasts until the apply has ended, at most
    `fault_seconds`; the apply then has `settle_seconds` more, for a write to a frozen node is answered only after the
    thaw. Facts: a state that cannot be written goes to `errored.tfstate` in the working directory
    (backend/local/backend_apply.go), and pushing a state that took effect after all is accepted (equal serial and
    contents). A lock that a failed apply left is freed with force-unlock: tofu cannot release a lock through an
    endpoint that is gone.
    """
    with contextlib.suppress(Stopped):
        times = (hold_seconds, fault_seconds, settle_seconds)
        _apply(watched, f"midway-{name}", endpoint, fault, times, megabytes)


def _apply(
    watched: Watched,
    key: str,
    endpoint: Endpoint,
    fault: AbstractContextManager[Any],
    times: tuple[float, float, float],
    megabytes: int,
) -> None:
    hold_seconds, fault_seconds, settle_seconds = times
    env = watched.env
    client = watched.client(key, endpoint)
    payload = {"payload_mb": megabytes, "payload_seed": key}
    watched.prepared(client.apply({"revision": 1, **payload}))
    if not watched.state(Step.BEFORE, key, endpoint).ok:
        return
    log = client.folder / "hold.log"
    members: dict[str, JsonValue] = {"hit": key}
    settled: dict[str, object] = {"revision": 2, "members": members, **payload}
    running = client.start_apply({**settled, "hold_log": str(log), "hold_seconds": hold_seconds})
    if not began(log, running, env.tools.limit):
        watched.ran(Step.HIT, client.finish(running, 0.1), {"middle": False})
        return
    _hit(watched, client, running, fault, fault_seconds)
    run = client.finish(running, settle_seconds)
    errored = client.errored.exists()
    kept: dict[str, JsonValue] = {"middle": True, "errored": errored, "settle": settle_seconds}
    if not watched.ran(Step.HIT, run, kept).answered:
        return
    # Free the lock that the failed apply could not release. Nobody else works on this state.
    if shown := lock_id(watched.lock(Step.LEFT, key, env.entry)):
        watched.prepared(client.force_unlock(shown))
    if errored and not _pushed(watched, client):
        return
    whole = digest({f"{chunk:02d}": payload_chunk(key, chunk) for chunk in range(megabytes)})
    for one in env.endpoints:
        watched.state(Step.STATE, key, one, revision=2, members=members, payload=whole)
        watched.ran(Step.PLAN, watched.client(key, one).plan(settled))


def _hit(
    watched: Watched,
    client: TofuClient,
    running: Running,
    fault: AbstractContextManager[Any],
    seconds: float,
) -> None:
    """Do the fault now, and heal it once the apply has ended or the seconds are over."""
    clock = watched.env.tools.clock
    try:
        with fault:
            hit = clock()
            while running.alive and clock() - hit < seconds:
                time.sleep(0.05)
    except BaseException:
        client.finish(running, 1)
        raise


def _pushed(watched: Watched, client: TofuClient) -> bool:
    client.errored.chmod(0o600)
    push = client.state_push(client.errored)
    client.errored.unlink()
    return watched.ran(Step.PUSH, push).ok
