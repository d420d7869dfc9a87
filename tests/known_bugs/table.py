"""docs/known-bugs.md: every bug, where it was published, the criterion that caught it, and what an operator reads."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from readiness.paths import ROOT
from tests.known_bugs.bug import KnownBug, Release
from tests.known_bugs.results import Outcome, Result, Verdict, result

PAGE = ROOT / "docs" / "known-bugs.md"
LONGEST = 230
HEAD = """# Known bugs, in the releases that had them

Written by `./just known-bugs`; do not edit. Each release is one that a package registry still serves. One process of it
was started as its documentation says, and asked for what [check](check.md) asks for: no faults, the same criteria,
workloads and judges as in a whole run. **Caught**: the criterion is REFUTED with the words that name the bug, and the
release with the correction is not refuted with them. A bug of which the release was not judged is neither caught nor
missed. Releases have other faults than these; only what is about the bug is shown.

"""


def written(bugs: Sequence[KnownBug], outcomes: Mapping[str, Outcome]) -> str:
    """The page."""
    results = [result(bug, outcomes) for bug in bugs]
    count = {each: sum(found.verdict is each for found in results) for each in Verdict}
    lines = [
        f"{len(bugs)} published bugs: {', '.join(f'{number} {each}' for each, number in count.items() if number)}.",
        "",
        "| bug | release | what the store does | caught by | what the operator reads | with the correction |",
        "|---|---|---|---|---|---|",
        *(_row(found) for found in results if found.verdict is Verdict.CAUGHT),
    ]
    for verdict, title in ((Verdict.MISSED, "Missed"), (Verdict.NOT_RUN, "Not run yet")):
        if rest := [found for found in results if found.verdict is verdict]:
            lines += ["", f"## {title}", "", *(_item(found) for found in rest)]
    lines += ["", "## Releases", "", *_releases(bugs, outcomes)]
    return HEAD + "\n".join(lines) + "\n"


def _row(found: Result) -> str:
    bug = found.bug
    corrected = f"{_called(bug.corrected)}: {found.corrected}" if bug.corrected else "none can be had"
    return (
        f"| {_sources(bug)} | {_called(bug.release)} | {bug.does} | **{bug.expects}** | "
        f"{_around(found.why, bug.says)} | {corrected}; fixed: {bug.fixed} |"
    )


def _item(found: Result) -> str:
    bug = found.bug
    why = "" if found.verdict is Verdict.NOT_RUN else f" {_around(found.why, bug.says)}."
    unseen = f" Why: {bug.unseen}" if bug.unseen else ""
    return f"- {_sources(bug)}, {_called(bug.release)}: {bug.does}. Fixed: {bug.fixed}.{why}{unseen}"


def _releases(bugs: Sequence[KnownBug], outcomes: Mapping[str, Outcome]) -> list[str]:
    every = dict.fromkeys(release for bug in bugs for release in bug.releases())
    return [
        f"- {_called(each)}: judged by {outcomes[each.name].suite}" for each in every if each.name in outcomes
    ]


def _called(release: Release) -> str:
    return f"{release.store} {release.version}"


def _sources(bug: KnownBug) -> str:
    return ", ".join(_link(each) for each in bug.source)


def _link(source: str) -> str:
    repository, _, number = source.partition("#")
    return f"[{repository.partition('/')[2]}#{number}](https://github.com/{repository}/issues/{number})"


def _around(reason: str, says: str) -> str:
    """What is said around those words, in one line without what differs from run to run, as short as a table cell."""
    at = reason.find(says)
    begin = max(reason.rfind("; ", 0, at) + 2, 0) if at > 0 and "; " in reason[:at] else 0
    text = " ".join(reason[begin:].split())
    text = re.sub(r"tofu-ha-scratch-[0-9a-f]+-", "", text)
    text = re.sub(r"127\.0\.0\.1[-:]\d+", "the store", text).replace("|", "\\|")
    return text if len(text) <= LONGEST else text[: LONGEST - 1].rsplit(" ", 1)[0] + " …"
