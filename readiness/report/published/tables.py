"""The two tables of all stores: every criterion (reports/README.md), and the decision (docs/which-store.md). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from readiness.criteria import MANIFEST, PHASES, Level
from readiness.finding import State
from readiness.report.published.levels import by_level
from readiness.report.published.model import Answers, LongestOutage, Published
from readiness.report.published.page import cell
from readiness.report.words import MARKS, short
from readiness.topology import FaultKind

KINDS = (FaultKind.CRASH, FaultKind.SILENCE, FaultKind.DRAIN)
COLUMNS = (
    "store and version",
    "`plan`",
    "`state`",
    "`s3`",
    *(f"longest outage: {kind}" for kind in KINDS),
    "acknowledged writes lost",
    "what would happen to your state",
    "page",
)
EARLIER = "**Judged by an earlier suite: other criteria, not to be compared**"
NOT_KEPT, NO_LEVELS = "not kept", "as `plan`"


def criteria_table(stores: Iterable[Published]) -> str:
    """Stores × criteria: a criterion a line, a store a column."""
    known = sorted(stores, key=lambda store: store.candidate)
    names = [f"[{store.candidate}]({store.candidate}/README.md)" for store in known]
    states = [{row.id: row.state for row in store.criteria} for store in known]
    verdicts = " | ".join(f"**{store.verdict}**" for store in known)
    judged = " | ".join(f"{len(store.criteria)} criteria, `{store.suites}`" for store in known)
    lines = [f"| | {' | '.join(names)} |", "|---|" + "---|" * len(known), f"| verdict | {verdicts} |"]
    lines.append(f"| judged by | {judged} |")
    for phase, title in PHASES.items():
        lines.append(f"| **{title}** |" + " |" * len(known))
        for each in (criterion for criterion in MANIFEST if criterion.phase == phase):
            marks = " | ".join(MARKS[row[each.id]].glyph if each.id in row else " " for row in states)
            level = " (s3)" if each.level is Level.S3 else ""
            lines.append(f"| {each.id}{level} {short(each.title, 60)} | {marks} |")
    legend = ", ".join(f"{mark.glyph} {state}" for state, mark in MARKS.items())
    return "\n".join([*lines, "", f"{legend}; empty: the suite did not have it."])


def decision(stores: Iterable[Published], sentences: Mapping[str, str], reports: str) -> str:
    """A table with a store a line, then who is READY, then what an operator must accept or change, by candidate. What
    today's criteria judged comes first, READY first; then, apart, pages of earlier suites. `reports` is the way from
    the page to the folder of reports.
    """
    known = sorted(stores, key=lambda store: (not store.current, not _ready(store), store.candidate))
    current = [store for store in known if store.current]
    earlier = [store for store in known if not store.current]
    lines = [f"| {' | '.join(COLUMNS)} |", "|---" * len(COLUMNS) + "|"]
    lines += [_row(store, reports) for store in current]
    if earlier:
        lines.append(f"| {EARLIER} |" + " |" * (len(COLUMNS) - 1))
    lines += [_row(store, reports) for store in earlier]
    ready = ", ".join(store.candidate for store in current if _ready(store)) or "none"
    marks = "✓ kept, ✗ not kept, ? cannot be told; in brackets the time that was promised."
    return "\n".join(
        [
            *lines,
            "",
            f"{marks} There are {len(MANIFEST)} criteria today.",
            "",
            f"**READY at the levels `plan` and `state`, by today's criteria: {ready}.**",
            "",
            "What an operator must accept or change to use it for OpenTofu state:",
            "",
            *(f"- **{store.candidate}**: {sentences[store.candidate]}" for store in known),
        ]
    )


def _ready(store: Published) -> bool:
    levels = [each.ready for each in by_level(store) if each.level != "s3"]
    return bool(levels) and all(levels)


def _row(store: Published, reports: str) -> str:
    name = store.candidate
    versions = ", ".join(f"{part} {_short_version(value)}" for part, value in store.versions.items())
    cells = [
        f"**{name}**: {cell(versions) or 'version unknown'}",
        *_verdicts(store),
        *(_figures(store.answers) if store.answers else [NOT_KEPT] * (len(KINDS) + 2)),
        f"[{len(store.criteria)} criteria, {cell(store.suites)}]({reports}/{name}/README.md)",
    ]
    return f"| {' | '.join(cells)} |"


def _short_version(version: str) -> str:
    return re.sub(r" \(.*\)$", "", version)


def _verdicts(store: Published) -> list[str]:
    levels = [f"{'✓' if each.ready else '✗'} {each.words}" for each in by_level(store)]
    return levels or [f"{cell(store.verdict)}, of all levels together", NO_LEVELS, NO_LEVELS]


def _figures(answers: Answers) -> list[str]:
    outages = {each.kind: each for each in answers.outages}
    cells = [_outage(outages[kind]) if kind in outages else "not measured" for kind in KINDS]
    return [*cells, _lost(answers), _would(answers)]


def _outage(each: LongestOutage) -> str:
    return f"{MARKS[each.state].glyph} {cell(each.words)} ({each.promised:g} s)"


def _lost(answers: Answers) -> str:
    found = answers.writes
    if found is None:
        return "not measured"
    state = State.REFUTED if found.lost else State.UNKNOWN if found.unproved else State.PROVED
    return f"{MARKS[state].glyph} {found.lost:,} of {found.acknowledged:,}"


def _would(answers: Answers) -> str:
    """The first thing that would have gone wrong, and how many more; else what is not shown. What was found by playing
    faults comes before what follows from the candidate's file.
    """
    wrong = [each for each in answers.would if each.state is State.REFUTED]
    wrong.sort(key=lambda each: all(id_.startswith(("P0.", "S.")) for id_ in each.because))
    open_ = [each for each in answers.would if each.state not in (State.REFUTED, State.PROVED)]
    for found in (wrong, open_):
        if found:
            more = _more(found[1:])
            return f"{MARKS[found[0].state].glyph} {cell(found[0].sentence)}{more}"
    return (
        f"✓ nothing: {len(answers.would)} of {len(answers.would)} questions are PROVED"
        if answers.would
        else "?"
    )


def _more(others: Sequence[object]) -> str:
    return f" And {len(others)} more." if others else ""
