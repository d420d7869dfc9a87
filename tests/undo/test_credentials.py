"""A credential that a run adds is in its journal until it is retired, whoever retires it."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from readiness.candidate.load import Loaded, load
from readiness.providers import create
from readiness.topology import Keys
from readiness.undo.journal import DurableJournal
from readiness.undo.play import play
from readiness.undo.stored import journals
from tests.support.eventually import eventually
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


@pytest.fixture
def choosing(lent: Loaded) -> Loaded:
    """As `lent`, with a command that takes the access key that it is given, as long as it is not told otherwise."""
    made = '{\\"access_key\\": \\"%s\\", \\"secret_key\\": \\"the-secret-of-it\\"}'
    key = "$READINESS_NEW_ACCESS_KEY"
    add = f"printf '{made}' ${{AS:-{key}}}; echo {key} > asked; test ! -e hang || sleep 60"
    text = lent.path.read_text().replace('"cat made; exit $(cat code)"', f'"{add}"')
    lent.path.write_text(text + "chosen_access_key = true\n")
    return load(str(lent.path))


def test_one_that_was_being_added_when_the_run_was_killed_is_retired(choosing: Loaded) -> None:
    journal, provider = started(choosing)
    (choosing.path.parent / "hang").touch()
    adding = threading.Thread(target=lambda: provider.rotate(None), daemon=True)
    adding.start()
    eventually((choosing.path.parent / "asked").exists, 10)
    (stored,) = journals()
    (entry,) = stored.entries
    chosen = (choosing.path.parent / "asked").read_text().strip()
    assert entry.words == f"rotate_add {chosen}"
    assert journal._file is not None
    os.close(journal._file)  # as the kernel does
    assert play(stored, lambda _line: None).failed == []
    assert (choosing.path.parent / "retired").read_text() == f"{chosen}\n"
    assert journals() == []


def test_one_that_has_another_key_than_it_was_to_have_is_retired_all_the_same(
    choosing: Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AS", "ANOTHER")
    _, provider = started(choosing)
    with pytest.raises(RuntimeError, match=r"although commands\.chosen_access_key is true"):
        provider.rotate(None)
    assert [entry.words for entry in journals()[0].entries] == ["rotate_add ANOTHER"]
    assert provider.heal() == []
    assert (choosing.path.parent / "retired").read_text() == "ANOTHER\n"
