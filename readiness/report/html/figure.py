"""One fault as a picture: every endpoint's operations, latency and outage over time. Inline SVG, bounded in size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from markupsafe import Markup, escape

from readiness.evidence.scenario import ScenarioRecord
from readiness.grounds import Window
from readiness.history import Op, Outcome
from readiness.report.html.lanes import Lane, by_endpoint

LANE = 92
_FAST, _SLOW = 0.001, 10.0
_WORDS = {Outcome.OK: "✓ ok", Outcome.FAIL: "✗ failed", Outcome.UNKNOWN: "? unknown"}
_ROWS = {Outcome.OK: (46, 12), Outcome.FAIL: (60, 9), Outcome.UNKNOWN: (71, 9)}


@dataclass(frozen=True)
class Canvas:
    """The size of a picture, in pixels of its own. `head`: the height above a lane for its name; without, the name
    stands left of it. `ticks`: at most so many on the axis.
    """

    width: int
    left: int
    right: int
    lines: tuple[int, ...]
    head: int
    bins: int
    ticks: int

    @property
    def plot(self) -> int:
        """The width that stands for time."""
        return self.width - self.left - self.right

    @property
    def top(self) -> int:
        """Where the first lane begins, below the labels of the marks."""
        return self.lines[-1] + 12


WIDE = Canvas(980, 150, 20, (10, 22), 0, 220, 16)
NARROW = Canvas(350, 60, 8, (10, 22, 34), 18, 96, 7)
"""For a screen as narrow as a phone's."""


@dataclass(frozen=True)
class Moment:
    """A moment to mark, in seconds since the run began."""

    at: float
    name: str


def draw(
    record: ScenarioRecord,
    seen: Sequence[Lane],
    rto: float | None,
    canvas: Canvas = WIDE,
    moment: Moment | None = None,
) -> Markup:
    """The picture. Time runs from the begin of the load to its end; zero is the fault."""
    picture = _Picture(record, rto, canvas, moment)
    grouped = by_endpoint(record.history)
    high = LANE + canvas.head
    height = canvas.top + high * len(seen) + 34
    parts = [picture.faults(height - 34)]
    for row, lane in enumerate(seen):
        parts.append(picture.lane(canvas.top + row * high, lane, grouped[lane.endpoint]))
    parts.append(picture.axis(height - 30))
    label = f"Timeline of {record.name}: " + "; ".join(
        f"{lane.endpoint}: outage {lane.outage}" for lane in seen
    )
    body = Markup("").join(parts)
    return Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        canvas.width, height, label, body
    )


