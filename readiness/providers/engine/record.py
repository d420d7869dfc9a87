"""What was done to a candidate, and when: the list from which P1.7 shows that a capture only reads."""

from __future__ import annotations

import threading
import time


class Record:
    """Lines like `12.345 write kill control-honey`; thread-safe.

    Times are monotonic seconds since the record was made.
    """

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._lines: list[str] = []
        self._lock = threading.Lock()

    def write(self, verb: str, target: str) -> None:
        """A verb that changes the candidate."""
        self._add("write", verb, target)

    def read(self, verb: str, target: str) -> None:
        """A verb that only looks."""
        self._add("read", verb, target)

    def note(self, what: str, target: str) -> None:
        """What the candidate did by itself."""
        self._add("note", what, target)

    def lines(self) -> tuple[str, ...]:
        with self._lock:
            return tuple(self._lines)

    def _add(self, effect: str, verb: str, target: str) -> None:
        with self._lock:
            self._lines.append(f"{time.monotonic() - self._began:.3f} {effect} {verb} {target}")
