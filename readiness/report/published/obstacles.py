"""The shortest list of what stands between a store and READY at the levels plan and state, each with the command that
shows it again. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from readiness.finding import WORST_FIRST, State
from readiness.report.published.model import SUMS, Criterion, Obstacle, open_rows
from readiness.report.words import command


def obstacles(criteria: Sequence[Criterion], abouts: Mapping[str, Mapping[str, Any]]) -> list[Obstacle]:
    """One for each reason: criteria that are in the same state for the same reason stand together. `abouts` has for
    each criterion the run.json of the run that it was taken from. What is REFUTED comes first.
    """
    by_reason: dict[tuple[State, str], list[str]] = {}
    for row in open_rows(criteria):
        by_reason.setdefault((row.state, row.reason), []).append(row.id)
    return [
        Obstacle(criteria=ids, state=state, reason=reason, command=_command(ids[0], state, abouts[ids[0]]))
        for wanted in WORST_FIRST[:3]
        for (state, reason), ids in by_reason.items()
        if state is wanted
    ]


def _command(id_: str, state: State, about: Mapping[str, Any]) -> str:
    """The one test; the whole run where the criterion is about the whole run, or did not run in it."""
    test = about.get("tests", {}).get(id_)
    whole = state is State.NOT_RUN or id_ in (*SUMS, "P4.3", "S.6")
    return command(about, None if whole else test)
