"""P2.9: an apply hit by a fault in its middle ends as success, or as a clean failure whose state can be pushed."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from typing import Any

from readiness.finding import Finding, proved, refuted, unknown
from readiness.tofu.env import Disposable, judgement, ready
from readiness.tofu.locks import refused
from readiness.tofu.run import Running
from readiness.tofu.stale import began
from readiness.tofu.workspace import Client
from readiness.topology import Endpoint


@judgement
def apply_through_fault(
    env: Disposable,
    name: str,
    endpoint: Endpoint,
    fault: AbstractContextManager[Any],
    *,
    hold_seconds: float = 2.0,
    fault_seconds: float = 6.0,
    settle_seconds: float = 90.0,
) -> Finding:
    """P2.9, once: the fault begins while an apply through `endpoint` holds the lock and has not yet written its
    state.

    `fault` is entered in the middle and must heal, and wait until all is whole, on leaving. It lasts until the
    apply has ended, at most `fault_seconds`; the apply then has `settle_seconds` more, for a write to a frozen
    node is answered only after the thaw. Facts: a state that cannot be written goes to `errored.tfstate` in the
    working directory (backend/local/backend_apply.go), and pushing a state that took effect after all is accepted
    (equal serial and contents). What is judged: the apply ended; what it acknowledged, or left in
    `errored.tfstate`, is in the state through every endpoint; lineage kept, serial advanced by the writes; the
    state is whole; no-op plan. A lock that a failed apply left is freed with force-unlock and counted: tofu
    cannot release a lock through an endpoint that is gone.
    """
    seen = env.seen()
    key = f"midway-{name}"
    client = env.client(key, endpoint)
    ready(client.apply({"revision": 1}))
    before = env.snapshot(key, endpoint)
    if before is None:
        return refuted(f"{endpoint.name} has no state after it was acknowledged", observations=seen.count)
    log = client.folder / "hold.log"
    settled = {"revision": 2, "members": {"hit": name}}
    running = client.start_apply({**settled, "hold_log": str(log), "hold_seconds": hold_seconds})
    if not began(log, running, env.tools.limit):
        run = client.finish(running, 0.1)
        return unknown(f"the apply never came to the middle, where the fault was to hit it: {run.why()}")
    _hit(env, client, running, fault, fault_seconds)
    healed = env.tools.clock()
    run = client.finish(running, settle_seconds)
    measured: dict[str, float | int | str | bool | None] = {
        f"{name}_apply_s": round(run.seconds, 1),
        f"{name}_ended": "success" if run.ok else "failure",
        f"{name}_during_fault": run.ended <= healed,
    }
    if run.code is None:
        return refuted(
            f"the apply through {endpoint.name} had not ended {settle_seconds:g} s after the fault was healed",
            observations=max(seen.count, 1),
            measured=measured,
        )
    freed = _free(env, key, client)
    measured[f"{name}_locks_freed"] = freed
    pushed = False
    if client.errored.exists():
        client.errored.chmod(0o600)
        push = client.state_push(client.errored)
        client.errored.unlink()
        measured[f"{name}_pushed"] = pushed = push.ok
        if not push.ok:
            reason = f"errored.tfstate cannot be pushed: {push.why()}"
            return refuted(reason, observations=seen.count, measured=measured)
    faults = _whole(env, key, before.lineage, before.serial, settled)
    if faults and not run.ok and not pushed:
        faults.append(f"the apply failed and left no errored.tfstate ({run.why()})")
    if faults:
        return refuted("; ".join(faults), observations=seen.count, measured=measured)
    if pushed:
        how = "failed cleanly, and its errored.tfstate was pushed"
    else:
        how = "ended as success" if run.ok else "wrote its state, and failed only to release its lock"
    return proved(f"{name}: the apply {how}", seen.count, **measured)


def _hit(
    env: Disposable, client: Client, running: Running, fault: AbstractContextManager[Any], seconds: float
) -> None:
    """Do the fault now, and heal it once the apply has ended or the seconds are over."""
    try:
        with fault:
            hit = env.tools.clock()
            while running.alive and env.tools.clock() - hit < seconds:
                time.sleep(0.05)
    except BaseException:
        client.finish(running, 1)
        raise


def _free(env: Disposable, key: str, client: Client) -> int:
    """Free the lock that the failed apply could not release. Nobody else works on this state."""
    lock = env.lock(key, env.entry)
    if lock is None:
        return 0
    ready(client.force_unlock(lock.id))
    return 1


def _whole(env: Disposable, key: str, lineage: str, serial: int, settled: dict[str, object]) -> list[str]:
    faults = []
    digests = set()
    for endpoint in env.endpoints:
        snapshot = env.snapshot(key, endpoint)
        if snapshot is None:
            faults.append(f"{endpoint.name} has no state")
            continue
        digests.add(snapshot.digest)
        if snapshot.lineage != lineage:
            faults.append(f"{endpoint.name} has another lineage")
        if snapshot.serial <= serial:
            faults.append(
                f"{endpoint.name} has serial {snapshot.serial}, which did not advance from {serial}"
            )
        if snapshot.inputs("revision") != {"": 2} or snapshot.inputs("member") != settled["members"]:
            faults.append(f"{endpoint.name} does not hold what was applied")
        plan = env.client(key, endpoint).plan(settled)
        if not plan.ok:
            held = " (locked)" if refused(plan) else ""
            faults.append(f"no-op plan through {endpoint.name}{held}: {plan.why()}")
    if len(digests) > 1:
        faults.append(f"{len(digests)} different states through {len(env.endpoints)} endpoints")
    return faults
