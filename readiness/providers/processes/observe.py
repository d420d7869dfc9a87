"""Evidence from the outside that a fault really happened, never the assumption that a signal did its work."""

from __future__ import annotations

import time

from readiness.providers.supervisor import linux
from readiness.providers.supervisor.client import Revived, Status
from readiness.topology import Proof

SETTLE_SECONDS = 2.0


def killed(name: str, before: Status, after: Status | None) -> Proof:
    """The same process was reaped, and a SIGKILL ended it."""
    if after is None or after.pid != before.pid or after.running:
        return Proof(False, f"{name}: process {before.pid} still runs")
    gone = linux.stat(before.pid)
    fired = after.ended == -9 and (gone is None or gone.start != before.ticks)
    return Proof(fired, f"{name}: process {before.pid} was reaped, ended by {_ending(after.ended)}")


def replaced(name: str, before: Status, stopped: Status | None, after: Status) -> Proof:
    """The old process is gone and a new one, started later, is there."""
    gone = linux.stat(before.pid)
    away = stopped is not None and not stopped.running and (gone is None or gone.start != before.ticks)
    fired = away and after.running and (after.pid, after.ticks) != (before.pid, before.ticks)
    ending = _ending(stopped.ended) if stopped else "nothing"
    return Proof(fired, f"{name}: process {before.pid} ended by {ending}, replaced by process {after.pid}")


def frozen(name: str, group: int) -> Proof:
    """Every thread of every process of the group is stopped; waits a moment for it."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        states = group_states(group)
        living = {pid: letters for pid, letters in states.items() if letters not in ("", "Z")}
        if living and all(set(letters) == {"T"} for letters in living.values()):
            threads = sum(map(len, living.values()))
            return Proof(True, f"{name}: state T in {threads} threads of {len(living)} processes ({group})")
        if time.monotonic() > deadline:
            return Proof(False, f"{name}: not stopped, states are {states}")
        time.sleep(0.01)


def group_states(group: int) -> dict[int, str]:
    """The state letters of the threads of each process of a process group."""
    members = [process.pid for process in linux.all_processes() if process.group == group]
    return {pid: "".join(linux.thread_states(pid)) for pid in members}


def power_cut(node: str, error: str | None, disk: Revived, *, dead: bool) -> Proof:
    """Its processes are gone, its disk was shut down (`error` of a write after that), and mounted again it has what was
    synced and not what was never synced.
    """
    lost = "is gone" if disk.unsynced == 0 else f"is there ({disk.unsynced} bytes)"
    seen = (
        f"its processes {'were killed' if dead else 'still run'}",
        f"a write to its disk got {error or 'through'}",
        f"mounted again, its journal {'was' if disk.recovered else 'was not'} to be replayed",
        f"what was never synced {lost}",
        f"what was synced is {'there' if disk.kept else 'gone'}",
    )
    fired = dead and error == "EIO" and disk.recovered and disk.kept and disk.unsynced == 0
    return Proof(fired, f"{node}: {', '.join(seen)}")


def ended(name: str, after: Status | None, how: str) -> Proof:
    """There is no such process."""
    ending = after.ended if after else "it never ran"
    return Proof(after is not None and not after.running, f"{name} ended {how} ({ending})")


def _ending(code: int | None) -> str:
    if code is None:
        return "nothing yet"
    return f"signal {-code}" if code < 0 else f"exit code {code}"
