"""What of a run is red: what decides its verdict, and is not expected."""

from __future__ import annotations

from pathlib import Path

import pytest

from readiness.criteria import MANIFEST, Level
from readiness.finding import Finding, proved, refuted, unknown
from readiness.forge.standing import standing
from readiness.verdict import judge, results_of
from tests.report.folders import Made, make

S3 = next(each.id for each in MANIFEST if each.level is Level.S3)


@pytest.mark.parametrize(
    ("found", "interim", "red"),
    [
        ({"P1.6": refuted("it does not hold")}, False, ("P1.6 REFUTED",)),
        ({"P1.6": unknown("too little traffic")}, False, ("P1.6 UNKNOWN",)),
        ({S3: refuted("it does not hold")}, False, ()),
        ({"P0.7": refuted("one process")}, True, ()),
        ({"P0.7": refuted("one process"), "P1.6": unknown("no fault")}, True, ("P1.6 UNKNOWN",)),
    ],
    ids=["refuted", "unknown", "of level s3", "expected", "another than expected"],
)
def test_what_is_red(tmp_path: Path, found: dict[str, Finding], interim: bool, red: tuple[str, ...]) -> None:
    every = {each.id: [found.get(each.id, proved("it was seen", 3))] for each in MANIFEST}
    expected = {"P0.7": "TIN-1012"} if interim else {}
    make(tmp_path, Made(verdict=judge(results_of(every, {}, expected, {}), interim=interim)))
    now = standing(tmp_path)
    assert now.red == red
    assert now.good is not bool(red)


def test_the_latest_of_several_runs_counts(tmp_path: Path) -> None:
    for number, state in enumerate([refuted("no"), proved("it was seen", 3)]):
        every = {each.id: [state if each.id == "P1.6" else proved("it was seen", 3)] for each in MANIFEST}
        verdict = judge(results_of(every, {}, {}, {}))
        make(tmp_path / f"{9 - number}", Made(verdict=verdict), f"2026112{number}T094608Z-embedded-7b0c3b")
    assert standing(tmp_path).verdict == "READY"
