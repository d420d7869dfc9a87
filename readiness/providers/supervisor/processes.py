"""The processes of a run, below the supervisor: started, signalled, adopted, reaped, and killed at the end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from typing import Any

from readiness.providers.supervisor import linux

Request = Mapping[str, Any]
END_SECONDS = 10.0


class _Child:
    """One process that was spawned, and how it ended (None: it runs)."""

    def __init__(self, popen: subprocess.Popen[bytes], started: float) -> None:
        self.popen = popen  # kept: Popen must never reap by itself
        self.started = started
        self.ticks = found.start if (found := linux.stat(popen.pid)) else 0
        self.ended: int | None = None


class Processes:
    """Those that were spawned, by name, and those of someone else that must not outlive the run. Nothing here blocks,
    except `kill_everything`.
    """

    def __init__(self) -> None:
        self._children: dict[str, _Child] = {}
        self._replaced: list[_Child] = []
        self._adopted: dict[int, int] = {}

    def spawn(self, request: Request, namespace: int | None) -> dict[str, object]:
        """Start the process that is asked for, in that network namespace (an open file). Raises RuntimeError if one of
        its name runs, and OSError.
        """
        name: str = request["name"]
        earlier = self._children.get(name)
        if earlier is not None:
            if earlier.ended is None:
                raise RuntimeError(f"{name} runs already")
            self._replaced.append(earlier)
        me = os.getpid()

        def prepare() -> None:
            linux.die_with_parent(signal.SIGKILL)
            if os.getppid() != me:
                os._exit(125)
            if namespace is not None:
                linux.enter_network(namespace)

        log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            started = time.monotonic()
            popen = subprocess.Popen(
                request["argv"],
                env=request["env"],
                cwd=request["cwd"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=prepare,  # there is one thread
                process_group=0,
            )
        finally:
            os.close(log)
        self._children[name] = _Child(popen, started)
        return self._status_of(name)

    def signal(self, name: str, number: int, *, group: bool) -> bool:
        """Signal the process group of a child, or the child alone. False: it has ended."""
        child = self._children.get(name)
        if child is None or child.ended is not None:
            return False
        send = os.killpg if group else os.kill
        with contextlib.suppress(ProcessLookupError):
            send(child.popen.pid, number)  # not reaped yet, so the number is still its own
        return True

    def status(self) -> dict[str, object]:
        """How each of them is now, by name."""
        return {name: self._status_of(name) for name in self._children}

    def _status_of(self, name: str) -> dict[str, object]:
        child = self._children[name]
        pid, ticks = child.popen.pid, child.ticks
        return {"pid": pid, "ticks": ticks, "started": child.started, "ended": child.ended}

    def adopt(self, pid: int) -> None:
        """A process of someone else that is to be killed at the end, unless it is released before."""
        found = linux.stat(pid)
        if found is not None:
            self._adopted[found.pid] = found.start

    def release(self, pid: int) -> None:
        """An adopted process has been waited for."""
        self._adopted.pop(pid, None)

    def reap(self) -> None:
        """Collect what has ended, orphans too."""
        by_pid = {child.popen.pid: child for child in self._children.values() if child.ended is None}
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return
                if child := by_pid.get(pid):
                    child.ended = child.popen.returncode = os.waitstatus_to_exitcode(status)

    def kill_everything(self) -> None:
        """Kill the adopted ones and all that is below this process, within END_SECONDS."""
        for pid, start in self._adopted.items():
            found = linux.stat(pid)
            if found is not None and found.start == start:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    (os.killpg if found.group == pid else os.kill)(pid, signal.SIGKILL)
        self._adopted.clear()
        deadline = time.monotonic() + END_SECONDS
        while below := _descendants(os.getpid()):
            for pid in below:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)  # a stopped process dies of it too
            self.reap()
            if time.monotonic() > deadline:
                return
            time.sleep(0.01)


def _descendants(root: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for process in linux.all_processes():
        children.setdefault(process.parent, []).append(process.pid)
    found: list[int] = []
    front = [root]
    while front:
        front = [pid for parent in front for pid in children.get(parent, [])]
        found += front
    return found
