"""One real run of phase 0: what it leaves for readers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from readiness.evidence.folder import verify_seal
from readiness.evidence.models import VerdictRecord

pytestmark = pytest.mark.store

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_a_run_leaves_a_sealed_page_statement_and_valid_verdict(tmp_path: Path) -> None:
    arguments = [
        "-m",
        "phase0",
        "--runs",
        str(tmp_path),
        "--junitxml",
        str(tmp_path / "junit.xml"),
        "--seed",
        "3",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "readiness", *arguments],
        cwd=ROOT,
        env={k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (folder,) = (path for path in tmp_path.iterdir() if path.is_dir())
    sealed = verify_seal(folder)["files"]
    assert {"report.html", "statement.json", "verdict.json"} <= sealed.keys()
    assert not (folder / "capture" / "report-failed.txt").exists()
    assert VerdictRecord.model_validate_json((folder / "verdict.json").read_text("utf-8")).verdict
    page = (folder / "report.html").read_text("utf-8")
    assert "PHASE 0 PROVED" in page
    assert "-m phase0 --seed 3" in page
    assert "Phase 0: Candidate Static Gate" in done.stderr
    assert "✓ P0.1" in done.stderr
