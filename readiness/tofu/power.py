"""P2.13: an apply that is acknowledged just before the power of all nodes is cut."""

from __future__ import annotations

import contextlib
import time
from contextlib import AbstractContextManager
from typing import Any

from pydantic import JsonValue

from readiness.judges.opentofu.power import Step
from readiness.recording import Stopped
from readiness.tofu.watched import Watched


def apply_then_power_cut(
    watched: Watched,
    name: str,
    fault: AbstractContextManager[Any],
    *,
    earlier: bool,
    quiet_seconds: float = 1.5,
) -> None:
    """P2.13, once: the apply ends as success, nothing is asked for a moment, then `fault` is entered, which cuts the
    power and on leaving waits until all is whole. `earlier`: the state was there before the apply. What keeps the case
    from being judged is recorded, and ends it.

    An apply ends with the PUT of the state and the DELETE of its lock: on a store that does not sync, these are the
    first to be lost. Nothing else may be written in between.
    """
    with contextlib.suppress(Stopped):
        _apply(watched, f"power-{name}", fault, earlier=earlier, quiet_seconds=quiet_seconds)


def _apply(
    watched: Watched, key: str, fault: AbstractContextManager[Any], *, earlier: bool, quiet_seconds: float
) -> None:
    env = watched.env
    client = watched.client(key, env.entry)
    if earlier:
        watched.prepared(client.apply({"revision": 1}))
    members: dict[str, JsonValue] = {"kept": key}
    wanted: dict[str, object] = {"revision": 2, "members": members}
    if not watched.ran(Step.APPLY, client.apply(wanted)).ok:
        return
    watched.state(Step.BEFORE, key, env.entry)
    watched.lock(Step.RELEASED, key, env.entry)
    time.sleep(quiet_seconds)
    with fault:
        pass
    for one in env.endpoints:
        watched.state(Step.STATE, key, one, revision=2, members=members)
        watched.lock(Step.LOCK, key, one)
        watched.ran(Step.PLAN, watched.client(key, one).plan(wanted))
