"""Commands that undo what another process did."""

from pathlib import Path

import pytest

from readiness.candidate.declared import Command
from readiness.providers.commands.runner import CommandFailed, Runner
from readiness.providers.engine.record import Record
from readiness.redact import Redactor

pytestmark = pytest.mark.store


def test_a_fault_that_is_taken_over_is_undone_once_without_a_start(tmp_path: Path) -> None:
    runner = Runner(tmp_path, Record(), Redactor())
    runner.take_over("unpause", "honey", Command(run=("touch", "undone")))
    assert runner.is_open("unpause", "honey")
    assert runner.undo("unpause", "honey")
    assert (tmp_path / "undone").exists()
    assert not runner.undo("unpause", "honey")


def test_an_undo_that_fails_is_still_to_be_done(tmp_path: Path) -> None:
    runner = Runner(tmp_path, Record(), Redactor())
    runner.take_over("unpause", "honey", Command(run=("false",)))
    with pytest.raises(CommandFailed, match="unpause honey ended with 1"):
        runner.undo("unpause", "honey")
    assert runner.is_open("unpause", "honey")
