"""The longest outage of each kind of fault, over all its scenarios and endpoints. Pure: from the rows of the report."""

from __future__ import annotations

from collections.abc import Sequence

from readiness.finding import State
from readiness.report.html.outages import Back, Row, badness
from readiness.report.published.model import LongestOutage
from readiness.topology import FaultKind

_ORDER = (State.PROVED, State.UNKNOWN, State.REFUTED)


def by_kind(rows: Sequence[Row]) -> list[LongestOutage]:
    """One for each kind that was played and has a promise."""
    kinds = dict.fromkeys(row.kind for row in rows)
    return [_longest(kind, [row for row in rows if row.kind is kind]) for kind in FaultKind if kind in kinds]


def _longest(kind: FaultKind, rows: Sequence[Row]) -> LongestOutage:
    promised = rows[0].promised
    if alone := next((row for row in rows if row.none_left), None):
        return LongestOutage(
            kind=kind,
            words="nobody left to serve",
            where=alone.scenarios[0],
            promised=promised,
            state=State.REFUTED,
        )
    every = [one for row in rows for one in row.every]
    backs = [back for row in rows for back in row.backs.values()]
    unmeasured = [line.split(": ")[0] for row in rows for line in row.unmeasured]
    states = (
        [one.state for one in every] + [back.state for back in backs] + [State.UNKNOWN] * bool(unmeasured)
    )
    worst = max(states, key=_ORDER.index, default=State.UNKNOWN)
    found = max(every, key=badness, default=None)
    parts = [found.words] if found else []
    parts += [_back(backs)] if backs else []
    parts += [f"not measured: {', '.join(unmeasured)}"] if unmeasured else []
    return LongestOutage(
        kind=kind,
        words="; ".join(parts) or "not measured",
        where=f"{found.scenario} through {found.endpoint}" if found and found.words != "none" else "",
        promised=promised,
        state=worst,
    )


def _back(backs: Sequence[Back]) -> str:
    seen = [back.seconds for back in backs if back.seconds is not None]
    if len(seen) < len(backs):
        return "not seen back"
    return f"back after {max(seen):.2f} s"
