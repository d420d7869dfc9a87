"""Whoever is killed in the middle of a fault: `undo` leaves nothing stopped, paused or lying about."""

from pathlib import Path

import pytest

from tests.undo.kills import on_commands, on_processes

pytestmark = [pytest.mark.store, pytest.mark.slow]


def test_a_store_of_somebody_else_is_healed(tmp_path: Path) -> None:
    killed = on_commands(tmp_path, 9, seed=3)
    assert killed.left == []
    assert killed.kills.total() == 9
    assert killed.hurt.total() > 0, "no kill left anything: there was nothing to undo"


def test_nothing_of_a_store_of_the_run_is_left(tmp_path: Path) -> None:
    killed = on_processes(tmp_path, 3, seed=1)
    assert killed.left == []
    assert killed.kills.total() == 3
    assert killed.hurt["both"] == 1, "nobody was left to remove the run's folder"
