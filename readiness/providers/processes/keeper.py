"""What kubelet or systemd does for a store: a process that ends unasked is started again, with back-off."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping

from readiness.providers.engine.record import Record
from readiness.providers.supervisor.client import Status

INTERVAL = 0.25
BACK_OFF = (0.25, 0.5, 1, 2, 4, 8)


class Keeper:
    """Knows which processes are wanted; a verb that stops one says so first. Relaunches are recorded as notes."""

    def __init__(
        self, statuses: Callable[[], Mapping[str, Status]], launch: Callable[[str], object], record: Record
    ) -> None:
        self._statuses, self._launch, self._record = statuses, launch, record
        self._wanted: set[str] = set()
        self.lock = threading.RLock()
        """Held while a process is started: two starts of one process exclude each other."""
        self._stop = threading.Event()
        self.relaunched: Counter[str] = Counter()
        self._not_before: dict[str, float] = {}
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """No more relaunches; waits for one that is under way."""
        self._stop.set()
        with self.lock:
            self._wanted.clear()
        if self._thread.is_alive():
            self._thread.join(5)

    def want(self, name: str) -> None:
        """From now on the process is to run."""
        with self.lock:
            self._wanted.add(name)

    def leave(self, name: str) -> None:
        """From now on the process may end, and stays away."""
        with self.lock:
            self._wanted.discard(name)

    def _run(self) -> None:
        while not self._stop.wait(INTERVAL):
            try:
                self._look()
            except RuntimeError:  # the supervisor is ending: so are all processes
                return

    def _look(self) -> None:
        for name, status in self._statuses().items():
            if status.running:
                continue
            with self.lock:
                now = time.monotonic()
                if name not in self._wanted or now < self._not_before.get(name, 0) or self._is_back(name):
                    continue
                self._record.note(f"{name} ended by itself with {status.ended}: started again", name)
                self.relaunched[name] += 1
                self._not_before[name] = now + BACK_OFF[min(self.relaunched[name], len(BACK_OFF)) - 1]
                self._launch(name)

    def _is_back(self, name: str) -> bool:
        return self._statuses()[name].running
