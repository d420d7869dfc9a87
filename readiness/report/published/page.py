"""The page of one store, as Markdown: first the answers, then how to repeat the run, then every criterion, and at last
the operator's sentence. Pure: from what is published.
"""

from __future__ import annotations

from readiness.finding import WORST_FIRST, State
from readiness.report.published.levels import by_level
from readiness.report.published.model import Answers, Criterion, Obstacle, Published
from readiness.report.words import MARKS, short

HEADINGS = {State.REFUTED: "Refuted", State.UNKNOWN: "Could not be judged", State.NOT_RUN: "Not run"}
MOST_REASON, MOST_OBSTACLE = 200, 300


def page(store: Published, sentence: str) -> str:
    """The whole page."""
    versions = ", ".join(f"{name} {value}" for name, value in store.versions.items())
    lines = [
        f"# {store.candidate}: {store.verdict}",
        "",
        f"{store.summary} Nodes: {', '.join(store.nodes)}. Mode: {store.mode}.",
        "",
        f"Versions: {versions or 'unknown'}. Fingerprint of the candidate `{store.fingerprint[:16]}`.",
        "",
        f"{_counts(store)}.",
        "",
        *_levels(store),
        *(_answers(store, store.answers) if store.answers else _earlier(store)),
        *_runs(store),
        *_criteria(store),
        "## What an operator must accept or change",
        "",
        sentence,
    ]
    return "\n".join(lines) + "\n"


def cell(text: str) -> str:
    """The text in a cell of a table: on one line, and without what would end the cell or begin a tag."""
    return " ".join(text.split()).replace("|", r"\|").replace("<", "&lt;")


def _counts(store: Published) -> str:
    counts = {state: sum(row.state is state for row in store.criteria) for state in WORST_FIRST}
    return ", ".join(f"{count} {state}" for state, count in counts.items() if count)


def _levels(store: Published) -> list[str]:
    found = by_level(store)
    rows = [f"| `{each.level}` | {'✓' if each.ready else '✗'} {each.words} |" for each in found]
    return ["| level | verdict |", "|---|---|", *rows, ""] if rows else []


def _earlier(store: Published) -> list[str]:
    judged = f"Judged by an earlier suite (`{store.suites}`, {len(store.criteria)} criteria)"
    kept = f"{judged}, which kept neither levels nor figures for this page."
    return [f"{kept} What it says holds for that run; judge the store again to compare it with others.", ""]


def _answers(store: Published, answers: Answers) -> list[str]:
    return [
        "## Longest outages",
        "",
        *_outages(answers),
        "## Acknowledged writes",
        "",
        _writes(answers),
        "",
        "## What would have happened to OpenTofu",
        "",
        *(
            f"- {MARKS[each.state].glyph} {each.sentence} ({', '.join(each.because)})"
            for each in answers.would
        ),
        "",
        "## What stands between it and READY",
        "",
        *_obstacles(store, answers),
    ]


def _outages(answers: Answers) -> list[str]:
    unread = [f"Not read: {cell(line)}." for line in answers.unread]
    if not answers.outages:
        return ["Not measured: no fault with a promise was played.", "", *unread]
    rows = [
        f"| {each.kind} | {MARKS[each.state].glyph} {cell(each.words)} | {each.promised:g} s | {cell(each.where)} |"
        for each in answers.outages
    ]
    head = ["| kind of fault | longest outage | promised | seen |", "|---|---|---|---|"]
    meaning = "At least to at most; ✓ promise kept, ✗ not kept, ? cannot be told."
    return [*head, *rows, "", meaning, "", *([*unread, ""] if unread else [])]


def _writes(answers: Answers) -> str:
    found = answers.writes
    if found is None:
        return "Not measured: no criterion that reads back what was acknowledged was judged."
    unproved = f" Not PROVED of the criteria that read them back: {', '.join(found.unproved)}."
    return (
        f"{found.acknowledged:,} acknowledged writes, **{found.lost:,} lost**, in {found.scenarios} scenarios: "
        f"objects whose last acknowledged write was not found at the end, of {found.objects:,}."
        + (unproved if found.unproved else "")
    )


def _obstacles(store: Published, answers: Answers) -> list[str]:
    if not answers.obstacles:
        return ["Nothing at the levels `plan` and `state`: all that it promises is PROVED.", ""]
    lines = ["At the levels `plan` and `state`, each with the command that shows it again.", ""]
    titles = {row.id: row.title for row in store.criteria}
    for number, each in enumerate(answers.obstacles, 1):
        indent = " " * (len(str(number)) + 2)
        shown = ["```sh", each.command, "```"]
        text = f"{number}. **{_named(each)}** {each.state}: {_what(each, titles)}"
        lines += [text, "", *(indent + line for line in shown), ""]
    return lines


def _named(each: Obstacle) -> str:
    if len(each.criteria) > 4:
        return f"{each.criteria[0]} and {len(each.criteria) - 1} more"
    return ", ".join(each.criteria)


def _what(each: Obstacle, titles: dict[str, str]) -> str:
    reason = short(each.reason, MOST_OBSTACLE)
    return f"{titles[each.criteria[0]]}: {reason}" if len(each.criteria) == 1 else reason


def _runs(store: Published) -> list[str]:
    rows = [
        f"| {run.run} | {run.suite} | {run.machine} | {run.judged} criteria | {run.seconds:.0f} s |"
        for run in store.runs
    ]
    return [
        "## Reproduce",
        "",
        "```sh",
        *(run.command for run in store.runs),
        "```",
        "",
        "| run | suite | machine | judged | took |",
        "|---|---|---|---|---|",
        *rows,
        "",
        *([store.note, ""] if store.note else []),
    ]


def _criteria(store: Published) -> list[str]:
    lines: list[str] = []
    for state, heading in HEADINGS.items():
        rows = [row for row in store.criteria if row.state is state]
        if rows:
            lines += [f"## {heading}", "", *map(_line, rows), ""]
    proved = [row for row in store.criteria if row.state is State.PROVED]
    shown = [f"- {row.id} {row.title}: {short(row.reason, MOST_REASON)}" for row in proved]
    return [*lines, "## Proved", "", *shown, ""] if shown else lines


def _line(row: Criterion) -> str:
    expected = f" (expected red: {row.expected_red})" if row.expected_red else ""
    if row.state is State.NOT_RUN and row.declared_not_run:
        expected = f" (as declared: {row.declared_not_run})"
    level = " (level s3: S3 behavior that OpenTofu does not use)" if row.level == "s3" else ""
    return f"- **{row.id}** {row.title}{level}: {row.reason}{expected}"
