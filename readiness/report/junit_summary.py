"""A JUnit report as Markdown, where a pipeline shows none: the verdict, counts, and every case that did not pass."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from junitparser import Failure, JUnitXml, JUnitXmlError, Skipped
from junitparser.xunit2 import TestSuite

from readiness.report.words import short

MOST_REASON = 300


class Unreadable(Exception):
    """There is no JUnit report; the message says why."""


def summary(path: Path) -> str:
    """The Markdown. A report without a verdict, or without a case, is shown as such. Raises Unreadable."""
    try:
        suites = [TestSuite.fromelem(each._elem) for each in JUnitXml.fromfile(str(path))]
    except (OSError, JUnitXmlError, SyntaxError) as error:
        raise Unreadable(f"{path} is no JUnit report: {error}") from None
    lines = [line for suite in suites for line in _suite(suite)]
    return "\n".join(lines or ["**The report has no test suite: nothing was judged.**"]) + "\n"


def _suite(suite: Any) -> Iterator[str]:
    said = {entry.name: entry.value for entry in suite.properties()}
    cases = list(suite)
    rows = [row for row in map(_row, cases) if row]
    yield f"## {_cell(said.get('verdict') or 'NO VERDICT')}\n"
    yield f"{len(cases) - len(rows)} of {len(cases)} passed.\n"
    if rows:
        yield "| | criterion | why |\n|---|---|---|"
        yield from rows
        yield ""


def _row(case: Any) -> str | None:
    """The line of a case that did not pass: its worst result."""
    if not case.result:
        return None
    worst = min(
        case.result, key=lambda result: (isinstance(result, Skipped), not isinstance(result, Failure))
    )
    kind = {"Failure": "failed", "Error": "error", "Skipped": "skipped"}[type(worst).__name__]
    return f"| {kind} | {_cell(case.name)} | {_cell(short(worst.message or '', MOST_REASON))} |"


def _cell(text: str) -> str:
    """Untrusted text in a cell: no markup, no link, no mention."""
    return re.sub(r"([\\`*_{}\[\]()#+|!<>~])", r"\\\1", " ".join(text.split())).replace("@", "@\u200b")
