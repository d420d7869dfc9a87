"""What a terminal shows at the end of a check: every criterion that was asked for, then what the rest would need."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from readiness.criteria.needs import needs
from readiness.finding import State
from readiness.report.words import MARKS, UNSELECTED, short
from readiness.verdict import EXIT_GOOD, Result, Verdict

_REASON = 400
_HELD_MARK, _HELD_STYLE = "~", "cyan"


WITHOUT_BUCKET = "a credential that may make buckets, and no --bucket"
"""What it takes to ask for listings and HEADs of buckets."""


def needs_of(needed: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """What criteria take, each with the ids of those that take it; of pairs of id and need."""
    found: dict[str, list[str]] = {}
    for id_, need in needed:
        found.setdefault(need, []).append(id_)
    return found


def print_check(console: Console, verdict: Verdict, facts: dict[str, str]) -> None:
    """A line for each criterion that was asked for; then what each of the others, and the faults of these, would take.
    Only the lines of what was PROVED are green.
    """
    asked = [result for result in verdict.results if _was_asked(result)]
    table = Table(box=None, pad_edge=False, show_header=False, width=min(console.width, 100))
    table.add_column(width=1)
    table.add_column(width=16, no_wrap=True)
    table.add_column(ratio=1)
    table.add_row("", Text("Without faults", "bold"), "")
    for result in asked:
        table.add_row(*_row(result, verdict))
    table.add_row("", "", "")
    table.add_row(
        "",
        Text("Not judged", "bold"),
        Text("and what that needs in a candidate file (docs/declare-a-candidate.md)", "bold"),
    )
    rest = [r for r in verdict.results if not _was_asked(r) or r.criterion.id in verdict.held]
    for need, ids in needs_of((r.criterion.id, _need(r)) for r in rest).items():
        table.add_row("", Text(_ids(ids), "dim"), Text(f"{need}", "dim"))
    console.print()
    console.print(table)
    console.print()
    console.print(Text(verdict.sentence, "bold" if verdict.exit_code == EXIT_GOOD else "bold red"))
    for name, value in facts.items():
        console.print(f"  {name}: {value}", highlight=False, soft_wrap=True)


def _need(result: Result) -> str:
    return WITHOUT_BUCKET if result.finding.reason == WITHOUT_BUCKET else needs(result.criterion)


def _was_asked(result: Result) -> bool:
    unasked = {*UNSELECTED, _need(result)}
    return result.state is not State.NOT_RUN or result.finding.reason not in unasked


def _row(result: Result, verdict: Verdict) -> tuple[Text, Text, Text]:
    criterion, mark = result.criterion, MARKS[result.state]
    held = criterion.id in verdict.held
    glyph, style = (_HELD_MARK, _HELD_STYLE) if held else (mark.glyph, mark.style)
    word = "holds" if held else str(result.state)
    why = criterion.title
    if not held and result.state is not State.PROVED:
        why += f": {short(result.finding.reason, _REASON)}"
    why += " [as far as no fault is needed]" if held else ""
    why += "" if verdict.decides(result) else f" [level {criterion.level}: does not decide]"
    return Text(glyph, style), Text(f"{criterion.id} {word}", style), Text(why)


def _ids(ids: list[str]) -> str:
    return ids[0] if len(ids) == 1 else f"{ids[0]} + {len(ids) - 1} more"
