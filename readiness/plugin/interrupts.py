"""What SIGINT and SIGTERM do to a run: the first one ends its tests, one while it takes down ends only the cleaning."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

SAME_SECONDS = 1.0
"""Seconds within which a further signal counts as the same one: `timeout` signals its child, then the whole group."""


@dataclass(eq=False)
class Interrupts:
    """A signal handler, and a plugin that pytest tells of it. `ended_tests`: the run was interrupted in its tests."""

    ended_tests: bool = False
    _count: int = field(default=0, init=False)
    _last: float = field(default=float("-inf"), init=False)
    _heard: bool = field(default=False, init=False)
    _taking_down: tuple[Callable[[], None], Callable[[], None]] | None = field(default=None, init=False)

    def install(self) -> None:
        """From now on the two signals come here."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self)

    def __call__(self, number: int, _frame: object) -> None:
        before, self._last = self._last, time.monotonic()
        if self._last - before < SAME_SECONDS or (self._heard and self._taking_down is None):
            return
        self._count += 1
        if self._taking_down is None:
            self.ended_tests = True
            raise KeyboardInterrupt(signal.Signals(number).name)
        please_wait, end_cleaning = self._taking_down
        (please_wait if self._count == 1 else end_cleaning)()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self) -> None:
        """An interrupt that a test lost, because what it cleaned up failed on the way, ends the tests now."""
        if self.ended_tests and not self._heard:
            raise KeyboardInterrupt("an earlier test was interrupted")

    @pytest.hookimpl(tryfirst=True)
    def pytest_keyboard_interrupt(self) -> None:
        """The tests are ending because of it: nothing raises any more, or the run would not take down."""
        self._heard = True

    @contextmanager
    def taking_down(
        self, please_wait: Callable[[], None], end_cleaning: Callable[[], None]
    ) -> Iterator[None]:
        """While inside, nothing raises: the first signal of the run calls `please_wait`, every later one
        `end_cleaning`.
        """
        self._taking_down = please_wait, end_cleaning
        try:
            yield
        finally:
            self._taking_down = None
