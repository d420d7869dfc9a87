"""Sentences about a verdict for the page, the terminal and the comparison. Pure: from the rows of verdict.json and
run.json.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from readiness import paths
from readiness.evidence.models import ALL_LEVELS
from readiness.finding import WORST_FIRST, State


@dataclass(frozen=True)
class Mark:
    """How a state is shown: its glyph, its style on a terminal (rich), and what it means."""

    glyph: str
    style: str
    meaning: str


MARKS = {
    State.PROVED: Mark("✓", "green", "shown to hold by direct observations of this candidate in this run"),
    State.REFUTED: Mark("✗", "bold red", "shown not to hold"),
    State.UNKNOWN: Mark("?", "yellow", "could not be judged; this is not a pass"),
    State.NOT_RUN: Mark("–", "dim", "was not judged, for the reason given"),
}
UNSELECTED = ("it was deselected", "it was not collected")


def not_run_as_declared(row: Mapping[str, Any]) -> bool:
    """Whether that criterion did not run because its fault could not be injected, as the candidate's file declares."""
    return bool(row.get("impossible") and row.get("declared_not_run"))


def first_open(
    criteria: Sequence[Mapping[str, Any]], levels: Sequence[str] = ALL_LEVELS
) -> Mapping[str, Any] | None:
    """The criterion to start with: a refuted one, else an unknown one, else one that did not run.

    Criteria of the gate that only follow from others come last; those that were not selected, or whose level does not
    decide, or whose fault was impossible as declared, or that are not promised, do not count.
    """
    asked = [
        row
        for row in criteria
        if row.get("reason") not in UNSELECTED
        and row.get("level", "plan") in levels
        and not not_run_as_declared(row)
        and not row.get("not_promised")
    ]
    for state in WORST_FIRST[:3]:
        found = [
            row for row in asked if row["state"] == state and not (state == "REFUTED" and row["expected_red"])
        ]
        for row in [*(r for r in found if not r["id"].startswith("P4.")), *found]:
            return row
    return next((row for row in asked if row["state"] == "PROVED" and row["expected_red"]), None)


def summary(verdict: Mapping[str, Any]) -> str:
    """The verdict and the reason for it, in a sentence or two."""
    counts = verdict["counts"]
    total = sum(counts.values())
    text = f"{counts['PROVED']} of {total} criteria are PROVED"
    others = [f"{counts[state]} {state}" for state in WORST_FIRST[:3] if counts.get(state)]
    text += f", {', '.join(others)}" if others else ""
    declared = [row["id"] for row in verdict["criteria"] if not_run_as_declared(row)]
    text += f"; NOT RUN as declared: {', '.join(declared)}" if declared else ""
    not_promised = [row["id"] for row in verdict["criteria"] if row.get("not_promised")]
    text += f"; not promised: {', '.join(not_promised)}" if not_promised else ""
    levels = verdict.get("levels", ALL_LEVELS)
    if beside := _beside(verdict["criteria"], levels):
        text += f"; of level s3, which does not decide: {beside}"
    open_ = first_open(verdict["criteria"], levels)
    if open_ is None or not verdict["exit_code"]:
        return f"{text}."
    reason = short(open_["reason"], 240)
    if open_["state"] == "PROVED":
        reason = f"it was expected red ({open_['expected_red']}); remove it from expected_red"
    return f"{text}. Start with {open_['id']}, “{open_['title']}”, which is {open_['state']}: {reason}"


def _beside(criteria: Sequence[Mapping[str, Any]], levels: Sequence[str]) -> str:
    """What is red of the levels that do not decide."""
    return ", ".join(
        f"{row['id']} {row['state']}"
        for row in criteria
        if row.get("level", "plan") not in levels and row["state"] in ("REFUTED", "UNKNOWN")
    )


def short(text: str, most: int) -> str:
    """The text on one line, cut at a word if it is longer than `most`."""
    line = " ".join(text.split())
    if len(line) <= most:
        return line
    return line[: max(line.rfind(" ", 0, most), most // 2)] + " …"


PACKAGE = "tofu-state-ha-readiness"
# Arguments of the wrapper, without and with a value.
_OWN = ("-q", "--watch", "--no-header", "--tb=short", "-rN", "--disable-plugin-autoload")
_OWN_VALUED = ("-c", "-p", "--rootdir", "--seed", "--runs", "--candidate", "--junitxml", "--junit-xml")


def command(about: Mapping[str, Any], test: str | None = None) -> str:
    """The command that repeats this run, or one test of it: the same options, the same seed. A store of
    `candidates/stores` is started by its script, and so is the run.
    """
    arguments = list(map(str, about["arguments"]))
    if about.get("mode") == "check":
        seed = [] if "--seed" in arguments else ["--seed", str(about["seed"])]
        return shlex.join([*_program(), "check", *arguments, *seed])
    root = next((value for name, value in pairwise(arguments) if name == "--rootdir"), "")
    given = about["candidate"]
    kept: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        name, _, value = argument.partition("=")
        if argument in _OWN or argument.rstrip("/").endswith("suites") or (test and "::" in argument):
            continue
        if name not in _OWN_VALUED:
            kept.append(argument)
            continue
        value = value or next(rest, "")
        if name == "--candidate" and value.endswith(".toml"):
            given = value.removeprefix(f"{root}/")
    words = [*_program(), "--candidate", given]
    if script := re.fullmatch(r"(candidates/stores/\w+)\.toml", given):
        words = [f"{script[1]}.sh", "judge"]
        kept = [argument for argument in kept if argument not in ("--allow-faults", "--keep-going")]
    return shlex.join([*words, *([test] if test else []), *kept, "--seed", str(about["seed"])])


def _program() -> list[str]:
    return ["./just", PACKAGE] if paths.CHECKOUT else [PACKAGE]


def next_step(verdict: Mapping[str, Any], about: Mapping[str, Any]) -> str | None:
    """The command that runs only the criterion to start with; None if there is nothing to do, or in a check, which is
    repeated whole.
    """
    if about.get("mode") == "check":
        return None
    levels = verdict.get("levels", ALL_LEVELS)
    open_ = first_open(verdict["criteria"], levels) if verdict["exit_code"] else None
    tests = about.get("tests", {})
    if open_ is None or open_["state"] == "NOT RUN" or open_["id"] not in tests:
        return None
    return command(about, tests[open_["id"]])
