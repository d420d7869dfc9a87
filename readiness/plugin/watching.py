"""`--watch`: what every endpoint answers while faults are on, below the live line of a terminal.

It asks the store nothing: it reads what the load has recorded, and what the watch over the readiness rule knows. It
judges nothing either: the verdict rests on the evidence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from rich.table import Table
from rich.text import Text

from readiness.evidence.folder import Evidence
from readiness.finding import State
from readiness.history import Op, Outcome
from readiness.report.words import MARKS
from readiness.topology import Endpoint

SECONDS = 30
"""How far back the view looks."""
EVERY = 0.5
"""Seconds after which the view is made anew."""

_SHOWN = {Outcome.UNKNOWN: State.UNKNOWN, Outcome.FAIL: State.REFUTED, Outcome.OK: State.PROVED}
"""How a second is shown: the first of these outcomes that it had."""


@dataclass
class _Seen:
    """One endpoint. `since`: when the first of its requests was sent that had no answer since the last answer."""

    seconds: dict[int, Counter[Outcome]] = field(default_factory=dict)
    answered: float | None = None
    since: float | None = None

    def add(self, op: Op) -> None:
        """Takes in an operation."""
        self.seconds.setdefault(int(op.completed), Counter())[op.outcome] += 1
        if op.ok:
            self.answered, self.since = max(self.answered or 0.0, op.completed), None
        elif self.since is None and op.invoked >= (self.answered or 0.0):
            self.since = op.invoked

    def forget(self, before: int) -> None:
        """Drops what is older."""
        self.seconds = {second: seen for second, seen in self.seconds.items() if second >= before}


class Endpoints:
    """The view: a row for each endpoint. Not thread-safe; its one caller is the live line."""

    def __init__(
        self, endpoints: Iterable[Endpoint], in_service: Callable[[Endpoint], bool], evidence: Evidence
    ) -> None:
        self._endpoints, self._in_service, self._evidence = tuple(endpoints), in_service, evidence
        self._seen = {endpoint.name: _Seen() for endpoint in self._endpoints}
        self._read: dict[str, int] = {}
        self._made, self._table = float("-inf"), Table.grid()

    def table(self) -> Table:
        """The endpoints as they are now; the same table as before within half a second."""
        now = self._evidence.now()
        if now - self._made >= EVERY:
            self._take_in(now)
            self._made, self._table = now, self._drawn(now)
        return self._table

    def _take_in(self, now: float) -> None:
        """What was recorded since the last time."""
        for recorder in self._evidence.recorders():
            history = recorder.history
            known = min(self._read.get(recorder.scope, 0), len(history))
            new = history[known:]
            self._read[recorder.scope] = known + len(new)
            for op in new:
                if op.endpoint in self._seen and op.completed >= now - SECONDS:
                    self._seen[op.endpoint].add(op)
        for seen in self._seen.values():
            seen.forget(int(now) - SECONDS)

    def _drawn(self, now: float) -> Table:
        table = Table.grid(padding=(0, 2))
        for endpoint in self._endpoints:
            seen = self._seen[endpoint.name]
            there = self._in_service(endpoint)
            table.add_row(
                Text(endpoint.name, "bold"),
                Text("in service" if there else "out of service", "" if there else "dim"),
                _strip(seen, int(now)),
                _silence(seen, now),
            )
        table.add_row("", "", Text(f"the last {SECONDS} s: ✓ answered, ✗ errors, ? no answer", "dim"), "")
        return table


def _strip(seen: _Seen, now: int) -> Text:
    """One character a second, the newest last; a dot where nothing came back."""
    text = Text(no_wrap=True)
    for second in range(now - SECONDS + 1, now + 1):
        outcomes = seen.seconds.get(second, Counter())
        state = next((state for outcome, state in _SHOWN.items() if outcomes[outcome]), None)
        text.append(*(("·", "dim") if state is None else (MARKS[state].glyph, MARKS[state].style)))
    return text


def _silence(seen: _Seen, now: float) -> Text:
    """For how long it has not answered what it was asked."""
    if seen.since is None or not seen.seconds:
        return Text("")
    return Text(f"no answer for {now - seen.since:.0f} s", MARKS[State.UNKNOWN].style)
