"""The console script: its commands, its help, and what it says of a command that it does not have."""

from __future__ import annotations

import importlib
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from readiness import cli, paths, providers
from readiness.candidate.load import load
from readiness.cli import main as script
from readiness.cli import run
from readiness.errors import EXIT_USAGE, UsageError
from readiness.obtain.__main__ import main as obtain_main

pytestmark = pytest.mark.side_by_side


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What pytest was asked to run; it does not run."""
    asked: list[list[str]] = []

    def record(arguments: list[str]) -> int:
        asked.append(arguments)
        return 0

    monkeypatch.setattr("pytest.main", record)
    return asked


def test_the_list_of_commands_has_a_line_for_each(capsys: pytest.CaptureFixture[str]) -> None:
    assert script.main(["--help"]) == 0
    message = capsys.readouterr().out
    assert {"run", "recheck", "compare", "publish", "bench", "obtain"} <= set(script.commands())
    for command in script.commands():
        (line,) = [line for line in message.splitlines() if line.startswith(f"  {command} ")]
        assert len(line.split(maxsplit=1)[1]) > 10


@pytest.mark.store
@pytest.mark.parametrize(
    "command",
    [
        "run",
        "check",
        "declare",
        "recheck",
        "compare",
        "publish",
        "bench",
        "dry-run",
        "undo",
        "clean",
        "explore",
        "ci",
        "results",
    ],
)
def test_each_command_explains_itself(command: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "readiness", command, "--help"],
        cwd=paths.ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.startswith("usage: ")


@pytest.mark.parametrize("command", ["bench", "clean", "compare", "dry-run", "publish", "recheck", "undo"])
def test_a_command_line_that_is_not_understood_is_one_message(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        script.main([command, "--nonsense"])
    assert ended.value.code == 4
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("ERROR: ")


@pytest.mark.parametrize(
    "module",
    [
        "readiness.checkers.benchmark",
        "readiness.checkers.crosscheck",
        "readiness.checkers.memory",
        "readiness.providers.kubernetes.undo",
        "readiness.stacks.__main__",
        "reports.figure",
        "reports.overlap",
        "reports.restart",
        "reports.silence",
    ],
)
def test_so_is_one_of_a_module_that_is_run(module: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        importlib.import_module(module).main(["--nonsense"])
    assert ended.value.code == EXIT_USAGE
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("ERROR: ")


@pytest.mark.parametrize(
    "arguments", [[], ["--nonsense"], ["image", "nonsense"], ["image", "control", "weed"]]
)
def test_so_is_one_of_what_obtains_programs(
    arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("readiness.obtain.image.PROGRAMS", {})
    assert obtain_main(arguments) == EXIT_USAGE
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_new_file_is_a_new_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "say_hello.py").write_text(
        '"""say hello."""\ndef main(arguments):\n    print("hello", *arguments)\n    return 3\n'
    )
    monkeypatch.setattr(cli, "__path__", [*cli.__path__, str(tmp_path)])
    assert "say-hello" in script.commands()
    assert script.main(["say-hello", "you"]) == 3


def test_an_unknown_command_is_refused_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert script.main(["rechek", "RUN"]) == 4
    message = capsys.readouterr()
    assert message.err.startswith('ERROR: there is no command "rechek": did you mean "recheck"?')
    assert len(message.err.splitlines()) == 1
    assert not message.out


@pytest.mark.parametrize("arguments", [["-m", "phase0"], ["run", "-m", "phase0"]])
def test_a_line_without_a_command_is_a_run(arguments: list[str], given: list[list[str]]) -> None:
    assert script.main(arguments) == 0
    (asked,) = given
    assert str(paths.SUITES) in asked
    assert asked[-2:] == ["-m", "phase0"]


def test_a_test_that_is_named_is_run_alone(given: list[list[str]]) -> None:
    assert run.main(["suites/test_phase0_static_contract.py::test_metrics", "--seed", "7"]) == 0
    (asked,) = given
    named = [argument for argument in asked if argument.startswith(str(paths.SUITES))]
    assert named == [f"{paths.SUITES}/test_phase0_static_contract.py::test_metrics"]


def test_nothing_in_a_folder_that_an_option_names_is_run(tmp_path: Path, given: list[list[str]]) -> None:
    """pytest would load the conftest.py of a folder that stands alone on the command line."""
    folder = str(tmp_path)
    assert run.main(["--stacks", folder, "--evidence", folder, "-m", "phase0"]) == 0
    (asked,) = given
    assert folder not in asked
    assert {f"--stacks={folder}", f"--evidence={folder}"} <= set(asked)


@pytest.mark.store
def test_windows_is_told_in_one_line() -> None:
    program = (
        "import sys; sys.modules['fcntl'] = None; from readiness.cli.main import console; "
        "sys.platform = 'win32'; console()"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=paths.ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1
    assert "Windows Subsystem for Linux" in ran.stderr
    assert len(ran.stderr.splitlines()) == 1


def test_the_package_declares_the_script_and_the_plugin() -> None:
    project = tomllib.loads((paths.ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["scripts"] == {script.PROGRAM: f"{script.__name__}:{script.console.__name__}"}
    assert project["entry-points"]["pytest11"] == {script.PROGRAM: "readiness.plugin.entry"}


def test_results_of_an_installed_package_go_to_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert paths.runs() == paths.ROOT / "reports" / "runs"
    monkeypatch.setattr(paths, "CHECKOUT", False)
    monkeypatch.chdir(tmp_path)
    assert paths.runs() == tmp_path / "reports" / "runs"


LINUX_ONLY = {"readiness.providers.supervisor.netlink"}
"""Imported only by the supervisor, where it makes network namespaces."""
OF_CEPH = {"readiness.providers.stores.ceph.ask_monitors"}
"""Run only by the Python that Ceph's own packages are for."""


@pytest.mark.store
def test_every_module_can_be_imported_elsewhere_than_on_linux() -> None:
    """Simulated: the platform's name is another, and the package that exists for Linux only is not there."""
    program = """
import importlib, pkgutil, sys
import readiness, fixtures

def import_all():
    failed = []
    for package in map(importlib.import_module, ("readiness", "fixtures")):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not found.name.endswith("__main__"):
                try:
                    importlib.import_module(found.name)
                except ImportError as error:
                    failed.append(found.name)
    return failed

assert import_all() == sys.argv[1:]  # other packages are those of this machine
for name in [name for name in sys.modules if name.split(".")[0] in ("readiness", "fixtures")]:
    del sys.modules[name]
sys.platform, sys.modules["pyroute2"] = "darwin", None
print(*import_all())
"""
    ran = subprocess.run(
        [sys.executable, "-c", program, *OF_CEPH],
        cwd=paths.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not ran.stderr
    assert set(ran.stdout.split()) == LINUX_ONLY | OF_CEPH


def test_elsewhere_than_on_linux_a_run_says_so_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(UsageError, match=r"\Aa run needs Linux, and this is darwin.*\Z"):
        providers.create(load("singleton"))
