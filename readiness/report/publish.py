"""Publish what a store was found to be, from the sealed evidence of runs.

Writes `reports/CANDIDATE/README.md` (version, topology, verdict, each red criterion in a sentence, how to repeat it),
`reports/CANDIDATE/verdict.json`, and the table of all stores in `reports/README.md`. Several runs of one candidate
(phase by phase, say) are combined: the worst state that any of them found for a criterion counts. Exit 4: a folder
cannot be read, its seal is broken, or it is of another candidate.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from readiness import paths
from readiness.criteria import MANIFEST, PHASES, Level
from readiness.errors import UsageError
from readiness.evidence.folder import BrokenSeal, verify_seal
from readiness.finding import WORST_FIRST, State
from readiness.report.words import MARKS, command, short

BEGIN, END = "<!-- stores: begin -->", "<!-- stores: end -->"
WEIGHT = {"REFUTED": 0, "UNKNOWN": 1, "PROVED": 2, "NOT RUN": 3}
"""Between runs a state that was found counts before NOT RUN: another run did judge it."""


@dataclass(frozen=True)
class PublishedRun:
    """The evidence folder of one run."""

    about: Mapping[str, Any]
    verdict: Mapping[str, Any]


def read(folder: Path) -> PublishedRun:
    """The folder, with its seal verified. Raises UsageError."""
    try:
        verify_seal(folder)
        about = json.loads((folder / "run.json").read_text("utf-8"))
        return PublishedRun(about, json.loads((folder / "verdict.json").read_text("utf-8")))
    except BrokenSeal as error:
        raise UsageError(f"{folder} is not as the run left it: {error}") from None
    except (OSError, ValueError) as error:
        raise UsageError(f"{folder} is not the evidence folder of a finished run: {error}") from None


def together(runs: Sequence[PublishedRun]) -> dict[str, Any]:
    """One verdict from all the runs. Raises UsageError if they are not of the same candidate, or one is a check."""
    first = runs[0]
    for run in runs:
        if run.verdict["mode"] == "check":
            raise UsageError(
                f"{run.verdict['run']} is a check, which injects no fault: judge the store to publish it"
            )
    for run in runs[1:]:
        if run.verdict["fingerprint"] != first.verdict["fingerprint"]:
            one, other = run.verdict["run"], first.verdict["run"]
            raise UsageError(f"{one} is of another candidate than {other}, or of the same after a change")
    rows: dict[str, Mapping[str, Any]] = {}
    for run in runs:
        for row in run.verdict["criteria"]:
            known = rows.get(row["id"])
            if known is None or WEIGHT[row["state"]] < WEIGHT[known["state"]]:
                rows[row["id"]] = row
    expected = first.verdict["mode"] == "interim"
    best = len(runs) == 1 and first.verdict["exit_code"] == 0
    return {
        "candidate": first.verdict["candidate"],
        "summary": first.about["declared"]["summary"],
        "fingerprint": first.verdict["fingerprint"],
        "mode": first.verdict["mode"],
        "verdict": first.verdict["verdict"] if best or expected else "NOT READY",
        "versions": first.verdict["facts"].get("versions", {}),
        "criteria": [_row(rows[each.id]) for each in MANIFEST if each.id in rows],
    }


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    kept = {
        "id": row["id"],
        "state": row["state"],
        "title": row["title"],
        "reason": short(row["reason"], 600),
    }
    kept |= {"level": "s3"} if row.get("level") == "s3" else {}
    named = ("expected_red", "declared_not_run") if row["state"] != State.NOT_RUN else ("declared_not_run",)
    return kept | {name: row[name] for name in named if row.get(name)}


def page(runs: Sequence[PublishedRun], combined: Mapping[str, Any], note: str = "") -> str:
    """The store's page, as Markdown. `note`: a sentence on what else the machine did."""
    about = runs[0].about
    counts = {state: sum(row["state"] == state for row in combined["criteria"]) for state in WORST_FIRST}
    nodes = about["declared"]["provider"].get("nodes") or sorted(
        {each["node"] for each in about["declared"]["endpoints"]}
    )
    versions = ", ".join(f"{name} {value}" for name, value in combined["versions"].items())
    lines = [
        f"# {combined['candidate']}: {combined['verdict']}",
        "",
        f"{combined['summary']} Nodes: {', '.join(nodes)}. Mode: {combined['mode']}.",
        "",
        f"Versions: {versions or 'unknown'}. Fingerprint of the candidate `{combined['fingerprint'][:16]}`.",
        "",
        f"{', '.join(f'{count} {state}' for state, count in counts.items() if count)}.",
        "",
        "## Reproduce",
        "",
        "```sh",
        *(command(run.about) for run in runs),
        "```",
        "",
        "| run | suite | machine | judged | took |",
        "|---|---|---|---|---|",
        *(_run_line(run) for run in runs),
        "",
        *([note, ""] if note else []),
    ]
    for state, heading in (
        ("REFUTED", "Refuted"),
        ("UNKNOWN", "Could not be judged"),
        ("NOT RUN", "Not run"),
    ):
        rows = [row for row in combined["criteria"] if row["state"] == state]
        if rows:
            lines += [f"## {heading}", "", *(_line(row) for row in rows), ""]
    proved = [row for row in combined["criteria"] if row["state"] == "PROVED"]
    lines += [
        "## Proved",
        "",
        *(f"- {row['id']} {row['title']}: {short(row['reason'], 200)}" for row in proved),
    ]
    return "\n".join(lines) + "\n"


