"""What makes a node limp must have its turn on a busy machine: else the node runs while it should stand still."""

import os

import pytest

from readiness.providers.supervisor import limp


def test_it_asks_to_be_first(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int, int]] = []
    monkeypatch.setattr(os, "setpriority", lambda *given: asked.append(given))
    limp.first_in_line()
    assert asked == [(os.PRIO_PROCESS, 0, -20)]


def test_it_goes_on_where_that_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_given: int) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "setpriority", refuse)
    assert limp.main(["0", "0", f"{os.getpid()}:0"]) == 0, "it ends: the group is not the one that is meant"
