"""What a terminal shows at the end of a run: a table that fits 100 columns, and what to do next."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from readiness.criteria import PHASES
from readiness.finding import State
from readiness.report.words import MARKS
from readiness.verdict import Result, Verdict


def print_verdict(console: Console, verdict: Verdict, facts: dict[str, str]) -> None:
    """A line for each phase and for each criterion that is not as it should be, then the verdict."""
    table = Table(box=None, pad_edge=False, show_header=False, width=min(console.width, 100))
    table.add_column(width=1)
    table.add_column(width=29, no_wrap=True)
    table.add_column(ratio=1)
    for phase, name in PHASES.items():
        rows = [result for result in verdict.results if result.criterion.phase == phase]
        good = sum(result.state is State.PROVED for result in rows)
        table.add_row(
            "", Text(f"Phase {phase}", "bold"), Text(f"{name}: {good} of {len(rows)} PROVED", "bold")
        )
        for result, more in _lines(rows):
            mark = MARKS[result.state]
            name_of = f"{result.criterion.id} {result.state}"
            table.add_row(
                Text(mark.glyph, mark.style),
                Text(name_of, mark.style),
                Text(_why(result, more, verdict)),
            )
    console.print()
    console.print(table)
    console.print()
    counts = ", ".join(f"{count} {state}" for state, count in verdict.counts().items() if count)
    console.print(
        Text(verdict.sentence, "bold green" if verdict.exit_code == 0 else "bold red"),
        f"({counts})",
        highlight=False,
    )
    for name, value in facts.items():
        console.print(f"  {name}: {value}", highlight=False, soft_wrap=True)


def _lines(rows: list[Result]) -> list[tuple[Result, int]]:
    """The criteria that are not PROVED. Those that did not run for the same reason share a line that counts them,
    except those that the candidate's file declares.
    """
    lines: dict[str, tuple[Result, int]] = {}
    for result in rows:
        if result.state is State.PROVED and not result.issue:
            continue
        not_run = result.state is State.NOT_RUN and not result.not_run_as_declared
        key = result.finding.reason if not_run else result.criterion.id
        first, more = lines.get(key, (result, -1))
        lines[key] = (first, more + 1)
    return list(lines.values())


def _why(result: Result, more: int, verdict: Verdict) -> str:
    reason = " ".join(result.finding.reason.split())
    if verdict.interim and result.not_run_as_declared:
        return f"{result.criterion.title}: {reason} [NOT RUN as declared: {result.declared}]"
    if result.state is State.NOT_RUN:
        return f"and {more} more: {reason}" if more else reason
    expected = f" [expected red: {result.issue}]" if verdict.interim and result.issue else ""
    if not verdict.decides(result):
        expected = f" [level {result.criterion.level}: does not decide]"
    short = reason if len(reason) <= 400 else reason[:397] + "…"
    return (
        f"{result.criterion.title}: {short}{expected}"
        if result.state is not State.PROVED
        else f"now PROVED, but listed as expected red ({result.issue}): remove it from expected_red"
    )
