"""Whoever is killed within a fault: `undo` and `clean` leave nothing stopped, paused, stored or lying about."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from readiness.paths import ROOT
from tests.undo.kills.scene import apart
from tests.undo.kills.table import Killed, read
from tests.undo.kills.victim import WHO

pytestmark = pytest.mark.store
LEAVES = """
import subprocess, sys, tempfile
from pathlib import Path
from tests.undo.kills.scene import STATE, kinds, scene
place = Path(tempfile.mkdtemp(dir=sys.argv[1]))
(place / "tmp").mkdir()
(place / STATE).mkdir(parents=True)
before = scene(place)
assert scene(place) - before == {}
(place / "tmp" / "file").touch()
(place / STATE / "run.jsonl").touch()
subprocess.run(["mount", "-t", "tmpfs", "tmpfs", place / "tmp"], check=True)
(place / "tmp" / "file").touch()
subprocess.run(["ip", "link", "add", "tshleft", "type", "bridge"], check=True)
subprocess.run(["iptables", "-A", "INPUT", "-s", "198.18.0.1", "-j", "DROP"], check=True)
with subprocess.Popen(["unshare", "--net", "sleep", "60"]) as process:
    while "namespace" not in kinds(scene(place) - before):
        assert process.poll() is None
    print(*kinds(scene(place) - before))
    process.kill()
"""


def killed(tmp_path: Path, provider: str, number: int, seed: int) -> list[Killed]:
    """What came of as many kills."""
    kept = tmp_path / "kills.jsonl"
    asked = ["--provider", provider, "--kills", str(number), "--seed", str(seed), "--append", str(kept)]
    ran = subprocess.run(
        [sys.executable, "-m", "tests.undo.kills", *asked],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return read([kept])


@pytest.mark.slow
def test_a_store_of_somebody_else_is_healed_and_cleaned(tmp_path: Path) -> None:
    found = killed(tmp_path, "commands", 4, seed=3)
    assert [each.left for each in found] == [[]] * 4
    assert {each.who for each in found} == set(WHO)
    assert any("bucket" in each.hurt and "journal" in each.hurt for each in found), (
        "there was nothing to undo"
    )


@pytest.mark.slow
def test_nothing_of_a_store_of_the_run_is_left(tmp_path: Path) -> None:
    found = killed(tmp_path, "processes", 4, seed=1)
    assert [each.left for each in found] == [[]] * 4
    assert {"file", "journal"} <= {kind for each in found for kind in each.hurt}


def test_whatever_is_left_is_seen(tmp_path: Path) -> None:
    argv = [*apart(), sys.executable, "-c", LEAVES, str(tmp_path)]
    ran = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split() == ["file", "interface", "journal", "mount", "namespace", "process", "rule"]
