"""From the sealed evidence folders of one candidate to what is published of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from readiness.criteria import MANIFEST
from readiness.errors import UsageError
from readiness.evidence.folder import BrokenSeal, verify_seal
from readiness.evidence.seen import Promises
from readiness.evidence.stored import Unreadable, from_row, rows
from readiness.report.html.consequences import consequences
from readiness.report.html.outages import Row
from readiness.report.html.outages import add as add_outages
from readiness.report.published import model
from readiness.report.published.obstacles import obstacles
from readiness.report.published.outages import by_kind
from readiness.report.words import command, short
from readiness.report.writes import Writes, count_writes, unproved

WEIGHT = {"REFUTED": 0, "UNKNOWN": 1, "PROVED": 2, "NOT RUN": 3}
"""Between runs a state that was found counts before NOT RUN: another run did judge it."""
MOST_REASON = 600
DIRTY = "-dirty"
"""How the suite's revision ends if it had changes (`git describe --dirty`)."""


@dataclass(frozen=True)
class SealedRun:
    """The evidence folder of one run."""

    folder: Path
    about: Mapping[str, Any]
    verdict: Mapping[str, Any]


def read(folder: Path) -> SealedRun:
    """The folder, with its seal verified. Raises UsageError."""
    try:
        verify_seal(folder)
        about = json.loads((folder / "run.json").read_text("utf-8"))
        return SealedRun(folder, about, json.loads((folder / "verdict.json").read_text("utf-8")))
    except BrokenSeal as error:
        raise UsageError(f"{folder} is not as the run left it: {error}") from None
    except (OSError, ValueError) as error:
        raise UsageError(f"{folder} is not the evidence folder of a finished run: {error}") from None


def together(runs: Sequence[SealedRun], note: str = "") -> model.Published:
    """All runs in one: of each criterion the worst state that any of them found. `note`: a sentence on what else the
    machine did. Raises UsageError if they are not of the same candidate, or one
    is a check or of a changed suite.
    """
    _of_one_candidate(runs)
    first = runs[0]
    found: dict[str, tuple[Mapping[str, Any], SealedRun]] = {}
    for run in runs:
        for row in run.verdict["criteria"]:
            known = found.get(row["id"])
            if known is None or WEIGHT[row["state"]] < WEIGHT[known[0]["state"]]:
                found[row["id"]] = (row, run)
    good = first.verdict["exit_code"] == 0 or first.verdict["mode"] == "interim"
    ids = dict.fromkeys([*(each.id for each in MANIFEST if each.id in found), *found])
    criteria = [_criterion(found[id_][0]) for id_ in ids]
    declared = first.about["declared"]
    return model.Published(
        candidate=first.verdict["candidate"],
        summary=declared["summary"],
        nodes=declared["provider"].get("nodes") or sorted({each["node"] for each in declared["endpoints"]}),
        fingerprint=first.verdict["fingerprint"],
        mode=first.verdict["mode"],
        verdict=first.verdict["verdict"] if good and len(runs) == 1 else "NOT READY",
        versions={name: str(value) for name, value in first.verdict["facts"].get("versions", {}).items()},
        note=note,
        runs=[_run(run) for run in runs],
        answers=_answers(runs, [found[id_] for id_ in ids], criteria),
        criteria=criteria,
    )


def _of_one_candidate(runs: Sequence[SealedRun]) -> None:
    first = runs[0]
    for run in runs:
        if run.verdict["mode"] == "check":
            raise UsageError(
                f"{run.verdict['run']} is a check, which injects no fault: judge the store to publish it"
            )
        if run.about["suite"].endswith(DIRTY):
            raise UsageError(
                f"{run.verdict['run']} was judged by a suite with changes that were not committed "
                f"({run.about['suite']}): nobody can judge it again; commit them and run again"
            )
        if run.verdict["fingerprint"] != first.verdict["fingerprint"]:
            one, other = run.verdict["run"], first.verdict["run"]
            raise UsageError(f"{one} is of another candidate than {other}, or of the same after a change")


def _criterion(row: Mapping[str, Any]) -> model.Criterion:
    declared = row.get("declared_not_run") if row["state"] == "NOT RUN" else None
    return model.Criterion(
        id=row["id"],
        state=row["state"],
        title=row["title"],
        reason=short(row["reason"], MOST_REASON),
        level=row.get("level"),
        expected_red=row.get("expected_red") if row["state"] != "NOT RUN" else None,
        declared_not_run=declared,
        not_promised=row.get("not_promised"),
    )


def _run(run: SealedRun) -> model.PublishedRun:
    return model.PublishedRun(
        run=run.verdict["run"],
        suite=run.about["suite"],
        machine=run.about["machine"],
        judged=sum(row["state"] != "NOT RUN" for row in run.verdict["criteria"]),
        seconds=round(run.verdict["seconds"]["total"]),
        command=command(run.about),
    )


def _answers(
    runs: Sequence[SealedRun],
    found: Sequence[tuple[Mapping[str, Any], SealedRun]],
    criteria: Sequence[model.Criterion],
) -> model.Answers:
    worst = [row for row, _ in found]
    writes = count_writes({row["id"]: row["measured"] for row in worst})
    outages: list[Row] = []
    unread: list[str] = []
    for run in runs:
        unread += _take_outages(run, outages)
    return model.Answers(
        outages=by_kind(outages),
        writes=_read_back(writes, worst) if writes else None,
        would=[
            model.Would(state=each.state, sentence=each.sentence, because=[id_ for id_, _ in each.because])
            for each in consequences(worst)
        ],
        obstacles=obstacles(criteria, {row["id"]: run.about for row, run in found}),
        unread=unread,
    )


def _read_back(writes: Writes, criteria: Sequence[Mapping[str, Any]]) -> model.ReadBack:
    return model.ReadBack(
        acknowledged=writes.acknowledged,
        objects=writes.objects,
        lost=writes.lost,
        scenarios=writes.scenarios,
        unproved=unproved(writes, criteria),
    )


def _take_outages(run: SealedRun, outages: list[Row]) -> list[str]:
    """Takes in the outages of that run. What could not be read is not measured; it is returned, with the reason."""
    promises = Promises.of(run.about["declared"])
    unread = []
    for row in rows(run.folder):
        try:
            add_outages(outages, from_row(row, run.folder), promises)
        except Unreadable as error:
            unread.append(f"{row.get('name')}: {error}")
            outages += _unmeasured(row, unread[-1], promises)
    return unread


def _unmeasured(row: Mapping[str, Any], why: str, promises: Promises) -> list[Row]:
    """A row of outages for a scenario that cannot be read, if it was to be held to a promise."""
    known = {str(kind): kind for kind in promises.rto}
    kind = known.get(str(row.get("kind")))
    if kind is None or not row.get("judged_outage", True):
        return []
    name = str(row.get("name"))
    return [Row(name.partition(":")[0], kind, promises.rto[kind], scenarios=[name], unmeasured=[why])]
