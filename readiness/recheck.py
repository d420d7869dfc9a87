"""`python -m readiness.recheck RUN [--no-seal]`: judges the stored histories of a run again, with today's checkers.

Offline: nothing is started and nothing is written. What a run decided by asking the candidate directly has no stored
history; those criteria are listed as not re-judged. Exit 0: every re-judged criterion says what the run said. Exit 1:
one does not, or nothing could be re-judged. Exit 4: the folder is edited, unsealed or unreadable.
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
from readiness.evidence.scenario import ScenarioRecord
from readiness.evidence.seen import Group, Promises, Seen
from readiness.evidence.stored import JUDGED, SCENARIOS, Unreadable, from_row, rows
from readiness.finding import Finding, State
from readiness.report.words import GLYPHS, short

EXIT_SAME, EXIT_DIFFERENT, EXIT_USAGE = 0, 1, 4
IN_PART = ("P1.9", "P1.11")
DIRECT = "judged by asking the candidate directly"


@dataclass(frozen=True)
class Row:
    """One criterion: what the run said, what its stored histories say today (None: not re-judged, and why)."""

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
    scenarios = {str(row["name"]): row for row in rows(folder)}
    records: dict[str, ScenarioRecord] = {}
    judged = {str(row["criterion"]): row for row in rows(folder, JUDGED)}

    def record(name: str) -> ScenarioRecord:
        if name not in scenarios:
            raise Unreadable(f"{SCENARIOS} does not have {name}")
        if name not in records:
            records[name] = from_row(scenarios[name], folder)
        return records[name]

    def one(id_: str, said: State, reason: str) -> Row:
        criterion, kept = BY_ID.get(id_), judged.get(id_)
        if said is State.NOT_RUN:
            return Row(id_, said, reason, None, "was not run")
        if criterion is None or criterion.judge is None:
            return Row(id_, said, reason, None, DIRECT)
        if kept is None:
            return Row(
                id_, said, reason, None, "no scenarios were kept for it: the run could not play them all"
            )
        groups = {
            Group(group): [record(name) for name in names] for group, names in kept["scenarios"].items()
        }
        found = criterion.judge(Seen(promises, groups).without_impossible(criterion.optional)).honest()
        note = "in part: what was asked without a fault is not re-judged" if id_ in IN_PART else ""
        if id_ in IN_PART:
            said, reason = State(kept["state"]), str(kept["reason"])
        return Row(id_, said, reason, found, note)

    return [one(*criterion) for criterion in criteria]


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
                "The seal was not looked at: what follows proves nothing about the run.", style="yellow"
            )
        found = recheck(folder)
    except (BrokenSeal, Unreadable) as error:
        print(f"recheck: {error}", file=sys.stderr)
        return EXIT_USAGE
    return _told(console, found)


def _told(console: Console, found: Sequence[Row]) -> int:
    again = [row for row in found if row.now is not None]
    table = Table(box=None, pad_edge=False, title=None)
    for heading in ("", "criterion", "the run said", "today", ""):
        table.add_column(heading, ratio=1 if not heading and table.columns else None)
    for row in again:
        assert row.now is not None
        mark = Text("=", "green") if row.same else Text("≠", "bold red")
        said, now = (f"{GLYPHS[state]} {state}" for state in (row.said, row.now.state))
        why = row.note if row.same else short(row.now.reason, 300)
        table.add_row(mark, row.criterion, said, now, why)
    console.print(table)
    for why, ids in _left(found).items():
        console.print(f"not re-judged, {why}: {', '.join(ids)}", highlight=False, style="dim")
    different = [row.criterion for row in again if not row.same]
    if different:
        console.print(f"DIFFERENT: {', '.join(different)}", style="bold red")
    elif again:
        console.print(f"THE SAME: {len(again)} criteria judged again", style="bold green")
    else:
        console.print("NOTHING RE-JUDGED: the run kept no scenarios", style="bold red")
    return EXIT_SAME if again and not different else EXIT_DIFFERENT


def _left(found: Sequence[Row]) -> Mapping[str, list[str]]:
    reasons: dict[str, list[Any]] = {}
    for row in found:
        if row.now is None:
            reasons.setdefault(row.note, []).append(row.criterion)
    return reasons


if __name__ == "__main__":
    sys.exit(main())
