"""The texts that are posted. Reasons quote what a store answered: nothing in them may be a link, mention or markup."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from readiness.evidence.stored import Unreadable
from readiness.forge.base import LABEL, MOST_CHARACTERS
from readiness.forge.standing import Standing, is_red
from readiness.report.comparison import compare, read
from readiness.report.words import short, summary

MOST_REASON = 400
_MARK = re.compile(rf"<!-- {LABEL}: (\{{.*?\}}) -->")
_NO_WIDTH = "\u200b"
_KEPT_UP = (
    "The scheduled run keeps this issue up to date, and closes it when the verdict is good again. The evidence is an "
    "artifact of that run: read `report.html` first, then use `compare` and `recheck`."
)


def mark(candidate: str, kept: Mapping[str, Any]) -> str:
    """A comment that no reader sees: of which candidate this is, and what it says."""
    text = json.dumps({"candidate": candidate, **kept}, sort_keys=True).replace(">", "\\u003e")
    return f"<!-- {LABEL}: {text} -->"


def marked(body: str, candidate: str) -> Mapping[str, Any] | None:
    """What `mark` kept in a text about that candidate; None if the text is about anything else."""
    found = _MARK.search(body)
    try:
        kept = json.loads(found[1]) if found else {}
    except ValueError:
        return None
    if kept.get("candidate") != candidate:
        return None
    return {name: value for name, value in kept.items() if name != "candidate"}


def title(candidate: str, now: Standing) -> str:
    """Of the issue."""
    return f"OpenTofu state authority {candidate}: {now.verdict}"


def issue_body(candidate: str, now: Standing, run_url: str) -> str:
    """The text of the issue, which names what is red now."""
    return _cut([mark(candidate, now.compared), *_head(now, run_url), _KEPT_UP])


def change_of_issue(was: Mapping[str, Any], now: Standing, run_url: str) -> str:
    """The comment on the issue when the verdict, or what is red, has changed."""
    then, today = set(was.get("red", ())), set(now.red)
    lines = [f"{was.get('verdict', 'unknown')} became {now.verdict}.", ""]
    lines += [f"No longer red: {', '.join(sorted(then - today))}", ""] if then - today else []
    lines += [f"Red now: {', '.join(sorted(today - then))}", ""] if today - then else []
    return _cut([*lines, *_head(now, run_url)])


def comment_body(candidate: str, now: Standing, before: Standing | None, run_url: str) -> str:
    """The comment on a change: what its run found, compared with the last run of the default branch."""
    return _cut([mark(candidate, {"comment": True}), *_head(now, run_url), *_comparison(now, before)])


def _comparison(now: Standing, before: Standing | None) -> list[str]:
    if before is None or before.folder is None:
        return ["Nothing to compare with: the default branch has no scheduled run whose evidence is kept."]
    if now.folder is None:
        return []
    try:
        text = compare(read(before.folder), read(now.folder))
    except Unreadable as error:
        return ["The runs cannot be compared:", *_fenced(str(error))]
    return ["A is the last scheduled run of the default branch, B is this change.", "", harmless(text)]


def _head(now: Standing, run_url: str) -> list[str]:
    where = f" ([the run]({run_url}))" if run_url else ""
    return [f"**{now.verdict}**{where}", "", *_fenced("\n".join(_found(now))), ""]


def _found(now: Standing) -> list[str]:
    if now.record is None:
        return [now.why]
    rows = [row for row in now.record.criteria if is_red(row, now.record)]
    red = [f"{row.id} {row.state} {row.title}: {short(row.reason, MOST_REASON)}" for row in rows]
    return [f"run {now.record.run}", summary(now.record.model_dump(mode="json", by_alias=True)), *red]


def harmless(text: str) -> str:
    """Markdown of our own whose words are a store's: no link, no picture, no mention in it."""
    return text.replace("](", f"]{_NO_WIDTH}(").replace("@", f"@{_NO_WIDTH}")


def _fenced(text: str) -> list[str]:
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}text", text, fence]


def _cut(lines: list[str]) -> str:
    text = "\n".join(lines)
    if len(text) <= MOST_CHARACTERS:
        return text
    return f"{text[:MOST_CHARACTERS]}\n\n… cut: the rest is in the artifact of the run."
