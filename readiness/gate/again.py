"""What a run kept, judged again with today's judges and checkers. Nothing is started and nothing is written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from readiness.criteria import BY_ID
from readiness.evidence.observation import (
    OBSERVATIONS,
    Observation,
    UnreadableObservations,
    load_observations,
)
from readiness.evidence.scenario import ScenarioRecord
from readiness.evidence.seen import Group, Promises, Seen
from readiness.evidence.stored import JUDGED, SCENARIOS, Unreadable, from_row, read_history, rows
from readiness.finding import Finding, State

PHASES = {
    1: "it reads the protected stacks, not the candidate",
    2: "judged by running tofu against the candidate",
    3: "it reads the protected stacks, not the candidate",
    4: "it adds up what the other criteria found",
}
"""Why a criterion without a judge cannot be judged again, by phase."""
NOT_COMPLETED = "the run could not do all that it takes"


@dataclass(frozen=True)
class Row:
    """One criterion: its state in the run, and from what is stored today (None: not judged again, and why)."""

    criterion: str
    recorded: State
    recorded_reason: str
    now: Finding | None
    note: str = ""

    @property
    def same(self) -> bool:
        """Not contradicted."""
        return self.now is None or self.now.state is self.recorded


def judged_again(folder: Path) -> list[Row]:
    """Every criterion of the run's verdict. Raises Unreadable for a folder that lacks what it needs."""
    try:
        about = json.loads((folder / "run.json").read_text("utf-8"))
        verdict = json.loads((folder / "verdict.json").read_text("utf-8"))
        promises = Promises.of(about["declared"])
        criteria = [(str(row["id"]), State(row["state"]), str(row["reason"])) for row in verdict["criteria"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Unreadable(f"{folder} cannot be judged again: {type(error).__name__}: {error}") from None
    stored = _Stored(folder, promises, about["declared"])
    return [_again(stored, *criterion) for criterion in criteria]


def _again(stored: _Stored, id_: str, recorded: State, reason: str) -> Row:
    criterion = BY_ID.get(id_)
    if recorded is State.NOT_RUN:
        return Row(id_, recorded, reason, None, "was not run")
    if criterion is None or criterion.judge is None:
        return Row(id_, recorded, reason, None, PHASES[criterion.phase if criterion else 4])
    seen = stored.seen(id_)
    if seen is None:
        return Row(id_, recorded, reason, None, NOT_COMPLETED)
    return Row(id_, recorded, reason, criterion.judged(seen))


class _Stored:
    """What a run kept for its judges. Raises Unreadable where something is missing or cut."""

    def __init__(self, folder: Path, promises: Promises, declared: Mapping[str, Any]) -> None:
        self._folder, self._promises, self._declared = folder, promises, declared
        self._scenarios = {str(row["name"]): row for row in rows(folder)}
        self._records: dict[str, ScenarioRecord] = {}
        self._judged = {str(row["criterion"]): row for row in rows(folder, JUDGED)}
        self._observations: dict[str, list[Observation]] = {}
        try:
            for seen in load_observations(folder):
                self._observations.setdefault(seen.criterion, []).append(seen)
        except UnreadableObservations as error:
            raise Unreadable(str(error)) from None

    def seen(self, criterion: str) -> Seen | None:
        """What that criterion was judged from; None if it was not judged from what is kept."""
        kept = self._judged.get(criterion)
        if kept is None:
            return None
        try:
            groups = {Group(group): names for group, names in kept["scenarios"].items()}
            wanted, history = int(kept["observations"]), kept.get("history")
            operations = read_history(self._folder, history["file"], history["operations"]) if history else ()
        except (KeyError, TypeError, ValueError) as error:
            raise Unreadable(f"{JUDGED}: {criterion}: {type(error).__name__}: {error}") from None
        observations = self._observations.get(criterion, [])
        if len(observations) != wanted:
            raise Unreadable(
                f"{OBSERVATIONS} has {len(observations)} observations of {criterion}, {wanted} were made"
            )
        records = {group: [self._record(name) for name in names] for group, names in groups.items()}
        return Seen(self._promises, records, observations, operations, self._declared)

    def _record(self, name: str) -> ScenarioRecord:
        if name not in self._scenarios:
            raise Unreadable(f"{SCENARIOS} does not have {name}")
        if name not in self._records:
            self._records[name] = from_row(self._scenarios[name], self._folder)
        return self._records[name]
