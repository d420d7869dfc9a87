"""Records on disk: `scenarios.jsonl` beside the histories, one line a scenario. With them every judgement from
records can be repeated offline; `judged.jsonl` says which records each criterion was judged from.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from readiness import history
from readiness.evidence.scenario import Captured, Event, ScenarioRecord
from readiness.history import Op
from readiness.topology import FaultKind

SCENARIOS = "scenarios.jsonl"
JUDGED = "judged.jsonl"
_PLAIN = ("name", "judged_outage", "begun", "ended", "whole", "spoiled", "unsupported", "notes")


class Unreadable(Exception):
    """The folder's scenarios cannot be read; the message says what is wrong."""


def as_row(record: ScenarioRecord, history_file: str | None) -> dict[str, Any]:
    """Everything of a record but its operations, which `history_file` holds."""
    row: dict[str, Any] = {name: getattr(record, name) for name in _PLAIN}
    return row | {
        "kind": record.kind and str(record.kind),
        "nodes": list(record.nodes),
        "endpoints_through": list(record.endpoints_through),
        "events": [asdict(event) for event in record.events],
        "captured": asdict(record.captured) if record.captured else None,
        "history": history_file,
        "operations": len(record.history),
    }


def from_row(row: Mapping[str, Any], folder: Path, *, operations: bool = True) -> ScenarioRecord:
    """The record of a row, with its operations unless they are not wanted.

    Raises Unreadable for missing or cut operations.
    """
    try:
        captured = row["captured"]
        record = ScenarioRecord(
            kind=FaultKind(row["kind"]) if row["kind"] else None,
            nodes=tuple(row["nodes"]),
            endpoints_through=tuple(row["endpoints_through"]),
            events=[_event(event) for event in row["events"]],
            captured=Captured(**{k: _tuple(v) for k, v in captured.items()}) if captured else None,
            **{name: row[name] for name in _PLAIN},
        )
        if operations and row["history"]:
            record.history = read_history(folder, str(row["history"]), row["operations"])
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise Unreadable(f"{folder / SCENARIOS}: {type(error).__name__}: {error}") from None
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


def _event(row: Mapping[str, Any]) -> Event:
    return Event(**{**row, "nodes": tuple(row["nodes"]), "instances": tuple(row["instances"])})


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _inside(folder: Path, name: str) -> Path:
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise ValueError(f"{name} is outside of the folder")
    return path
