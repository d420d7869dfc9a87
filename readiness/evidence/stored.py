"""Records on disk: `scenarios.jsonl` beside the histories, one line a scenario. With them every judgement from
records can be repeated offline; `judged.jsonl` says which records each criterion was judged from.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from readiness import history
from readiness.evidence.scenario import Captured, Event, RunningVersions, ScenarioRecord
from readiness.evidence.seen import Promises
from readiness.finding import State
from readiness.history import Op
from readiness.topology import FaultKind

SCENARIOS = "scenarios.jsonl"
JUDGED = "judged.jsonl"


class Unreadable(Exception):
    """The folder's scenarios cannot be read; the message says what is wrong."""


@dataclass(frozen=True)
class StoredRun:
    """`run.json` and `verdict.json` of an evidence folder, as they are: models of readiness/evidence/models.py validate
    them where that is asked.
    """

    folder: Path
    about: Mapping[str, Any]
    verdict: Mapping[str, Any]
    promises: Promises
    recorded: Sequence[tuple[str, State, str]]

    @property
    def declared(self) -> Mapping[str, Any]:
        """The candidate as its file declares it."""
        declared: Mapping[str, Any] = self.about["declared"]
        return declared


def read_run(folder: Path) -> StoredRun:
    """The run of this folder: `recorded` are its criteria with their states and reasons. Raises Unreadable."""
    try:
        about = json.loads((folder / "run.json").read_text("utf-8"))
        verdict = json.loads((folder / "verdict.json").read_text("utf-8"))
        recorded = [(str(row["id"]), State(row["state"]), str(row["reason"])) for row in verdict["criteria"]]
        return StoredRun(folder, about, verdict, Promises.of(about["declared"]), recorded)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Unreadable(f"{folder} cannot be read: {type(error).__name__}: {error}") from None


class ScenarioRow(BaseModel):
    """A line of scenarios.jsonl: everything of a record but its operations, of which `history` holds so many."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    at: float | None = None
    name: str
    kind: FaultKind | None
    nodes: tuple[str, ...]
    endpoints_through: tuple[str, ...]
    judged_outage: bool
    events: tuple[Event, ...]
    begun: float
    ended: float
    whole: bool
    spoiled: str | None
    unsupported: str | None
    captured: Captured | None
    versions: tuple[RunningVersions, ...] = ()
    notes: dict[str, str]
    history: str | None
    operations: Annotated[int, Field(ge=0)]


def as_row(record: ScenarioRecord, history_file: str | None) -> dict[str, Any]:
    """The record as it is kept; `history_file` holds its operations."""
    kept = {field.name: getattr(record, field.name) for field in fields(record) if field.name != "history"}
    row = ScenarioRow(**kept, history=history_file, operations=len(record.history))
    return row.model_dump(mode="json", exclude={"at"})


def from_row(row: Mapping[str, Any], folder: Path, *, operations: bool = True) -> ScenarioRecord:
    """The record of a row, with its operations unless they are not wanted.

    Raises Unreadable for a line that is no record, and for missing or cut operations.
    """
    try:
        kept = ScenarioRow.model_validate(row)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise Unreadable(f"{folder / SCENARIOS}: {row.get('name')}: {place}: {first['msg']}") from None
    given = {name: getattr(kept, name) for name in ScenarioRow.model_fields}
    for name in ("at", "history", "operations"):
        del given[name]
    lists = {"events": list(kept.events), "versions": list(kept.versions)}
    record = ScenarioRecord(**given | lists | {"notes": dict(kept.notes)})
    if operations and kept.history:
        record.history = read_history(folder, kept.history, kept.operations)
    return record


def read_history(folder: Path, file: str, operations: int) -> list[Op]:
    """The operations of that file of the folder. Raises Unreadable unless there are so many."""
    try:
        found = history.load(_inside(folder, file))
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise Unreadable(f"{folder / file}: {type(error).__name__}: {error}") from None
    if len(found) != operations:
        raise Unreadable(f"{file} has {len(found)} operations, {operations} were made")
    return found


def rows(folder: Path, name: str = SCENARIOS) -> list[dict[str, Any]]:
    """The lines of that file; none if it is not there. Raises Unreadable if one is not JSON."""
    path = folder / name
    if not path.exists():
        return []
    try:
        return [dict(json.loads(line)) for line in path.read_text("utf-8").splitlines() if line.strip()]
    except (OSError, ValueError, TypeError) as error:
        raise Unreadable(f"{path}: {error}") from None


def stored_records(folder: Path) -> Iterator[ScenarioRecord]:
    """Every stored record with its operations, one at a time: histories are large."""
    for row in rows(folder):
        yield from_row(row, folder)


def _inside(folder: Path, name: str) -> Path:
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise ValueError(f"{name} is outside of the folder")
    return path