class _Picture:
    def __init__(
        self, record: ScenarioRecord, rto: float | None, canvas: Canvas, moment: Moment | None
    ) -> None:
        self.record, self.rto, self.canvas, self.moment = record, rto, canvas, moment
        self.start, self.end = record.begun, max(record.ended, record.begun + 0.1)
        if record.history:
            self.end = max(self.end, max(op.completed for op in record.history))
            self.start = min(self.start, record.history[0].invoked)
        self.zero = record.events[0].injecting if record.events else self.start

    def x(self, moment: float) -> float:
        share = (moment - self.start) / (self.end - self.start)
        return round(self.canvas.left + self.canvas.plot * min(1.0, max(0.0, share)), 1)

    def faults(self, bottom: float) -> Markup:
        drawn = []
        top = self.canvas.top - 8
        for event in self.record.events:
            begin, heal = event.injecting, event.healing or event.healed or self.end
            place = (self.x(begin), top, self.x(heal) - self.x(begin), bottom - top)
            drawn += [_rect(css, *place) for css in ("fault", "hatch")]
        if self.record.events or self.moment:
            drawn.append(self._marks(bottom))
        return Markup("").join(drawn)

    def _marks(self, bottom: float) -> Markup:
        drawn: list[Markup] = []
        taken = [-1e9] * len(self.canvas.lines)
        for moment, name, css in sorted(self._moments(), key=lambda mark: mark[0]):
            at, long = self.x(moment), 6.4 * len(name)
            left = at - long - 3 if at + long > self.canvas.width else at + 3
            line = next((n for n, end in enumerate(taken) if left > end + 1), len(taken) - 1)
            taken[line] = left + long
            drawn.append(_line(css, at, self.canvas.top - 8, at, bottom))
            drawn.append(_text("label", round(left, 1), self.canvas.lines[line], name))
        return Markup("").join(drawn)

    def _moments(self) -> list[tuple[float, str, str]]:
        marks: list[tuple[float | None, str, str]] = []
        if self.record.events:
            first, last = self.record.events[0], self.record.events[-1]
            marks = [
                (first.injecting, "fault", "mark"),
                (last.healed, "healed", "mark"),
                (last.whole, "whole again", "mark"),
            ]
            due = first.injecting + (self.rto or 0)
            if self.rto and len(self.record.events) == 1 and due < self.end:
                marks.append((due, f"RTO {self.rto:g} s", "mark rto"))
        if self.moment:
            marks.append((self.moment.at, self.moment.name, "mark wrong"))
        return [(at, name, css) for at, name, css in marks if at is not None]

    def lane(self, top: float, lane: Lane, ops: Sequence[Op]) -> Markup:
        role = "had to serve" if lane.must_serve else "may be away" if self.record.events else ""
        width, left = self.canvas.width, self.canvas.left - 6
        parts = [_line("rule", 0, top, width, top), _text("name", 4, top + 16, lane.endpoint)]
        if self.canvas.head:
            parts.append(_text("note end", width - self.canvas.right, top + 15, role))
            top += self.canvas.head
        else:
            parts.append(_text("note", 4, top + 30, role))
        parts += [_text("note end", left, top + 14, "10 s"), _text("note end", left, top + 40, "1 ms")]
        bins = self._bins(ops)
        parts.append(_path("away", "".join(f"M{x} {top + 2}v{LANE - 6}" for x in self._away(bins))))
        parts += self._latency(top + 8, bins)
        for kind, (down, high) in _ROWS.items():
            parts.append(_text("note end", left, top + down + 9, _WORDS[kind]))
            parts.append(_bars(str(kind), top + down + high, high, bins, kind))
        if lane.window is not None:
            parts.append(self._outage(top + LANE - 8, lane.window))
        return Markup("").join(parts)

    def _bins(self, ops: Sequence[Op]) -> dict[float, list[Op]]:
        found: dict[float, list[Op]] = {}
        for op in ops:
            share = (op.invoked - self.start) / (self.end - self.start)
            at = self.canvas.left + self.canvas.plot * int(share * self.canvas.bins) / self.canvas.bins
            found.setdefault(round(at, 1), []).append(op)
        return dict(sorted(found.items()))

    @staticmethod
    def _away(bins: dict[float, list[Op]]) -> list[float]:
        return [x + 1.8 for x, ops in bins.items() if sum(not op.in_service for op in ops) * 2 > len(ops)]

    @staticmethod
    def _latency(top: float, bins: dict[float, list[Op]]) -> list[Markup]:
        middle, worst = [], []
        for x, ops in bins.items():
            took = [op.completed - op.invoked for op in ops]
            middle.append(f"M{x} {_height(top, median(took))}h3.4")
            worst.append(f"M{x + 1.7:.1f} {_height(top, median(took))}V{_height(top, max(took))}")
        return [_path("worst", "".join(worst)), _path("median", "".join(middle))]

    def _outage(self, y: float, window: Window) -> Markup:
        outer, inner = [self.x(t) for t in window.at_most], [self.x(t) for t in window.at_least]
        return Markup("").join(
            [
                _path("most", f"M{outer[0]} {y - 4}v8M{outer[0]} {y}H{outer[1]}M{outer[1]} {y - 4}v8"),
                _path("least", f"M{inner[0]} {y}H{max(inner[1], inner[0] + 2)}"),
            ]
        )

    def axis(self, y: float) -> Markup:
        span = self.end - self.start
        ticks = self.canvas.ticks
        step = next(s for s in (1, 2, 5, 10, 20, 60, 120, 300, 900, 3600, 86400) if span / s <= ticks)
        drawn = [_line("rule", self.canvas.left, y, self.canvas.width - self.canvas.right, y)]
        first = math.ceil((self.start - self.zero) / step)
        for tick in range(first, math.floor((self.end - self.zero) / step) + 1):
            at = self.x(self.zero + tick * step)
            drawn += [_line("rule", at, y, at, y + 4), _text("note mid", at, y + 16, f"{tick * step} s")]
        return Markup("").join(drawn)


def _height(top: float, seconds: float) -> float:
    share = math.log(max(_FAST, min(_SLOW, seconds)) / _FAST) / math.log(_SLOW / _FAST)
    return round(top + 32 * (1 - share), 1)


def _bars(css: str, bottom: float, high: float, bins: dict[float, list[Op]], kind: Outcome) -> Markup:
    most = max((len(ops) for ops in bins.values()), default=1)
    drawn = []
    for x, ops in bins.items():
        count = sum(op.outcome is kind for op in ops)
        if count:
            tall = max(2.5, high * math.sqrt(count / most))
            drawn.append(f"M{x + 1.7:.1f} {bottom}v-{tall:.1f}")
    return _path(css, "".join(drawn))


def _rect(css: str, x: float, y: float, width: float, height: float) -> Markup:
    return Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>').format(
        css, x, y, round(max(width, 1.5), 1), height
    )


def _line(css: str, x1: float, y1: float, x2: float, y2: float) -> Markup:
    return Markup('<path class="{}" d="M{} {}L{} {}"/>').format(css, x1, y1, x2, y2)


def _path(css: str, data: str) -> Markup:
    return Markup('<path class="{}" d="{}"/>').format(css, data) if data else Markup("")


def _text(css: str, x: float, y: float, content: str) -> Markup:
    return (
        Markup('<text class="{}" x="{}" y="{}">{}</text>').format(css, x, y, escape(content))
        if content
        else Markup("")
    )
