"""Where the seconds of a run's scenarios went, from their records: what a fault cannot do without, and the rest."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from readiness.evidence.stored import SCENARIOS

BEGIN, INJECT, HELD, HEAL, RETURN, BETWEEN, END, WITHOUT, APART = (
    "load begins, until the first fault",
    "faults injected, until they have fired",
    "faults held",
    "faults healed",
    "healed, until the candidate is whole",
    "whole, until the next fault",
    "whole, until everything is read back",
    "scenarios without a fault",
    "between scenarios",
)
KINDS = (BEGIN, INJECT, HELD, HEAL, RETURN, BETWEEN, END, WITHOUT, APART)
NEEDED = frozenset({HELD, RETURN})
"""What no way of playing faults one after the other can do without: they are held, and the candidate returns."""
_WITHIN = ((HELD, "fired", "healing"), (INJECT, "injecting", "fired"), (HEAL, "healing", "healed"))
Row = Mapping[str, Any]


def read(folder: Path) -> list[Row]:
    """The scenarios of an evidence folder that were begun and ended, in the order of play."""
    path = folder / SCENARIOS
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.is_file() else []
    return [row for row in rows if row["begun"] is not None and row["ended"] is not None]


def spent(rows: Sequence[Row]) -> Counter[str]:
    """Seconds by what they were for, of these scenarios. Of faults that overlap, one that is held counts first."""
    seconds: Counter[str] = Counter()
    for row in rows:
        if not row["events"]:
            seconds[WITHOUT] += row["ended"] - row["begun"]
            continue
        moments = sorted({*_moments(row), row["begun"], row["ended"]})
        for earlier, later in pairwise(moments):
            seconds[_kind(row["events"], (earlier + later) / 2)] += later - earlier
    for before, after in pairwise(rows):
        seconds[APART] += after["begun"] - before["ended"]
    return seconds


def table(rows: Sequence[Row]) -> Iterator[str]:
    """Lines to print; none where no scenario had a fault."""
    seconds, number = spent(rows), sum(bool(row["events"]) for row in rows)
    if not number:
        return
    for kind in KINDS:
        yield f"{kind:40} {seconds[kind]:7.1f} s, {seconds[kind] / number:5.1f} s for each with a fault"
    needed = sum(seconds[kind] for kind in NEEDED)
    whole = seconds.total() - seconds[WITHOUT] - seconds[APART]
    if needed:
        times = whole / needed
        yield f"{number} scenarios took {whole:.0f} s, {times:.2f} times what faults were held and returned"


def _moments(row: Row) -> Iterator[float]:
    for event in row["events"]:
        for name in ("injecting", "fired", "healing", "healed", "whole"):
            if event[name] is not None and row["begun"] < event[name] < row["ended"]:
                yield event[name]


def _kind(events: Sequence[Row], moment: float) -> str:
    for kind, since, until in _WITHIN:
        if any(_during(event[since], event[until], moment) for event in events):
            return kind
    begun = [event for event in events if event["injecting"] <= moment]
    if not begun:
        return BEGIN
    if any(event["whole"] is None or moment < event["whole"] for event in begun):
        return RETURN
    return END if len(begun) == len(events) else BETWEEN


def _during(since: float | None, until: float | None, moment: float) -> bool:
    return since is not None and until is not None and since <= moment < until
