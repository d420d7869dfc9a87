"""Evidence that a fault happened to a container: what the engine says of it before and after, and who answers."""

from __future__ import annotations

from datetime import datetime

from readiness.providers.containers.run import ContainerState
from readiness.providers.engine import probe
from readiness.topology import Proof

LOOK_SECONDS = 0.3
SIGKILLED = 137


def killed(name: str, before: ContainerState, after: ContainerState) -> Proof:
    """The same process is gone, and a SIGKILL ended it."""
    fired = before.up and not after.up and after.started == before.started and after.code == SIGKILLED
    return Proof(fired, f"{name}: {_brief(before)} before, {_brief(after)} after SIGKILL")


def stopped(name: str, before: ContainerState, after: ContainerState) -> Proof:
    """It ran, and the process is gone."""
    how = (
        "by SIGKILL after the time for a graceful stop was over" if after.code == SIGKILLED else "gracefully"
    )
    return Proof(before.up and not after.up, f"{name}: {_brief(before)} before, ended {how}, {_brief(after)}")


def replaced(name: str, before: ContainerState, between: ContainerState, after: ContainerState) -> Proof:
    """The process is gone, and another one, started later, is there."""
    other = (after.pid, after.started) != (before.pid, before.started)
    fired = before.up and not between.up and after.up and other
    return Proof(fired, f"{name}: {_brief(before)} before, {_brief(between)} in between, {_brief(after)} now")


def frozen(name: str, before: ContainerState, after: ContainerState, url: str | None) -> Proof:
    """The engine says that it is paused, with the same process; and no request is answered."""
    answer = ""
    fired = before.running and after.paused and after.pid == before.pid
    if fired and url is not None:
        status = probe.status(url, LOOK_SECONDS)
        fired = status is None
        answer = f"; a request got {status or f'no answer in {LOOK_SECONDS} s'}"
    return Proof(fired, f"{name}: {_brief(before)} before, {_brief(after)} after the pause{answer}")


def cut_off(silent: Proof, *, attached: bool) -> Proof:
    """Its address answers no more (`silent`), and the engine says that the node is on no network."""
    where = "a" if attached else "no"
    return Proof(
        silent.fired and not attached, f"{silent.observed}; the engine says it is on {where} network"
    )


def seconds_since(started: str, now: float) -> float | None:
    """Seconds from the engine's time stamp to `now` (seconds since the epoch); None: it is no time stamp."""
    whole, _, rest = started.partition(".")
    fraction = rest.rstrip("Z").split("+")[0].split("-")[0]
    try:
        zone = "+00:00" if started.endswith("Z") else started[-6:]
        at = datetime.fromisoformat(f"{whole.removesuffix('Z')[:19]}{zone}").timestamp()
        at += float(f"0.{fraction}") if fraction else 0.0
    except ValueError:
        return None
    return now - at


def _brief(state: ContainerState) -> str:
    if state.up:
        return f"process {state.pid} {state.status}"
    return f"{state.status} with {state.code}"
