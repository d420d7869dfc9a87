"""Whom `tofu`'s processes connect to, as this machine shows it while they run: what B.2 is judged on, too."""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

import psutil

from readiness.contacts import Address

INTERVAL = 0.1
"""Seconds between two looks at a process. A connection that is opened and closed between them is not seen; `tofu` keeps
its connections to a backend open while it runs.
"""
CHILDREN = 5
"""Every so many looks new children are looked for, which reads the whole process table."""


@dataclass
class Peers:
    """Every process that was watched, with what it was connected to. Thread-safe."""

    processes: int = 0
    looks: int = 0
    seen: Counter[Address] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def watch(self, pid: int) -> None:
        """Look at that process and its children from now on, until it has ended."""
        with self._lock:
            self.processes += 1
        threading.Thread(target=self._look, args=(pid,), daemon=True).start()

    def addresses(self) -> dict[Address, int]:
        """Each address with how many processes were connected to it."""
        with self._lock:
            return dict(self.seen)

    def _look(self, pid: int) -> None:
        found: set[Address] = set()
        children: list[psutil.Process] = []
        try:
            process = psutil.Process(pid)
            for number in itertools.count():
                if process.status() == psutil.STATUS_ZOMBIE:
                    return
                children = process.children(recursive=True) if number % CHILDREN == 0 else children
                for each in (process, *children):
                    found |= self._note(_connected(each) - found)
                time.sleep(INTERVAL)
        except psutil.Error:
            return  # it has ended, or is not shown

    def _note(self, new: set[Address]) -> set[Address]:
        with self._lock:
            self.looks += 1
            self.seen.update(new)
        return new


def _connected(process: psutil.Process) -> set[Address]:
    try:
        ends = [[*one.raddr] for one in process.net_connections("tcp")]
    except psutil.Error:
        return set()
    return {(str(end[0]).removeprefix("::ffff:"), int(str(end[1]))) for end in ends if end}
