"""Processes that are kept running, as an init system would, and small waits. Used inside the cluster's namespaces."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

RESTARTS = 20


@dataclass
class _Kept:
    command: Sequence[str]
    log: Path
    process: subprocess.Popen[bytes]
    restarts_left: int


class Keeper:
    """Starts processes, starts them again when they end, and reaps whatever else becomes its child."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = dict(environment)
        self._kept: list[_Kept] = []

    def start(
        self, name: str, command: Sequence[object], folder: Path, restarts: int = RESTARTS
    ) -> subprocess.Popen[bytes]:
        """Start it now; its output goes to FOLDER/NAME.log."""
        log, words = folder / f"{name}.log", [str(part) for part in command]
        kept = _Kept(words, log, self._spawn(words, log), restarts)
        self._kept.append(kept)
        return kept.process

    def run(self) -> None:
        """Keep them running. Raises RuntimeError when one ended too often."""
        while True:
            time.sleep(0.2)
            self._reap()
            for kept in self._kept:
                if kept.process.poll() is None:
                    continue
                if not kept.restarts_left:
                    raise RuntimeError(f"{kept.command[0]} ended too often, see {kept.log}")
                kept.restarts_left -= 1
                time.sleep(0.5)
                kept.process = self._spawn(kept.command, kept.log)

    def _reap(self) -> None:
        """Collect orphans. One of our own that is collected here is, for Popen, one that ended: poll says so."""
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return

    def _spawn(self, command: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            return subprocess.Popen(
                command, env=self._environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )


def ip(*words: object) -> None:
    """Run `ip`. Raises CalledProcessError."""
    subprocess.run(["ip", *map(str, words)], check=True)


def sysctl(name: str, value: int) -> None:
    """Set a kernel setting of this network namespace where the kernel has it."""
    path = Path("/proc/sys") / name
    if path.exists():
        path.write_text(str(value), encoding="ascii")


def wait_for(holds: Callable[[], bool], what: str, seconds: float = 60) -> None:
    """Wait until it holds. Raises TimeoutError that says what did not come."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.1)


def has_interface(name: str) -> bool:
    """Whether this network namespace has that interface."""
    return any(name == known for _, known in socket.if_nameindex())
