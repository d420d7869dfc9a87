"""One issue that follows the verdict of a candidate, and one comment on a change.

The issue also stores the last verdict that was reported, so that nothing else has to be kept between two runs.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from readiness.forge import texts
from readiness.forge.base import Forge, Post
from readiness.forge.standing import Standing, standing


def follow(forge: Forge, candidate: str, now: Standing) -> str:
    """Opens, updates or closes the issue of that candidate; returns a sentence about what was done.

    `now` is compared with what the latest issue says. A verdict that is not good opens an issue if none is open, unless
    the latest one says the same: then it was closed by hand. Another verdict that is not good updates the open one, a
    good one closes it, and the same leaves it alone. Of several open ones the oldest is kept. Raises ForgeError.
    """
    issues = [issue for issue in forge.issues() if texts.marked(issue.body, candidate) is not None]
    open_ = [issue for issue in issues if issue.open]
    if now.good:
        for issue in open_:
            _report(forge, candidate, now, issue)
            forge.close_issue(issue)
        return _sentence("closed", *open_) if open_ else f"{now.verdict}: there is no open issue to close"
    for issue in open_[1:]:
        forge.answer_issue(issue, f"The verdict of this candidate is followed in {open_[0].url}.")
        forge.close_issue(issue)
    if open_:
        if _kept(open_[0], candidate) == now.compared:
            return f"{now.verdict}, as {open_[0].url} says: it was left alone"
        _report(forge, candidate, now, open_[0])
        return _sentence("updated", open_[0])
    if issues and _kept(issues[-1], candidate) == now.compared:
        return f"{now.verdict}, as {issues[-1].url} says, which was closed by hand: none was opened"
    body = texts.issue_body(candidate, now, forge.run_url)
    return _sentence("opened", forge.open_issue(texts.title(candidate, now), body))


def _report(forge: Forge, candidate: str, now: Standing, issue: Post) -> None:
    """The comment first: an update without it would notify nobody, and no later run would make up for that."""
    forge.answer_issue(issue, texts.change_of_issue(_kept(issue, candidate), now, forge.run_url))
    forge.update_issue(issue, texts.title(candidate, now), texts.issue_body(candidate, now, forge.run_url))


def _kept(issue: Post, candidate: str) -> Mapping[str, Any]:
    return texts.marked(issue.body, candidate) or {}


def _sentence(done: str, *issues: Post) -> str:
    return f"{done}: {', '.join(issue.url or f'issue {issue.id}' for issue in issues)}"


def comment(forge: Forge, candidate: str, change: int, now: Standing, before: Standing | None) -> str:
    """Writes what the run of a change found, compared with `before`; there is one such comment, which later runs
    update. Returns a sentence about what was done. Raises ForgeError.
    """
    body = texts.comment_body(candidate, now, before, forge.run_url)
    for earlier in forge.comments(change):
        if texts.marked(earlier.body, candidate) is not None:
            forge.update_comment(change, earlier, body)
            return f"updated the comment on {change}"
    forge.comment(change, body)
    return f"commented on {change}"


@contextmanager
def last(forge: Forge) -> Iterator[Standing | None]:
    """What the last scheduled run found, while its evidence is unpacked; None if there is none. Raises ForgeError."""
    with tempfile.TemporaryDirectory(prefix="tofu-ha-last-") as folder:
        yield standing(Path(folder)) if forge.last_evidence(Path(folder)) else None
