"""What works on a machine that is not Linux, and without root. Simulated: the platform's name is another, what only
Linux has is not there (its calls, /proc, its packages), and the account is an ordinary one. Other packages are those of
this machine.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from readiness.candidate.load import load
from readiness.errors import EXIT_USAGE
from readiness.paths import ROOT
from readiness.report import junit
from tests.report.folders import make

pytestmark = [pytest.mark.store, pytest.mark.side_by_side]

ELSEWHERE = """
import contextlib, importlib, os, pkgutil, sys
import readiness

for found in pkgutil.walk_packages(readiness.__path__, "readiness."):
    with contextlib.suppress(ImportError):
        if not found.name.endswith("__main__"):
            importlib.import_module(found.name)
for name in [name for name in sys.modules if name.split(".")[0] == "readiness"]:
    del sys.modules[name]

def without_proc(event, given):
    if event in ("open", "os.listdir", "os.scandir") and str(given[0]).split("/")[:2] == ["", "proc"]:
        raise FileNotFoundError(2, "No such file or directory", str(given[0]))

for name in ("memfd_create", "pidfd_open", "pipe2", "sched_getaffinity", "setns", "unshare"):
    vars(os).pop(name, None)
sys.platform, sys.modules["pyroute2"] = "darwin", None
os.geteuid = os.getuid = lambda: 501
sys.addaudithook(without_proc)

from readiness.cli.main import main
sys.exit(main(sys.argv[1:]))
"""
KEYS = {"AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "a-secret-of-the-laptop"}
PROFILES = """
[state-admin]
aws_access_key_id = AK
aws_secret_access_key = a-secret-of-the-laptop
[state-reader]
aws_access_key_id = AR
aws_secret_access_key = another-secret-of-it
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Two evidence folders, and the example of bare metal with what it names."""
    make(tmp_path, name="20261124T094608Z-embedded-7b0c3b")
    make(tmp_path, name="20261124T101034Z-embedded-55a07c")
    examples = ROOT / "candidates" / "examples"
    shutil.copy(examples / "bare-metal.toml", tmp_path / "mine.toml")
    shutil.copytree(examples / "alerts", tmp_path / "alerts")
    junit.write_sentinel(tmp_path / "summarised.xml", "the run did not end", {})
    (tmp_path / "ca.pem").write_text("")
    (tmp_path / "aws").write_text(PROFILES)
    return tmp_path


def ran(place: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "AWS_"))}
    aws = {"AWS_SHARED_CREDENTIALS_FILE": str(place / "aws"), "AWS_CONFIG_FILE": os.devnull}
    return subprocess.run(
        [sys.executable, "-c", ELSEWHERE, *(each.format(place) for each in arguments)],
        cwd=ROOT,
        env=kept | aws | environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (("recheck", "{}/20261124T094608Z-embedded-7b0c3b"), "is intact"),
        (
            ("compare", "{}/20261124T094608Z-embedded-7b0c3b", "{}/20261124T101034Z-embedded-55a07c"),
            "## Longest outage per fault",
        ),
        (("ci", "summary", "{}/summarised.xml"), "the run did not end"),
        (("dry-run", "--candidate", "{}/mine.toml"), "freeze store-honey: ssh honey"),
        (("dry-run", "--candidate", "embedded"), "would be started by the run"),
        (("check", "--endpoint", "https://bumble.example:9000", "--dry-run"), "asked for:"),
    ],
)
def test_what_needs_no_run_works(place: Path, arguments: tuple[str, ...], shown: str) -> None:
    done = ran(place, *arguments, **KEYS)
    assert done.returncode == 0, done.stderr
    assert shown in done.stdout
    assert not done.stderr


def test_a_file_is_proposed_that_loads(place: Path) -> None:
    done = ran(place, "declare", "--endpoint", "https://bumble.example:9000", **KEYS)
    assert (done.returncode, done.stderr) == (0, "")
    (place / "proposed.toml").write_text(done.stdout)
    assert load(str(place / "proposed.toml")).candidate.endpoints


@pytest.mark.parametrize(
    "arguments",
    [
        ("--candidate", "singleton", "-m", "phase0", "--junitxml", "{}/junit.xml"),
        ("--candidate", "{}/mine.toml", "-m", "phase0", "--allow-faults", "--junitxml", "{}/junit.xml"),
        ("check", "--endpoint", "http://127.0.0.1:1"),
    ],
)
def test_a_run_is_refused_with_what_to_do_instead(place: Path, arguments: tuple[str, ...]) -> None:
    done = ran(place, *arguments, "--runs", str(place / "runs"), **KEYS)
    assert done.returncode == EXIT_USAGE
    (line,) = [each for each in done.stderr.splitlines() if each.startswith("ERROR: ")]
    assert "a run needs Linux, and this is darwin" in line
    assert "docs/macos.md" in line
    assert not (place / "runs").exists()
