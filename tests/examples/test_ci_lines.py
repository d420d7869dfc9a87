"""The shell lines of the pipelines, run as their runners would, in order: only the run of the suite itself is replaced,
by one that leaves evidence with a verdict that the test chooses.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from readiness.forge.gitlab import JOB
from readiness.paths import ROOT
from tests.examples.test_ci_files import GITHUB, GITLAB, loaded
from tests.forge.conftest import CANDIDATE, Pipeline, pipeline, run

__all__ = ["pipeline"]
pytestmark = [pytest.mark.store, pytest.mark.side_by_side]
PROGRAM = """#!/bin/sh
[ "$0" = "${0%/just}" ] || { [ "$1" = tofu-state-ha-readiness ] || exit 90; shift; }
echo "$*" >> "$ASKED"
case "$1" in
  ci) exec "$PYTHON" -m readiness "$@" ;;
  undo) exit 0 ;;
esac
while [ $# -gt 0 ]; do
  case "$1" in --runs) runs=$2 ;; --junitxml) junit=$2 ;; --candidate) [ -e "$2" ] || exit 4 ;; esac
  shift
done
[ -d "$EVIDENCE" ] || exit 4
mkdir -p "$runs" && cp -r "$EVIDENCE"/* "$runs" && cp "$EVIDENCE/junit.xml" "$junit" || exit 91
grep -q '"exit_code": 0' "$runs"/*/verdict.json
"""
"""What a runner finds as `tofu-state-ha-readiness`, or as suite/just. EVIDENCE is what a run leaves; none: it does not
begin.
"""


@dataclass
class Runner:
    """A machine with the suite on it. `codes` are the exit codes of the lines of the last pipeline, by job."""

    pipeline: Pipeline
    folder: Path
    results: list[Path] = field(default_factory=list)
    codes: dict[str, list[int]] = field(default_factory=dict)

    def plays(self, evidence: Path, jobs: tuple[str, ...]) -> None:
        """One pipeline: these jobs, in a checkout of its own; what the first one kept is there for the others."""
        work = self.folder / f"work{len(self.results)}"
        (work / "repository/config/readiness").mkdir(parents=True)
        (work / "repository/config/readiness/candidate.toml").touch()
        shutil.copytree(work / "repository/config", work / "config")
        (work / "suite").mkdir()
        for place in (work / "suite/just", work / "tofu-state-ha-readiness"):
            place.write_text(PROGRAM)
            place.chmod(0o755)
        self.results.append(work / "results")
        self.codes = {
            job: [self._line(line, env, work, evidence) for line, env in lines(job, self)] for job in jobs
        }

    def _line(self, line: str, env: Mapping[str, str], work: Path, evidence: Path) -> int:
        named = {
            name: value for name, value in os.environ.items() if not name.startswith(("CI_", "GITHUB_T"))
        }
        own = {"PATH": f"{work}:{os.environ['PATH']}", "PYTHON": sys.executable, "PYTHONPATH": str(ROOT)}
        own |= {"EVIDENCE": str(evidence), "ASKED": str(self.folder / "asked"), "CI_PROJECT_DIR": str(work)}
        own |= {"GITHUB_STEP_SUMMARY": str(self.folder / "summary.md"), "CI_MERGE_REQUEST_IID": "12"}
        given = dict(self.pipeline.environ) if self.pipeline.name == "gitlab" else {}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", line],
            cwd=work,
            env={**named, **given, **own, **env},
            capture_output=True,
            text=True,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode


def lines(job: str, runner: Runner) -> Iterator[tuple[str, Mapping[str, str]]]:
    """The shell lines of a job with what its file sets for them."""
    if runner.pipeline.name == "gitlab":
        every = loaded(GITLAB)
        name = {"readiness": JOB, "comment": "readiness-comment", "issue": "readiness-issue"}[job]
        for line in [*every[name]["script"], *every[name].get("after_script", ())]:
            yield line, every["variables"]
        return
    workflow = loaded(GITHUB)
    for step in workflow["jobs"][job]["steps"]:
        if "run" in step:
            yield step["run"], {**workflow["env"], **told(step.get("env", {}), runner)}


def told(env: Mapping[str, Any], runner: Runner) -> dict[str, str]:
    """What GitHub puts in the place of an expression."""
    values = {
        "${{ github.token }}": runner.pipeline.environ["GITHUB_TOKEN"],
        "${{ github.event.pull_request.number }}": "12",
    }
    return {name: values[value] for name, value in env.items()}


@pytest.fixture
def runner(pipeline: Pipeline, tmp_path: Path) -> Runner:
    return Runner(pipeline, tmp_path)


def test_the_scheduled_runs_of_a_week(runner: Runner, tmp_path: Path) -> None:
    forge = runner.pipeline.forge
    seen = []
    for day, red in enumerate([(), (), ("P1.6",), ("P1.6",), ("P1.6", "P1.13"), ()]):
        run(tmp_path / f"day{day}", day, *red)
        runner.plays(tmp_path / f"day{day}", ("readiness", "issue"))
        gate, *others = runner.codes["readiness"]
        assert gate == (1 if red else 0)
        assert {*others, *runner.codes["issue"]} == {0}
        assert list(runner.results[-1].rglob("verdict.json"))
        seen.append((len(forge.issues), len(forge.open())))
    assert seen == [(0, 0), (0, 0), (1, 1), (1, 1), (1, 1), (1, 0)]
    assert forge.issues[0]["title"] == f"OpenTofu state authority {CANDIDATE}: READY"


def test_a_run_that_does_not_begin_opens_the_issue(runner: Runner, tmp_path: Path) -> None:
    runner.plays(tmp_path / "nothing", ("readiness", "issue"))
    assert runner.codes["readiness"][0] == 4
    (issue,) = runner.pipeline.forge.open()
    assert issue["title"].endswith("NOT JUDGED")


def test_a_change_is_compared_in_one_comment(runner: Runner, tmp_path: Path) -> None:
    forge = runner.pipeline.forge
    for number, red in enumerate([("P1.6",), ()]):
        run(tmp_path / str(number), number, *red)
        runner.plays(tmp_path / str(number), ("readiness", "comment"))
        assert runner.codes["comment"] == [0]
    (comment,) = forge.comments
    assert "**READY**" in comment["body"]
    assert forge.issues == []


def test_what_is_run_is_asked_of_the_suite(runner: Runner, tmp_path: Path) -> None:
    run(tmp_path / "day")
    runner.plays(tmp_path / "day", ("readiness", "issue"))
    work = runner.results[-1].parent
    gate, undo, *_ = (tmp_path / "asked").read_text().splitlines()
    place = work / "repository" if runner.pipeline.name == "github" else work
    assert gate.startswith(
        f"--candidate {place}/config/readiness/candidate.toml --stacks {place} --allow-faults "
    )
    assert undo == f"undo --candidate {place}/config/readiness/candidate.toml"


@pytest.mark.parametrize("pipeline", ["github"], indirect=True)
def test_the_summary_shows_what_is_red(runner: Runner, tmp_path: Path) -> None:
    run(tmp_path / "day", 1, "P1.6", why="<b>lost</b> @team")
    runner.plays(tmp_path / "day", ("readiness",))
    text = (tmp_path / "summary.md").read_text("utf-8")
    assert text.startswith("## NOT READY\n")
    (row,) = [line for line in text.splitlines() if "P1" in line]
    assert row.startswith("| failed |")
    assert "<b>" not in row.replace("\\<", "")
    assert "@team" not in row
