"""Whole runs on a store that the suite did not start: refusals, no faults, and a run killed within a fault."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from readiness.paths import ROOT
from tests.commands.lab import NODES, Lab
from tests.support.eventually import eventually

pytestmark = pytest.mark.store

NOT_ALLOWED = "faults on a candidate that the suite did not start need --allow-faults"


def command(candidate: Path, runs: Path, *arguments: str) -> list[str]:
    options = [f"--candidate={candidate}", f"--runs={runs}", "--seed=1", "-q", "-p", "no:cacheprovider"]
    return [sys.executable, "-m", "pytest", *options, *arguments]


def run(
    lab: Lab, raw: dict[str, Any], runs: Path, *arguments: str, **env: str
) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in (os.environ | env).items() if value}
    return subprocess.run(
        command(lab.write(raw), runs, *arguments),
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip


def states(runs: Path) -> dict[str, tuple[str, str]]:
    (folder,) = runs.iterdir()
    verdict = json.loads((folder / "verdict.json").read_text())
    return {row["id"]: (row["state"], row["reason"]) for row in verdict["criteria"]}


def unreachable(raw: dict[str, Any]) -> None:
    raw["endpoints"][1]["url"] = "http://127.0.0.1:1"


def nothing(raw: dict[str, Any]) -> None:
    pass


@pytest.mark.parametrize(
    ("change", "env", "message"),
    [
        (unreachable, {}, "endpoint honey at http://127.0.0.1:1 cannot be reached: Connection refused"),
        (nothing, {"LAB_SECRET_KEY": "a-wrong-secret"}, "refuses the credential of contract.credentials.admin"),
        (nothing, {"LAB_SECRET_KEY": ""}, "the environment variable LAB_SECRET_KEY is not set"),
    ],
)  # fmt: skip
def test_what_an_operator_can_put_right_ends_with_4_and_writes_nothing(
    lab: Lab, tmp_path: Path, change: Callable[[dict[str, Any]], None], env: dict[str, str], message: str
) -> None:
    raw = lab.declared()
    change(raw)
    done = run(lab, raw, tmp_path / "runs", "-m", "phase0", **env)
    assert done.returncode == 4
    errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
    assert len(errors) == 1
    assert message in errors[0]
    assert "Traceback" not in done.stdout + done.stderr
    assert "a-wrong-secret" not in done.stdout + done.stderr
    assert not (tmp_path / "runs").exists()


def test_without_leave_what_needs_faults_is_not_run(lab: Lab, tmp_path: Path) -> None:
    wanted = "test_list_buckets or head_after_one_pod or emptied or conditional_create or if_match"
    done = run(lab, lab.declared(), tmp_path / "runs", "suites/test_phase1_scratch_s3.py", "-k", wanted)
    assert done.returncode == 1
    found = states(tmp_path / "runs")
    assert found["P1.1"][0] == "PROVED"
    assert found["P1.12"][0] == "PROVED"
    for criterion in ("P1.4", "P1.11", "P1.19"):
        assert found[criterion] == ("NOT RUN", NOT_ALLOWED)
    assert lab.scratch() == []


def wrote(runs: Path) -> bool:
    """Whether a run has kept something that it asked of an object."""
    return any('"asked"' in path.read_text("utf-8") for path in runs.glob("*/observations.jsonl"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_interrupted_run_removes_its_scratch_objects(
    lab: Lab, tmp_path: Path, number: signal.Signals
) -> None:
    arguments = ["suites/test_phase1_scratch_s3.py", "-k", "bounded_object or conditional_create or if_match"]
    with subprocess.Popen(
        command(lab.write(lab.declared()), tmp_path / "runs", *arguments),
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as suite:
        eventually(lambda: suite.poll() is not None or len(lab.scratch()) >= 2, 90)
        kept = tmp_path / "runs"
        eventually(lambda: suite.poll() is not None or wrote(kept), 90)
        assert suite.poll() is None
        suite.send_signal(number)
        suite.wait(60)
    assert lab.scratch() == []


@pytest.mark.slow
def test_without_commands_what_needs_faults_is_not_run(lab: Lab, tmp_path: Path) -> None:
    raw = lab.declared(faults=False)
    wanted = "head_after_one_pod or emptied or list_buckets"
    done = run(
        lab, raw, tmp_path / "runs", "suites/test_phase1_scratch_s3.py", "-k", wanted, "--allow-faults"
    )
    assert done.returncode == 1
    found = states(tmp_path / "runs")
    assert found["P1.1"][0] == "PROVED"
    assert found["P1.4"][0] == found["P1.19"][0] == "NOT RUN"
    assert "declares no restart, or stop and start, command of instance store-sting" in found["P1.4"][1]
    assert "declares no kill command" in found["P1.19"][1]


@pytest.mark.slow
def test_a_killed_run_leaves_nothing_paused(lab: Lab, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    arguments = ["suites/test_phase1_scratch_s3.py", "-k", "unavailability", "--allow-faults"]
    raw = lab.declared()
    for instance in raw["instances"]:
        instance["kill"] = instance["pause"]  # each fault is a pause: the first one will do
        instance["start"] = instance["unpause"]
        instance.pop("stop")
    with subprocess.Popen(
        command(lab.write(raw), runs, *arguments),
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as suite:
        eventually(lambda: suite.poll() is not None or any(lab.state(node) == "T" for node in NODES), 90)
        assert suite.poll() is None
        os.kill(suite.pid, signal.SIGKILL)
        suite.wait(5)
    eventually(lambda: all(lab.ready(node) for node in NODES))
    candidate = f"--candidate={lab.folder / 'lab.toml'}"
    refused = run(lab, raw, tmp_path / "again", "-m", "phase0")
    assert refused.returncode == 4
    assert f"undo it first with: tofu-state-ha-readiness undo {candidate.replace('=', ' ')}" in refused.stderr
    assert not (tmp_path / "again").exists()
    assert printed(lab, "undo", candidate, code=0).count("undone: ") >= 1
    assert "nothing is left to undo" in printed(lab, "undo", candidate, code=0)
    left = lab.scratch()
    assert len(left) == 2
    listed = printed(lab, "clean", candidate, f"--runs={runs}", code=0)
    assert all(f"{name}  tagged by run" in listed or f"{name}  listed by run" in listed for name in left)
    assert lab.scratch() == left, "without --yes nothing is removed"
    printed(lab, "clean", candidate, f"--runs={runs}", "--yes", code=0)
    assert lab.scratch() == []


def printed(lab: Lab, *arguments: str, code: int) -> str:
    """What that command prints."""
    argv = [sys.executable, "-m", "readiness", *arguments]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_a_run_with_faults_shows_no_secret(lab: Lab, tmp_path: Path) -> None:
    wanted = "head_after_one_pod or non_destructive"
    done = run(
        lab,
        lab.declared(),
        tmp_path / "runs",
        "suites/test_phase1_scratch_s3.py",
        "-k",
        wanted,
        "--allow-faults",
    )
    found = states(tmp_path / "runs")
    assert found["P1.4"][0] == "PROVED", found["P1.4"][1]
    assert found["P1.7"][0] == "PROVED", found["P1.7"][1]
    kept = [path for path in (tmp_path / "runs").rglob("*") if path.is_file()]
    assert any("start store-sting" in path.read_text() for path in kept if path.name == "commands.txt")
    for secret in (lab.keys.secret_key, lab.reader.secret_key, lab.admin_token):
        assert secret not in done.stdout + done.stderr
        assert not [path for path in kept if secret.encode() in path.read_bytes()]
