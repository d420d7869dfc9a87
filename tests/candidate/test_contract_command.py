"""The commands that a contract names: looked for before a run, and killed whole."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from readiness.candidate.declared import Command
from readiness.contract_command import check_programs, run
from readiness.errors import UsageError
from readiness.redact import Redactor
from tests.support.eventually import eventually
from tests.support.processes import lives


def loaded(folder: Path, **commands: Command) -> Any:
    durability = SimpleNamespace(backup_command=None, restore_command=None)
    vars(durability).update({name: command for name, command in commands.items() if name != "command"})
    housekeeping = SimpleNamespace(command=commands.get("command"))
    contract = SimpleNamespace(durability=durability, housekeeping=housekeeping)
    return SimpleNamespace(path=folder / "x.toml", candidate=SimpleNamespace(contract=contract))


@pytest.mark.parametrize(
    ("name", "where"),
    [
        ("backup_command", "contract.durability.backup_command"),
        ("restore_command", "contract.durability.restore_command"),
        ("command", "contract.housekeeping.command"),
    ],
)
@pytest.mark.parametrize("program", ["not-there", "./not-there"])
def test_a_program_that_is_not_there_is_named(tmp_path: Path, name: str, where: str, program: str) -> None:
    with pytest.raises(UsageError, match=f'{where}: there is no program "{program}"'):
        check_programs(loaded(tmp_path, **{name: Command(run=(program,))}))


def test_python_and_a_script_of_the_folder_are_there(tmp_path: Path) -> None:
    script = tmp_path / "vacuum"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    found = loaded(tmp_path, backup_command=Command(run=("python", "x")), command=Command(run=("./vacuum",)))
    check_programs(found)  # raises nothing
    script.chmod(0o644)
    with pytest.raises(UsageError, match="housekeeping"):
        check_programs(found)


@pytest.mark.store
def test_what_a_command_started_is_killed_with_it(tmp_path: Path) -> None:
    line = Command(run=("/bin/sh", "-c", "sleep 60 & echo $! > pid; echo hidden; wait"))
    secret = Redactor(["hidden"])
    ended = run(line, loaded(tmp_path), secret, 1.0, {})
    assert (ended.code, ended.cannot_run) == (None, None)
    assert "hidden" not in ended.said
    child = int((tmp_path / "pid").read_text())
    eventually(lambda: not lives(child), seconds=10)


@pytest.mark.store
def test_one_that_ended_tells_how(tmp_path: Path) -> None:
    line = "import os, sys; print(os.environ['MINE']); print('lost', file=sys.stderr); sys.exit(3)"
    ended = run(
        Command(run=(sys.executable, "-c", line)), loaded(tmp_path), Redactor(), 60, {"MINE": "given"}
    )
    assert ended.code == 3
    assert set(ended.said.split()) == {"given", "lost"}
