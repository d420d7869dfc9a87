"""Waiting until a store that the suite starts is ready: with progress, and with its logs if it never is."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from readiness.errors import UsageError

INTERVAL, PROGRESS_SECONDS = 0.05, 2.0
LINES, LINES_OF_EACH = 15, 8


@dataclass(frozen=True)
class Starting:
    """`parts` names what was started, `failing` one of them that does not stay, `log` gives the last lines of one."""

    progress: Callable[[str], None]
    parts: Callable[[], Iterable[str]]
    failing: Callable[[], str | None]
    log: Callable[[str, int], str]

    def wait_until(self, done: Callable[[], bool], what: str, seconds: float) -> None:
        """Raises UsageError, with logs, if a part does not stay or the time is over."""
        began = shown = time.monotonic()
        while not done():
            now = time.monotonic()
            if name := self.failing():
                raise UsageError(f"{what}: {name} ends by itself\n{self.log(name, LINES)}")
            if now - began > seconds:
                tails = "\n".join(f"--- {name}\n{self.log(name, LINES_OF_EACH)}" for name in self.parts())
                raise UsageError(f"{what} is not ready after {seconds:.0f} s\n{tails}")
            if now - shown > PROGRESS_SECONDS:
                shown = now
                self.progress(f"waiting for {what}, {now - began:.0f} s")
            time.sleep(INTERVAL)
        self.progress(f"{what} is ready after {time.monotonic() - began:.1f} s")
