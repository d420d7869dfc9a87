"""A node that was drained by stopping each of its instances is restored by another process, from the journal."""

from __future__ import annotations

from pathlib import Path

import pytest

from readiness.candidate.load import load
from readiness.providers import create
from readiness.providers.engine.journal import FaultVerb, Undo, UndoesLater
from tests.undo.test_journal import CANDIDATE


@pytest.mark.store
def test_each_instance_of_a_drained_node_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LENT_KEY", "AKLENT")
    monkeypatch.setenv("LENT_SECRET", "a-secret-of-the-lent-store")
    (tmp_path / "alerts.yaml").write_text("groups: []")
    path = tmp_path / "lent.toml"
    path.write_text(
        CANDIDATE.replace(
            'pause = ["true"]', 'pause = ["true"]\nstop = ["true"]\nstart = ["touch", "started"]'
        )
    )
    provider = create(load(str(path)))
    assert isinstance(provider, UndoesLater)
    provider.undo(Undo("commands", "lent", FaultVerb.RESTORE, "a"), {})
    assert (tmp_path / "started").exists()
