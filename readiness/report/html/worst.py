"""The worst fault in one picture: the scenario of the first violation, or else of the longest outage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from markupsafe import Markup

from readiness.evidence.scenario import ScenarioRecord
from readiness.evidence.stored import Unreadable, from_row
from readiness.finding import UNAVAILABLE
from readiness.history import from_json
from readiness.report.html.figure import NARROW, WIDE, Moment, draw
from readiness.report.html.lanes import lanes
from readiness.report.html.outages import Outage, Row, longest
from readiness.report.words import short

MOST_REASON = 300


@dataclass(frozen=True)
class Worst:
    """The scenario to look at first, and why. `moment` is that of the violation; `wide` and `narrow` are pictures."""

    scenario: str
    why: str
    moment: Moment | None = None
    wide: Markup = field(default_factory=Markup)
    narrow: Markup = field(default_factory=Markup)


@dataclass(frozen=True)
class Found:
    """The first wrong answer: when it was complete, in seconds since the run began, and the criterion it refutes."""

    at: float
    criterion: str
    reason: str


def first_violation(criteria: Sequence[Mapping[str, Any]]) -> Found | None:
    """The first wrong answer that refutes a criterion, by the operations kept with it; None if there is none. A missing
    answer is not a wrong one; level `s3` is not what OpenTofu does.
    """
    found = []
    missing = set(map(str, UNAVAILABLE))
    for row in criteria:
        if row.get("level") == "s3" or not set(row.get("violations", ())) - missing:
            continue
        seconds = [at for line in row["witness"] if (at := _completed(line)) is not None]
        if seconds:
            found.append(Found(max(seconds), str(row["id"]), str(row["reason"])))
    return min(found, key=lambda each: each.at, default=None)


def worst(
    criteria: Sequence[Mapping[str, Any]], outages: Sequence[Row], records: Sequence[ScenarioRecord]
) -> Worst | None:
    """Which scenario it is, without its picture; None if nothing was wrong and nobody was away."""
    if (violation := first_violation(criteria)) and (scene := _played_at(violation, records)):
        why = f"The first violation, {violation.criterion}: {short(violation.reason, MOST_REASON)}"
        return Worst(scene, why, Moment(violation.at, "first violation"))
    if away := longest(outages):
        return Worst(away.scenario, _longest(away))
    for row in outages:
        if row.none_left:
            why = f"{row.words}: no endpoint was left that had to serve"
            return Worst(row.scenarios[0], why[0].upper() + why[1:])
    return None


def drawn(chosen: Worst, row: Mapping[str, Any], folder: Path, rto: float | None, response: float) -> Worst:
    """With its pictures, from the stored record; without them if it cannot be read, which the page says elsewhere."""
    try:
        record = from_row(row, folder)
    except Unreadable:
        return chosen
    if not record.history:
        return chosen
    seen = lanes(record, response)
    canvases = (replace(WIDE, lines=NARROW.lines) if chosen.moment else WIDE, NARROW)
    wide, narrow = (draw(record, seen, rto, canvas, chosen.moment) for canvas in canvases)
    return Worst(chosen.scenario, chosen.why, chosen.moment, wide, narrow)


def _longest(away: Outage) -> str:
    return f"The longest outage: {away.words} through {away.endpoint}; {away.promised:g} s were promised"


def _played_at(violation: Found, records: Sequence[ScenarioRecord]) -> str | None:
    meant = [record for record in records if record.begun <= violation.at <= record.ended]
    named = [record for record in meant if f"{record.name}: " in violation.reason]
    return next((record.name for record in [*named, *meant]), None)


def _completed(line: str) -> float | None:
    try:
        return from_json(line).completed
    except (ValueError, TypeError, KeyError):
        return None
