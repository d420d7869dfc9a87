"""`python -m readiness.recheck RUN [--no-seal]`: judges what a run kept again, with today's judges and checkers.

Offline: nothing is started and nothing is written. Criteria that are not judged from what is kept (they run tofu, read
stacks, or add up other criteria) are listed with the reason. Exit 0: every criterion that is judged again has the
state it had in the run. Exit 1: one does not, or nothing could be judged again. Exit 4: the folder is edited, unsealed
or unreadable.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from readiness.criteria import BY_ID
from readiness.evidence.folder import BrokenSeal, verify_seal
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
from readiness.report.words import GLYPHS, short

EXIT_SAME, EXIT_DIFFERENT, EXIT_USAGE = 0, 1, 4
PHASES = {
    0: "judged by asking the candidate directly",
    1: "judged by asking the candidate directly",
    2: "it runs tofu against the candidate",
    3: "it reads the protected stacks, not the candidate",
    4: "it adds up what the other criteria found",
}
"""Why a criterion without a judge cannot be judged again, by phase."""
NOT_COMPLETED = "the run could not do all that it takes"


@dataclass(frozen=True)
class Row:
    """One criterion: its state in the run, and from what is stored today (None: not judged again, and why)."""

    criterion: str
    said: State
    said_reason: str
    now: Finding | None
    note: str = ""

    @property
    def same(self) -> bool:
        """Not contradicted."""
        return self.now is None or self.now.state is self.said


def recheck(folder: Path) -> list[Row]:
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


def _again(stored: _Stored, id_: str, said: State, reason: str) -> Row:
    criterion = BY_ID.get(id_)
    if said is State.NOT_RUN:
        return Row(id_, said, reason, None, "was not run")
    if criterion is None or criterion.judge is None:
        return Row(id_, said, reason, None, PHASES[criterion.phase if criterion else 4])
    seen = stored.seen(id_)
    if seen is None:
        return Row(id_, said, reason, None, NOT_COMPLETED)
    return Row(id_, said, reason, criterion.judged(seen))


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


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="recheck", description="Judge the stored histories of a run again, offline."
    )
    parser.add_argument(
        "run", type=Path, help="an evidence folder, for example reports/runs/20261124T094608Z-embedded-7b0c3b"
    )
    parser.add_argument(
        "--no-seal", action="store_true", help="judge also evidence that was edited after it was sealed"
    )
    options = parser.parse_args(arguments)
    console = Console(width=min(Console().width, 100) if sys.stdout.isatty() else 100)
    folder: Path = options.run
    try:
        if not options.no_seal:
            seal = verify_seal(folder)
            console.print(
                f"seal {str(seal['root'])[:16]}… of {seal['sealed']} is intact: {len(seal['files'])} files",
                highlight=False,
            )
        else:
            console.print(
                "The seal was not verified: what follows proves nothing about the run.", style="yellow"
            )
        found = recheck(folder)
    except (BrokenSeal, Unreadable) as error:
        print(f"recheck: {error}", file=sys.stderr)
        return EXIT_USAGE
    return _told(console, found)


def _told(console: Console, found: Sequence[Row]) -> int:
    again = [row for row in found if row.now is not None]
    table = Table(box=None, pad_edge=False, title=None)
    for heading in ("", "criterion", "in the run", "today", ""):
        table.add_column(heading, ratio=1 if not heading and table.columns else None)
    for row in again:
        assert row.now is not None
        mark = Text("=", "green") if row.same else Text("≠", "bold red")
        said, now = (f"{GLYPHS[state]} {state}" for state in (row.said, row.now.state))
        why = row.note if row.same else short(row.now.reason, 300)
        table.add_row(mark, row.criterion, said, now, why)
    console.print(table)
    console.print(f"judged again: {len(again)} of {len(found)} criteria", highlight=False)
    for why, ids in _left(found).items():
        console.print(f"not judged again, {why}: {', '.join(ids)}", highlight=False, style="dim")
    different = [row.criterion for row in again if not row.same]
    if different:
        console.print(f"DIFFERENT: {', '.join(different)}", style="bold red")
    elif again:
        console.print(f"THE SAME: {len(again)} criteria judged again", style="bold green")
    else:
        console.print("NOTHING JUDGED AGAIN: the run kept nothing to judge", style="bold red")
    return EXIT_SAME if again and not different else EXIT_DIFFERENT


def _left(found: Sequence[Row]) -> Mapping[str, list[str]]:
    reasons: dict[str, list[Any]] = {}
    for row in found:
        if row.now is None:
            reasons.setdefault(row.note, []).append(row.criterion)
    return reasons


if __name__ == "__main__":
    sys.exit(main())
