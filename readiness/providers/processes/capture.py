"""Failure capture: what can be read of the processes, by reading only, and without secrets."""

from __future__ import annotations

import time
from collections.abc import Mapping

from readiness.providers.engine.record import Record
from readiness.providers.processes import observe
from readiness.providers.processes.deployment import Deployment
from readiness.providers.supervisor.client import Status

LINES = 50


def capture(deployment: Deployment, record: Record) -> Mapping[str, str]:
    """A line on each process, and the tail of each log."""
    record.read("status", "all processes")
    statuses = deployment.supervised.statuses()
    found = {"processes.txt": "\n".join(_line(name, status) for name, status in statuses.items())}
    for name in statuses:
        record.read("log", name)
        found[f"{name}.log"] = deployment.log_tail(name, LINES)
    return found


def _line(name: str, status: Status) -> str:
    if not status.running:
        return f"{name} pid {status.pid} ended {status.ended}"
    states = "".join(sorted(set("".join(observe.group_states(status.pid).values()))))
    return f"{name} pid {status.pid} running, states {states}, up {time.monotonic() - status.started:.1f} s"
