"""Whether the process of another run still lives: a process id alone does not show that, since ids are used again."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path

from readiness.providers.supervisor import linux


@dataclass(frozen=True)
class Process:
    """One process. `start`: clock ticks since the boot. `space`: that boot, and the namespace of its number."""

    host: str
    space: str
    pid: int
    start: int

    @property
    def text(self) -> str:
        """The process as it is kept."""
        return f"{self.host} {self.space} {self.pid} {self.start}"

    @classmethod
    def of_text(cls, text: str) -> Process | None:
        """What `text` gave; None for anything else."""
        try:
            host, space, pid, start = text.split(" ")
            return cls(host, space, int(pid), int(start))
        except ValueError:
            return None

    @property
    def lives(self) -> bool:
        """Whether it is there now. False, too, where that cannot be seen from here: see `elsewhere`."""
        found = linux.stat(self.pid) if self.space == _space() else None
        return found is not None and found.start == self.start and found.state not in "ZX"

    @property
    def elsewhere(self) -> bool:
        """Whether it is (or was) on another machine or in another container, where it cannot be seen from here."""
        return self.host != platform.node()


def this_process() -> Process:
    """The process that asks."""
    found = linux.stat(os.getpid())
    return Process(platform.node() or "unknown", _space(), os.getpid(), found.start if found else 0)


def _space() -> str:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        return f"{boot}/{Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return "unknown"
