"""Run the default check on releases of stores with published bugs: those of every bug, or of the bugs named.

Writes docs/known-bugs.md from the outcomes of this run and of earlier ones. A release is installed or built once, from
its lock file, and cached. Exit 1 if a bug was missed that no reason is given for, if one was caught that is said to be
missed, or if a release could not be judged.
"""

from __future__ import annotations

import sys
import time

from readiness.command_line import Parser
from readiness.errors import UsageError
from readiness.plugin.description import revision
from tests.known_bugs import table
from tests.known_bugs.bug import KnownBug, Release
from tests.known_bugs.catalogue import ALL, BY_NAME
from tests.known_bugs.kept import keep, kept
from tests.known_bugs.results import Verdict, result
from tests.known_bugs.runner import check


def main(arguments: list[str]) -> int:
    """Runs, tells, writes."""
    parser = Parser(prog="python -m tests.known_bugs", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="only the releases of these bugs")
    parser.add_argument("--list", action="store_true", help="list the bugs")
    parser.add_argument("--new", action="store_true", help="skip releases that were judged before")
    parser.add_argument("--page", action="store_true", help="judge nothing: only write the page again")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    if unknown := [name for name in given.names if name not in BY_NAME]:
        parser.error(f"unknown: {', '.join(unknown)}; --list lists them")
    wanted = [BY_NAME[name] for name in given.names] or list(ALL)
    if given.list:
        for bug in wanted:
            print(f"{bug.name:36} {bug.release.name:24} {bug.expects:6} {', '.join(bug.source)}")
        return 0
    failed = [] if given.page else _judge(_releases(wanted, new=given.new), given.seed)
    table.PAGE.write_text(table.written(ALL, kept()), encoding="utf-8")
    return _told(wanted) or int(bool(failed))


def _releases(bugs: list[KnownBug], *, new: bool) -> list[Release]:
    every = dict.fromkeys(release for bug in bugs for release in bug.releases())
    known = kept() if new else {}
    return [release for release in every if release.name not in known]


def _judge(releases: list[Release], seed: int) -> list[str]:
    """The releases that could not be judged."""
    suite, failed = revision(), []
    for number, release in enumerate(releases, start=1):
        began = time.monotonic()
        try:
            outcome = check(release, suite, seed=seed)
        except (UsageError, RuntimeError) as error:
            failed.append(release.name)
            print(f"[{number:2}/{len(releases)}] {release.name} was not judged: {error}", flush=True)
            continue
        keep(outcome)
        took = time.monotonic() - began
        print(f"[{number:2}/{len(releases)}] {release.name} was judged ({took:.0f} s)", flush=True)
    return failed


def _told(bugs: list[KnownBug]) -> int:
    outcomes = kept()
    results = [result(bug, outcomes) for bug in bugs]
    for each in results:
        print(f"{each.verdict:12} {each.bug.name}: {each.why[:300]}")
    wrong = [each for each in results if each.verdict is not Verdict.NOT_RUN and not each.as_declared]
    for each in wrong:
        print(f"not as declared: {each.bug.name} is {each.verdict}")
    caught = sum(each.verdict is Verdict.CAUGHT for each in results)
    print(f"{caught} of {len(results)} caught")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
