"""in a pipeline: a summary of junit.xml, one issue that follows the verdict, `compare` as a comment on a change.

On GitHub Actions and in GitLab CI, with the variables that these set (docs/ci.md). Exit 0: done, whatever the verdict
is; 4: nothing could be done, and a message says what to change.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from readiness.command_line import Parser
from readiness.errors import EXIT_USAGE
from readiness.forge.base import Forge, ForgeError
from readiness.forge.follow import comment, follow, last
from readiness.forge.github import ARTIFACT, GitHub
from readiness.forge.gitlab import JOB, GitLab
from readiness.forge.standing import standing
from readiness.report.junit_summary import Unreadable, summary
from readiness.verdict import EXIT_GOOD


def main(arguments: list[str]) -> int:
    """The command."""
    given = _parser().parse_args(arguments)
    try:
        if given.what == "summary":
            print(summary(given.junit), end="")
        else:
            print(_posted(given))
    except (ForgeError, Unreadable) as error:
        print(f"ERROR: {error}", file=sys.stderr)
        return EXIT_USAGE
    return EXIT_GOOD


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="tofu-state-ha-readiness ci", description=__doc__, allow_abbrev=False)
    commands = parser.add_subparsers(dest="what", required=True, metavar="COMMAND")
    shown = commands.add_parser("summary", help="a JUnit report as Markdown")
    shown.add_argument("junit", type=Path, metavar="JUNIT", help="for example results/junit.xml")
    issue = commands.add_parser(
        "issue", help="open one issue when the verdict changes for the worse, update it, and close it"
    )
    note = commands.add_parser(
        "comment", help="one comment on a pull or merge request: `compare` with the last run"
    )
    note.add_argument(
        "--change", type=int, required=True, metavar="N", help="number of the pull or merge request"
    )
    note.add_argument(
        "--last",
        metavar="NAME",
        help=f"artifact (GitHub, default: {ARTIFACT}) or job (GitLab, default: {JOB}) with the last run's evidence",
    )
    for each in (issue, note):
        each.add_argument("--candidate", required=True, metavar="NAME|PATH", help="as the run was given it")
        each.add_argument(
            "results", type=Path, metavar="RESULTS", help="folder with the evidence of this run"
        )
    return parser


def _forge(environ: Mapping[str, str], name: str | None = None) -> Forge:
    if environ.get("GITHUB_ACTIONS") == "true":
        return GitHub(environ, name or ARTIFACT)
    if environ.get("GITLAB_CI") == "true":
        return GitLab(environ, name or JOB)
    raise ForgeError("this is no job of GitHub Actions (GITHUB_ACTIONS) or GitLab CI (GITLAB_CI)")


def _posted(given: argparse.Namespace) -> str:
    now = standing(given.results)
    if given.what == "issue":
        return follow(_forge(os.environ), given.candidate, now)
    forge = _forge(os.environ, given.last)
    with last(forge) as before:
        return comment(forge, given.candidate, given.change, now, before)
