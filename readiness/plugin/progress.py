"""What an operator sees while a run goes on: a line for each criterion that was judged, and on a terminal a live
line with what is being waited for and for how long.

pytest captures standard error while a test runs, so this writes to a copy of it, made while nothing is captured.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live as LiveLine
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from readiness.criteria import PHASES, Criterion
from readiness.finding import State
from readiness.report.words import MARKS


def standard_error() -> TextIO:
    """A stream of its own to what standard error is now."""
    return os.fdopen(os.dup(2), "w", encoding="utf-8", errors="replace", buffering=1)


class Progress:
    """Shows phases, criteria, and what is being waited for and for how long. Safe to stop twice.

    `clock` counts seconds.
    """

    def __init__(
        self, stream: TextIO, *, quiet: bool = False, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.console = Console(file=stream, highlight=False)
        if not self.console.is_terminal:
            self.console.width = 100
        self.quiet = quiet
        self._clock = clock
        self.live = self.console.is_terminal and not quiet
        self._view: Callable[[], RenderableType] | None = None
        self._phase: int | None = None
        self._criterion: Criterion | None = None
        self._searching = False
        self._waiting, self._criterion_since = "", clock()
        self._waiting_since = self._criterion_since
        self._spinner = Spinner("dots")
        self._line = LiveLine(
            console=self.console,
            get_renderable=self._render,
            refresh_per_second=4,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def announce(self, line: str) -> None:
        """What is going on: a line of its own before the first criterion, and where there is no live line."""
        same = line == self._waiting
        self._waiting, self._waiting_since = line, self._waiting_since if same else self._clock()
        if self._line.is_started:
            self._line.refresh()
        if not same and not (self.live and self._criterion):
            self.console.print(Text(f"  {line}", "dim"), soft_wrap=True)

    @property
    def why_not_live(self) -> str | None:
        """Why there is no live line; None if there is one."""
        if self.quiet:
            return "with -v pytest prints lines of its own"
        if not self.console.is_terminal:
            return "standard error is not a terminal"
        return "this terminal cannot move its cursor (TERM)" if self.console.is_dumb_terminal else None

    def show(self, view: Callable[[], RenderableType]) -> None:
        """From now on this is shown below the live line, as often as that is drawn."""
        self._view = view

    def begin(self, criterion: Criterion) -> None:
        """This criterion is being judged from now on."""
        if criterion.phase != self._phase:
            self._phase = criterion.phase
            self.console.print(Text(f"\nPhase {criterion.phase}: {PHASES[criterion.phase]}", "bold"))
        self._criterion, self._waiting = criterion, ""
        self._criterion_since = self._waiting_since = self._clock()
        if self.live:
            self._line.start()

    def begin_search(self) -> None:
        """A search goes on from now on, which judges no criterion of its own. What is announced meanwhile is a line of
        its own, too.
        """
        self._searching = True
        self._criterion_since = self._clock()
        if self.live:
            self._line.start()

    def done(self, criterion: Criterion, state: State) -> None:
        """The criterion was judged."""
        if not self.quiet and state is not State.NOT_RUN:
            took = self._clock() - self._criterion_since
            line = Text.assemble(
                (MARKS[state].glyph, MARKS[state].style), f" {criterion.id} {criterion.title}"
            )
            line.truncate(max(20, min(self.console.width, 100) - 10), overflow="ellipsis")
            line.append(f"  {took:.0f} s" if took >= 1 else "", "dim")
            self.console.print(line, no_wrap=True)

    def stop(self) -> None:
        """No live line from here on."""
        if self._line.is_started:
            self._line.stop()
        self._criterion, self._searching = None, False

    def _render(self) -> RenderableType:
        return Group(self._waited_for(), *self._viewed())

    def _viewed(self) -> list[RenderableType]:
        """The view, until it fails: what only shows a run must never end it."""
        if self._view is None:
            return []
        try:
            return [self._view()]
        except Exception as error:  # noqa: BLE001
            self._view = None
            return [Text(f"--watch ended: {type(error).__name__}: {error}", "dim")]

    def _waited_for(self) -> Table:
        now = self._clock()
        row = Table.grid(padding=(0, 1))
        line = Text()
        if self._criterion or self._searching:
            name = self._criterion.id if self._criterion else "search"
            line.append(f"{name} {_clock(now - self._criterion_since)}", "bold")
        if self._waiting:
            line.append(f"  {self._waiting}, {_clock(now - self._waiting_since)}")
        line.truncate(max(20, min(self.console.width, 100) - 4), overflow="ellipsis")
        row.add_row(self._spinner, line)
        return row


def _clock(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60}:{whole % 60:02d} min"
