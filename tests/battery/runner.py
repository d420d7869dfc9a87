"""Runs the ordinary suites against one lying store, and reads what they said from the run's own verdict file."""

from __future__ import annotations

import ast
import functools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from readiness.finding import State
from readiness.paths import ROOT
from tests.battery.catalogue import BY_NAME
from tests.battery.defect import Defect

LIMIT, HEALTHY_LIMIT = 400.0, 1500.0
WHOLE_SECONDS = 20.0
STACKS = ROOT / "tests" / "battery" / "stacks"
"""Stacks whose settings the control serves, so that it is the defect that is seen."""


@dataclass(frozen=True)
class Judged:
    """A criterion as one run judged it."""

    state: State
    reason: str


@dataclass(frozen=True)
class Outcome:
    """What one run said of one defect."""

    defect: Defect
    judged: dict[str, Judged]
    seconds: float
    output: str

    def red(self) -> tuple[str, ...]:
        """Criteria that are REFUTED."""
        return tuple(id_ for id_, each in self.judged.items() if each.state is State.REFUTED)

    def missed(self) -> list[str]:
        """What is not as it must be, in sentences; empty when the defect was caught."""
        problems = []
        for id_ in self.defect.expects:
            found = self.judged.get(id_)
            if found is None:
                problems.append(f"{id_} was not judged")
            elif self.defect.refuses:
                problems += [f"{id_} is {found.state}"] if found.state is not State.NOT_RUN else []
            elif self.defect.never_proved:
                problems += [f"{id_} is PROVED"] if found.state is State.PROVED else []
            elif found.state is not State.REFUTED:
                problems.append(f"{id_} is {found.state}: {found.reason}")
        if not problems and not any(
            self.defect.says in self.judged[id_].reason for id_ in self.defect.expects
        ):
            problems.append(f"no message says «{self.defect.says}»: {self.reason()}")
        return problems

    def reason(self) -> str:
        """What an operator reads."""
        found = [self.judged[id_] for id_ in self.defect.expects if id_ in self.judged]
        return next(
            (each.reason for each in found if self.defect.says in each.reason),
            found[0].reason if found else "",
        )


@functools.cache
def nodes_by_criterion() -> dict[str, str]:
    """The node id of the test that judges each criterion, from the suites' sources."""
    found = {}
    for path in sorted((ROOT / "suites").glob("test_*.py")):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef):
                for mark in node.decorator_list:
                    if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.criterion":
                        found[ast.literal_eval(mark.args[0])] = f"suites/{path.name}::{node.name}"
    return found


def suite(
    criteria: Sequence[str],
    options: Sequence[str],
    runs: Path,
    *,
    limit: float = LIMIT,
    judged: Sequence[str] = (),
) -> tuple[dict[str, Judged], str]:
    """One run of these criteria with the battery's plugin, ended after `limit` seconds; what was judged of them, or of
    `judged`, and the output.
    """
    wanted = sorted(criteria, key=list(nodes_by_criterion()).index)
    argv = [
        *(
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "--no-header",
            "-p",
            "no:cacheprovider",
            "-p",
            "tests.battery.plugin",
        ),
        *("--keep-going", "--runs", str(runs), *options, *(nodes_by_criterion()[id_] for id_ in wanted)),
    ]
    with subprocess.Popen(
        argv,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"COLUMNS": "200"},
    ) as process:
        try:
            output, _ = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            process.terminate()
            output, _ = process.communicate()
    verdicts = [json.loads(path.read_text("utf-8")) for path in runs.glob("*/verdict.json")]
    rows = [row for verdict in verdicts for row in verdict["criteria"] if row["id"] in (judged or wanted)]
    return {row["id"]: Judged(State(row["state"]), row["reason"]) for row in rows}, output


def try_defect(defect: Defect, *, seed: int = 1) -> Outcome:
    """Runs what the defect asks for. The run's folder is removed again."""
    began = time.monotonic()
    options = ["--defect", defect.name, "--seed", str(seed), "--scenarios", ",".join(defect.scenarios)]
    options += ["--whole-seconds", str(WHOLE_SECONDS), f"--stacks={STACKS}"]
    with tempfile.TemporaryDirectory(prefix="battery-") as folder:
        (given := Path(folder) / "given").mkdir()
        options += defect.options(given) if defect.options else []
        runs = Path(folder) / "runs"
        judged, output = suite(defect.runs or defect.criteria, options, runs, judged=defect.criteria)
    if defect.refuses and not judged:
        judged = dict.fromkeys(defect.expects, Judged(State.NOT_RUN, _error(output)))
    return Outcome(defect, judged, time.monotonic() - began, output)


def _error(output: str) -> str:
    """The message of a run that ended before anything was judged."""
    return next((line for line in output.splitlines() if line.startswith("ERROR: ")), "")


def without_defect(*, seed: int = 1, resume: Path | None = None) -> dict[str, Judged]:
    """Every criterion that a defect of a store must refute, judged through the proxy that passes everything on, with
    all scenarios. One that the run did not judge is NOT RUN. `resume`: what this file has is not judged again.
    """
    of_stores = [defect for defect in BY_NAME.values() if not (defect.never_proved or defect.refuses)]
    wanted = {id_ for defect in of_stores for id_ in defect.expects}
    known = _healthy(resume) if resume else {}
    left = tuple(sorted(wanted - known.keys()))
    judged = dict[str, Judged]()
    if left:
        with tempfile.TemporaryDirectory(prefix="battery-") as folder:
            options = ["--defect", "none", "--seed", str(seed), f"--stacks={STACKS}"]
            judged, _ = suite(left, options, Path(folder), limit=HEALTHY_LIMIT)
        if resume:
            _add(resume, {"healthy": True, "judged": _as_lists(judged)})
    found = known | judged
    return {id_: found.get(id_, Judged(State.NOT_RUN, "it was not judged")) for id_ in sorted(wanted)}


def keep(path: Path, outcome: Outcome) -> None:
    """Adds the outcome to that file."""
    seconds, judged = round(outcome.seconds, 1), _as_lists(outcome.judged)
    _add(path, {"defect": outcome.defect.name, "seconds": seconds, "judged": judged})


def _add(path: Path, row: Mapping[str, object]) -> None:
    with path.open("a", encoding="utf-8") as out:
        out.write(json.dumps(row) + "\n")


def _as_lists(judged: Mapping[str, Judged]) -> dict[str, list[str]]:
    return {id_: [str(found.state), found.reason] for id_, found in judged.items()}


def _rows(path: Path) -> Iterator[tuple[dict[str, Any], dict[str, Judged]]]:
    for line in path.read_text("utf-8").splitlines() if path.exists() else []:
        row = json.loads(line)
        yield row, {id_: Judged(State(state), reason) for id_, (state, reason) in row["judged"].items()}


def _healthy(path: Path) -> dict[str, Judged]:
    found = dict[str, Judged]()
    for row, judged in _rows(path):
        if "healthy" in row:
            found |= judged
    return found


def kept(path: Path) -> dict[str, Outcome]:
    """The outcomes of that file, by defect; those of defects that there are no more are left out."""
    return {
        row["defect"]: Outcome(BY_NAME[row["defect"]], judged, row["seconds"], "")
        for row, judged in _rows(path)
        if row.get("defect") in BY_NAME
    }
