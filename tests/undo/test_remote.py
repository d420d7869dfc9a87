"""What a run has left where its candidate is, played from another machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from readiness import providers
from readiness.cli import undo as command
from readiness.paths import ROOT
from readiness.providers.engine.journal import FaultVerb, KeptEntry, KeptJournal, Undo
from readiness.topology import Unsupported

RESTORE = Undo("kubernetes", "control-on-kubernetes", FaultVerb.RESTORE, "bumble")
THAW = Undo("kubernetes", "control-on-kubernetes", FaultVerb.THAW, "store-0")
ENTRIES = tuple(
    KeptEntry(
        str(number), "2026-11-24T12:00:00Z", str(undo.verb), undo, {"by hand": f"by hand {undo.target}"}
    )
    for number, undo in enumerate((RESTORE, THAW))
)


class Keeper:
    """A provider that keeps the journal of a run where the candidate is; it cannot undo what is in `fails`."""

    def __init__(self, entries: tuple[KeptEntry, ...] = ENTRIES, *, lives: bool = False) -> None:
        self.left: KeptJournal | None = KeptJournal("run-a", lives, entries)
        self.fails: tuple[Undo, ...] = ()
        self.undone: list[Undo] = []
        self.lock = None

    def kept_journal(self) -> KeptJournal | None:
        return self.left

    def settle(self, ids: Sequence[str]) -> None:
        assert self.left is not None
        left = tuple(one for one in self.left.entries if one.id not in ids)
        self.left = KeptJournal("run-a", False, left) if left else None

    def undo(self, undo: Undo, reach: Mapping[str, str] | None = None) -> None:
        assert reach
        if undo in self.fails:
            raise Unsupported("no such hook here")
        self.undone.append(undo)

    def affected(self, _undo: Undo) -> tuple[str, ...]:
        return ()

    def in_service(self, _instance: str) -> bool:
        return True


@pytest.fixture
def candidate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "another-machine"))
    return str(ROOT / "deploy/suite/candidate.toml")


def undo(keeper: Keeper, monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    def create(_loaded: Any, **_more: Any) -> Any:
        return keeper

    monkeypatch.setattr(providers, "create", create)
    return command.main([*words])


def test_it_is_undone_the_last_first_and_closed(
    candidate: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    keeper = Keeper()
    assert undo(keeper, monkeypatch, "--candidate", candidate, "--list") == 0
    assert "undone by: by hand bumble" in capsys.readouterr().out
    assert keeper.undone == []
    assert undo(keeper, monkeypatch, "--candidate", candidate) == 0
    assert keeper.undone == [THAW, RESTORE]
    assert keeper.left is None
    assert undo(keeper, monkeypatch, "--candidate", candidate) == 0
    assert capsys.readouterr().out.endswith("nothing is left to undo\n")


def test_what_cannot_be_undone_stays_open(
    candidate: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    keeper = Keeper()
    keeper.fails = (THAW,)
    assert undo(keeper, monkeypatch, "--candidate", candidate) == 1
    assert "NOT undone: thaw store-0: no such hook here" in capsys.readouterr().out
    assert keeper.left is not None
    assert [one.undo for one in keeper.left.entries] == [THAW]


def test_a_run_that_goes_on_is_left_alone(
    candidate: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    keeper = Keeper(lives=True)
    assert undo(keeper, monkeypatch, "--candidate", candidate) == 0
    assert keeper.undone == []
    assert "run run-a is still going on: left alone" in capsys.readouterr().out


def test_what_was_done_by_hand_is_closed(
    candidate: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    keeper = Keeper()
    assert undo(keeper, monkeypatch, "--candidate", candidate, "--done", "another") == 4
    assert undo(keeper, monkeypatch, "--candidate", candidate, "--done", "run-a") == 0
    assert "closed: restore bumble, thaw store-0" in capsys.readouterr().out
    assert keeper.undone == []
    assert keeper.left is None


def test_the_trace_of_a_dead_run_that_left_nothing_goes(
    candidate: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper = Keeper(())
    assert undo(keeper, monkeypatch, "--candidate", candidate) == 0
    assert keeper.left is None
