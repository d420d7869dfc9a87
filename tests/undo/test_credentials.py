"""A credential that a run adds is in its journal until it is retired, whoever retires it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from readiness.candidate.load import Loaded, load
from readiness.providers import create
from readiness.topology import Keys
from readiness.undo.journal import DurableJournal
from readiness.undo.play import play
from readiness.undo.stored import journals
from tests.undo.test_journal import CANDIDATE

pytestmark = pytest.mark.store
MADE = Keys("AKMADE", "the-secret-of-the-made-one")
COMMANDS = """
[commands]
rotate_add = ["sh", "-c", "cat made; exit $(cat code)"]
rotate_retire = ["sh", "-c", "echo $READINESS_ACCESS_KEY > retired"]
"""


@pytest.fixture
def lent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Loaded:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("LENT_KEY", "AKLENT")
    monkeypatch.setenv("LENT_SECRET", "a-secret-of-the-lent-store")
    (tmp_path / "alerts.yaml").write_text("groups: []")
    (tmp_path / "code").write_text("0")
    (tmp_path / "made").write_text(json.dumps({"access_key": MADE.access_key, "secret_key": MADE.secret_key}))
    text = CANDIDATE.replace("rotation_days = 90", 'rotation_days = 90\nrotation = "provider"') + COMMANDS
    (tmp_path / "lent.toml").write_text(text)
    return load(str(tmp_path / "lent.toml"))


def started(lent: Loaded) -> tuple[DurableJournal, Any]:
    journal = DurableJournal("run-1", lent)
    journal.begin()
    return journal, create(lent, journal=journal)


def test_one_that_a_killed_run_added_is_retired(lent: Loaded) -> None:
    journal, provider = started(lent)
    assert provider.rotate(None) == MADE
    assert MADE.secret_key not in journal.path.read_text()
    (stored,) = journals()
    assert [entry.words for entry in stored.entries] == ["rotate_add AKMADE"]
    assert journal._file is not None
    os.close(journal._file)  # as the kernel does
    message: list[str] = []
    assert play(stored, message.append).failed == []
    assert (lent.path.parent / "retired").read_text() == "AKMADE\n"
    assert journals() == []


def test_one_that_the_run_retires_is_closed(lent: Loaded) -> None:
    journal, provider = started(lent)
    provider.rotate(provider.rotate(None))
    assert journals()[0].entries == ()
    journal.end()
    assert journals() == []


def test_one_that_could_not_be_added_is_not_to_be_retired(lent: Loaded) -> None:
    (lent.path.parent / "made").write_text("refused")
    _, provider = started(lent)
    with pytest.raises(RuntimeError, match="did not print"):
        provider.rotate(None)
    assert journals()[0].entries == ()
