"""Searches on real stores: a healthy one shows nothing; one that lies is found, and its schedule shrunk."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from readiness.evidence.folder import verify_seal
from readiness.explore.schedule import Kind, Schedule, Segment, Step, When
from readiness.paths import ROOT
from tests.explore.given import step

pytestmark = pytest.mark.store
CRASH = step(Kind.CRASH, "honey", held=3.0, pause=1.0)


def _searched(folder: Path, *steps: Step, more: tuple[str, ...] = ()) -> tuple[int, str, Path]:
    schedule = Schedule(candidate="embedded", seed=1, segments=(Segment(number=1, steps=steps),))
    (folder / "given.json").write_text(schedule.model_dump_json())
    argv = ["explore", f"--replay={folder / 'given.json'}", f"--runs={folder / 'runs'}", "--seed=1", *more]
    done = subprocess.run(
        [sys.executable, "-m", "readiness", *argv],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    (evidence,) = (folder / "runs").glob("*")
    return done.returncode, done.stdout + done.stderr, evidence


def test_overlapping_faults_show_nothing_on_the_healthy_control(tmp_path: Path) -> None:
    overlapping = step(Kind.SILENCE, "sting", When.MEANWHILE, held=1.0, pause=0.3)
    code, output, evidence = _searched(tmp_path, CRASH, overlapping)
    assert code == 0, output
    assert "nothing found in " in output
    assert "PROVED" not in output
    kept = json.loads((evidence / "exploration.json").read_text())
    assert kept["faults"] == {"crash": 1, "silence": 1}
    assert kept["operations"] > 1000
    assert not list((evidence / "history").iterdir()), "the history of a clean segment is not kept"
    assert Schedule.read(evidence / "schedule.json").segments
    verify_seal(evidence)


def test_a_store_that_loses_what_one_node_acknowledged_is_found_and_its_schedule_shrunk(
    tmp_path: Path,
) -> None:
    lying = ("-p", "tests.battery.plugin", "--defect", "acknowledged-by-one", "--shrink", "--minutes=3")
    code, output, evidence = _searched(
        tmp_path, CRASH, step(Kind.LIMP, "sting", When.HEALED, held=0.5), more=lying
    )
    assert code == 1, output
    assert "VIOLATION FOUND in segment 1" in output
    assert "faults: crash:honey\n" in output
    assert f"--replay {evidence / 'shrunk.json'}" in output
    assert [each.kind for each in Schedule.read(evidence / "shrunk.json").segments[0].steps] == [Kind.CRASH]
    kept = json.loads((evidence / "exploration.json").read_text())
    assert (evidence / kept["violation"]["history"]).is_file()
