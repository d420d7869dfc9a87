"""The end of a run: faults are undone before anything is cleaned, and the store is stopped last."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from readiness.plugin.session import Session


class Healed:
    """A candidate that runs already, with a fault."""

    owns_candidate = False

    def __init__(self, order: list[str]) -> None:
        self._order = order

    def heal(self) -> list[str]:
        self._order.append("heal")
        return []

    def stop(self) -> None:
        self._order.append("stop")


@pytest.mark.parametrize("fails", [False, True])
def test_faults_are_undone_before_scratch_is_removed(fails: bool) -> None:
    order: list[str] = []
    run: Any = SimpleNamespace(
        options=SimpleNamespace(), id="run", loaded=None, split={}, evidence=None,
        redactor=SimpleNamespace(clean=lambda text: text),
    )  # fmt: skip
    progress: Any = SimpleNamespace(announce=lambda _line: None, stop=lambda: None)
    session: Any = Session(run, progress)
    session._provider = Healed(order)

    def clean() -> None:
        order.append("clean")
        if fails:
            raise OSError("the store does not answer")

    session.on_stop(clean)
    if fails:
        with pytest.raises(OSError, match="does not answer"):
            session.stop()
    else:
        session.stop()
    session.stop()
    assert order == ["heal", "clean", "stop"]
