"""The wheel, in an environment of its own that holds nothing else, used from a folder that is not the checkout."""

from __future__ import annotations

import json
import os
import runpy
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import pytest

from readiness.paths import ROOT

pytestmark = [pytest.mark.store, pytest.mark.side_by_side]

UV = Path(sysconfig.get_path("scripts")) / "uv"


@dataclass(frozen=True)
class Installed:
    """The environment that the wheel was installed into."""

    folder: Path

    @property
    def data(self) -> Path:
        (found,) = self.folder.glob("lib/python3*/site-packages/readiness/data")
        return found

    def run(self, program: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PYTEST", "PYTHON", "READINESS_"))
        }
        return subprocess.run(
            [self.folder / "bin" / program, *arguments],
            cwd=cwd,
            env=kept,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("wheel")
    settings = runpy.run_path(str(ROOT / "just"), run_name="wrapper")["uv_settings"]
    environment = {**os.environ, **settings([sys.executable, "-m", "pip"])}

    def uv(*arguments: str | Path) -> None:
        ran = subprocess.run(
            [UV, *arguments], env=environment, capture_output=True, text=True, timeout=300, check=False
        )
        assert ran.returncode == 0, ran.stderr

    uv("build", "--quiet", "--wheel", "--out-dir", folder / "dist", ROOT)
    (wheel,) = (folder / "dist").glob("*.whl")
    uv("venv", "--quiet", "--python", sys.executable, folder / "venv")
    python = folder / "venv" / "bin" / "python"
    uv("pip", "install", "--quiet", "--python", python, "--constraint", ROOT / "requirements.lock", wheel)
    return Installed(folder / "venv")


@pytest.mark.slow
def test_an_installed_package_judges_the_singleton_from_any_folder(
    installed: Installed, tmp_path: Path
) -> None:
    before = sorted(installed.data.rglob("*"))
    shutil.copy(ROOT / "candidates" / "singleton.toml", tmp_path / "my-store.toml")
    shutil.copytree(ROOT / "candidates" / "alerts", tmp_path / "alerts")
    ran = installed.run(
        "tofu-state-ha-readiness", "--candidate", "my-store.toml", "-m", "phase0", cwd=tmp_path
    )
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "report: reports/runs/" in ran.stdout
    (folder,) = (tmp_path / "reports" / "runs").iterdir()
    verdict = json.loads((folder / "verdict.json").read_text("utf-8"))
    states = {row["id"]: row["state"] for row in verdict["criteria"] if row["phase"] == 0}
    assert states["P0.1"] == "PROVED"
    assert states["P0.7"] == "REFUTED"
    assert (folder / "report.html").stat().st_size > 1000
    assert (tmp_path / "reports" / "junit.xml").is_file()
    about = json.loads((folder / "run.json").read_text("utf-8"))
    assert about["suite"].startswith("tofu-state-ha-readiness 0.")
    assert sorted(path for path in installed.data.rglob("*") if "__pycache__" not in path.parts) == [
        path for path in before if "__pycache__" not in path.parts
    ]


def test_the_wheel_holds_what_a_run_needs(installed: Installed) -> None:
    for needed in (
        "candidates/embedded.toml",
        "control/go.mod",
        "stacks/disposable/main.tf",
        "suites/test_phase4_gate.py",
        "tools/go.lock",
        "tools/tofu/go.sum",
    ):
        assert (installed.data / needed).is_file()
    assert not (installed.data.parents[1] / "fixtures").exists(), "that name is not ours at the top level"


def test_the_programs_of_other_wheels_are_found(installed: Installed, tmp_path: Path) -> None:
    ran = installed.run("tofu-state-ha-readiness", "obtain", "weed", "caddy", cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert [line.split(":")[0] for line in ran.stdout.splitlines()] == ["weed", "caddy"]


def test_bad_input_from_any_folder_is_one_line_and_nothing_is_written(
    installed: Installed, tmp_path: Path
) -> None:
    ran = installed.run("tofu-state-ha-readiness", "--candidate", "embeded", cwd=tmp_path)
    assert ran.returncode == 4
    assert 'did you mean "embedded"?' in ran.stderr
    assert "Traceback" not in ran.stderr + ran.stdout
    assert not list(tmp_path.iterdir())


def test_the_plugin_is_silent_in_an_unrelated_run(installed: Installed, tmp_path: Path) -> None:
    (tmp_path / "test_of_another_project.py").write_text("def test_one(): pass\n")
    ran = installed.run("pytest", "-q", cwd=tmp_path)
    assert ran.returncode == 0
    assert "1 passed" in ran.stdout
    assert "readiness" not in ran.stdout + ran.stderr
    assert "--allow-faults" not in installed.run("pytest", "--help", cwd=tmp_path).stdout


def test_the_plugin_acts_when_pytest_is_asked_for_the_suites(installed: Installed, tmp_path: Path) -> None:
    asked = ("--candidate", "singleton", "--collect-only", "-q")
    ran = installed.run("pytest", str(installed.data / "suites"), *asked, cwd=tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "test_phase0_static_contract.py" in ran.stdout