def _line(row: Mapping[str, Any]) -> str:
    expected = f" (expected red: {row['expected_red']})" if row.get("expected_red") else ""
    if row["state"] == State.NOT_RUN and row.get("declared_not_run"):
        expected = f" (as declared: {row['declared_not_run']})"
    level = " (level s3: S3 behavior that OpenTofu does not use)" if row.get("level") == "s3" else ""
    return f"- **{row['id']}** {row['title']}{level}: {row['reason']}{expected}"


def _run_line(run: PublishedRun) -> str:
    judged = sum(row["state"] != "NOT RUN" for row in run.verdict["criteria"])
    return (
        f"| {run.verdict['run']} | {run.about['suite']} | {run.about['machine']} | {judged} criteria "
        f"| {run.verdict['seconds']['total']:.0f} s |"
    )


def table(stores: Iterable[Mapping[str, Any]]) -> str:
    """Stores × criteria: a criterion a line, a store a column."""
    known = sorted(stores, key=lambda store: str(store["candidate"]))
    names = [f"[{store['candidate']}]({store['candidate']}/README.md)" for store in known]
    states = [{row["id"]: row["state"] for row in store["criteria"]} for store in known]
    verdicts = " | ".join(f"**{store['verdict']}**" for store in known)
    lines = [f"| | {' | '.join(names)} |", "|---|" + "---|" * len(known), f"| verdict | {verdicts} |"]
    for phase, title in PHASES.items():
        lines.append(f"| **{title}** |" + " |" * len(known))
        for each in (criterion for criterion in MANIFEST if criterion.phase == phase):
            marks = " | ".join(MARKS[row.get(each.id, State.NOT_RUN)].glyph for row in states)
            level = " (s3)" if each.level is Level.S3 else ""
            lines.append(f"| {each.id}{level} {short(each.title, 60)} | {marks} |")
    legend = ", ".join(f"{mark.glyph} {state}" for state, mark in MARKS.items())
    return "\n".join([*lines, "", f"{legend}."])


def write(runs: Sequence[PublishedRun], reports: Path, *, note: str = "") -> Path:
    """Writes the store's page and verdict, and renews the table. Returns the page."""
    combined = together(runs)
    folder = reports / str(combined["candidate"])
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(combined, indent=1, ensure_ascii=False) + "\n"
    (folder / "verdict.json").write_text(text, encoding="utf-8")
    (folder / "README.md").write_text(page(runs, combined, note), encoding="utf-8")
    renew(reports)
    return folder / "README.md"


def renew(reports: Path) -> None:
    """The table in `reports/README.md`, from what is committed. Raises UsageError if its place is not marked."""
    readme = reports / "README.md"
    text = readme.read_text("utf-8") if readme.exists() else f"# Stores\n\n{BEGIN}\n{END}\n"
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise UsageError(f"{readme} has no lines {BEGIN} and {END}: the table goes between them")
    stores = [json.loads(path.read_text("utf-8")) for path in sorted(reports.glob("*/verdict.json"))]
    readme.write_text(f"{before}{BEGIN}\n{table(stores)}\n{END}{after}", encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Publishes. Exit code 4 for folders that cannot be published."""
    parser = argparse.ArgumentParser(prog="tofu-state-ha-readiness publish", description=__doc__)
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="evidence folders of one candidate")
    parser.add_argument(
        "--note", default="", metavar="TEXT", help="a sentence for the page: what else the machine did"
    )
    given = parser.parse_args(arguments)
    try:
        print(write([read(folder) for folder in given.runs], paths.reports(), note=given.note))
    except UsageError as error:
        print(error, file=sys.stderr)
        return 4
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
