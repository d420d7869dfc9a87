"""judge the stored evidence of a run again, offline: recheck RUN.

With today's judges and checkers; nothing is started and nothing is written. Every criterion is judged from what is kept
but those of the gate, which add up what the others found. Exit 0: every criterion that is judged again has the state
it had in the run. Exit 1: one does not, or nothing could be judged again. Exit 4: the folder is edited, unsealed or
unreadable.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from readiness.command_line import Parser
from readiness.errors import EXIT_USAGE
from readiness.evidence.folder import BrokenSeal, verify_seal
from readiness.evidence.stored import Unreadable, read_run
from readiness.gate.again import Row, judged_again
from readiness.report.words import MARKS, not_run_as_declared, short

EXIT_SAME, EXIT_DIFFERENT = 0, 1


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = Parser(
        prog="tofu-state-ha-readiness recheck",
        description="Judge the stored evidence of a run again, offline.",
    )
    parser.add_argument(
        "run", type=Path, help="an evidence folder, for example reports/runs/20261124T094608Z-embedded-7b0c3b"
    )
    parser.add_argument(
        "--no-seal", action="store_true", help="also judge evidence that was edited after it was sealed"
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
        run = read_run(folder)
        found = judged_again(run)
    except (BrokenSeal, Unreadable) as error:
        print(f"recheck: {error}", file=sys.stderr)
        return EXIT_USAGE
    if declared := [row["id"] for row in run.verdict["criteria"] if not_run_as_declared(row)]:
        console.print(f"{len(declared)} NOT RUN as declared: {', '.join(declared)}", highlight=False)
    return _print_rows(console, found)


def _print_rows(console: Console, found: Sequence[Row]) -> int:
    again = [row for row in found if row.now is not None]
    table = Table(box=None, pad_edge=False, title=None)
    for heading in ("", "criterion", "in the run", "today", ""):
        table.add_column(heading, ratio=1 if not heading and table.columns else None)
    for row in again:
        assert row.now is not None
        mark = Text("=", "green") if row.same else Text("≠", "bold red")
        recorded, now = (f"{MARKS[state].glyph} {state}" for state in (row.recorded, row.now.state))
        why = row.note if row.same else short(row.now.reason, 300)
        table.add_row(mark, row.criterion, recorded, now, why)
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
