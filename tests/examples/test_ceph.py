"""What the example for Ceph asks of the cluster, with a `kubectl` that answers as the toolbox does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from readiness.paths import ROOT

pytestmark = [pytest.mark.store, pytest.mark.side_by_side]

SCRIPT = ROOT / "examples" / "glorious-flywheel" / "readiness" / "ceph.py"
KUBECTL = """#!{python}
import json, pathlib, sys
here = pathlib.Path(__file__).parent
command = sys.argv[sys.argv.index("--") + 1:]
with (here / "asked").open("a") as asked:
    asked.write(" ".join(command) + "\\n")
print(json.dumps(json.loads((here / "answers").read_text())[" ".join(command)]))
"""
HEADER = {"usage": {"rgw.main": {"size": 12, "num_objects": 3}}}


def ran(folder: Path, verb: str, answers: dict[str, Any]) -> tuple[int, str, list[str]]:
    """Exit code, what is printed, and what the toolbox was asked."""
    kubectl = folder / "kubectl"
    kubectl.write_text(KUBECTL.format(python=sys.executable))
    kubectl.chmod(0o755)
    (folder / "answers").write_text(json.dumps(answers))
    done = subprocess.run(
        [sys.executable, SCRIPT, verb],
        env=os.environ | {"PATH": f"{folder}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, (folder / "asked").read_text().splitlines()


def status(state: str, quorum: int = 3) -> dict[str, Any]:
    groups = [{"state_name": "active+clean", "count": 31}, {"state_name": state, "count": 1}]
    return {
        "ceph status --format json": {
            "quorum": list(range(quorum)),
            "monmap": {"num_mons": 3},
            "pgmap": {"num_pgs": 32, "pgs_by_state": groups},
        }
    }


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        (status("active+clean"), 0),
        (status("active+undersized+degraded"), 1),
        (status("active+clean", quorum=2), 1),
    ],
)
def test_whole(tmp_path: Path, answers: dict[str, Any], code: int) -> None:
    assert ran(tmp_path, "whole", answers)[0] == code


@pytest.mark.parametrize(
    ("found", "divergences"),
    [
        ({"invalid_multipart_entries": [], "check_result": [HEADER, HEADER]}, []),
        (
            {"invalid_multipart_entries": ["_multipart_a.1"], "check_result": [HEADER, HEADER]},
            ["b/_multipart_a.1"],
        ),
        (
            {"invalid_multipart_entries": [], "check_result": [HEADER, {"usage": {}}]},
            ["b: the index counts other objects or bytes than there are"],
        ),
    ],
)
def test_bucket_check_only_looks(tmp_path: Path, found: dict[str, Any], divergences: list[str]) -> None:
    existing, calculated = found["check_result"]
    found["check_result"] = {"existing_header": existing, "calculated_header": calculated}
    answers = {"radosgw-admin bucket list": ["b"], "radosgw-admin bucket check --bucket=b": found}
    code, printed, asked = ran(tmp_path, "bucket-check", answers)
    assert json.loads(printed) == {"divergences": divergences}
    assert code == (1 if divergences else 0)
    assert not [command for command in asked if "--fix" in command]


def test_an_answer_that_says_nothing_of_the_index_is_an_error(tmp_path: Path) -> None:
    answers = {"radosgw-admin bucket list": ["b"], "radosgw-admin bucket check --bucket=b": {}}
    code, printed, _ = ran(tmp_path, "bucket-check", answers)
    assert (code, printed) == (1, "")
