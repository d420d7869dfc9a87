"""S.4 on a store that the suite did not start: a scratch object diverges, the response names it, and it is undone."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from readiness.candidate.load import load
from readiness.providers import create
from readiness.undo.journal import DurableJournal
from readiness.undo.play import play
from readiness.undo.stored import journals
from tests.commands.lab import Lab
from tests.commands.test_runs import run, states
from tests.undo.test_journal import CANDIDATE

pytestmark = pytest.mark.store
S4 = ("suites/test_phase0_static_contract.py", "-k", "divergence_without_response")
PAIR = ("plant_divergence", "remove_divergence")


def judged(lab: Lab, raw: dict[str, Any], runs: Path, *arguments: str) -> tuple[str, str]:
    done = run(lab, raw, runs, *S4, *arguments)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return states(runs)["S.4"]


def diverging(lab: Lab) -> object:
    return create(load(str(lab.write(lab.declared())))).divergence_check()["divergences"]


def test_the_response_that_names_it_is_proved_and_nothing_is_left(lab: Lab, tmp_path: Path) -> None:
    state, reason = judged(lab, lab.declared(), tmp_path / "runs", "--allow-faults")
    assert (state, "it found the one that was planted" in reason) == ("PROVED", True), reason
    assert diverging(lab) == []


@pytest.mark.parametrize(
    ("commands", "check", "allowed", "state", "words"),
    [
        (dict.fromkeys(PAIR), None, True, "UNKNOWN", "declares no commands.plant_divergence"),
        ({}, None, False, "UNKNOWN", "need --allow-faults"),
        ({"plant_divergence": ["true"]}, None, True, "UNKNOWN", "no client sees what was planted"),
        ({}, ["echo", '{"divergences": []}'], True, "REFUTED", "does not find a divergence"),
    ],
)
def test_what_plants_nothing_or_finds_nothing_is_not_proved(
    lab: Lab,
    tmp_path: Path,
    commands: dict[str, list[str] | None],
    check: list[str] | None,
    allowed: bool,
    state: str,
    words: str,
) -> None:
    raw = lab.declared()
    raw["commands"] = {name: one for name, one in (raw["commands"] | commands).items() if one is not None}
    if check:
        raw["contract"]["divergence"]["command"] = check
    found, reason = judged(lab, raw, tmp_path / "runs", *(["--allow-faults"] if allowed else []))
    assert (found, words in reason) == (state, True), reason
    assert diverging(lab) == []


def test_one_that_cannot_be_removed_leaves_everything_unknown(lab: Lab, tmp_path: Path) -> None:
    raw = lab.declared()
    raw["commands"] |= {"plant_divergence": ["true"], "remove_divergence": ["false"]}
    done = run(lab, raw, tmp_path / "runs", *S4, "--allow-faults")
    assert done.returncode == 1
    assert "could not undo" in done.stderr
    assert states(tmp_path / "runs")["S.4"][0] == "UNKNOWN"
    for each in journals():  # nothing is there
        each.path.unlink()


def test_one_that_a_killed_run_planted_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("LENT_KEY", "AKLENT")
    monkeypatch.setenv("LENT_SECRET", "a-secret-of-the-lent-store")
    (tmp_path / "alerts.yaml").write_text("groups: []")
    pair = {
        "plant_divergence": ["sh", "-c", "echo $READINESS_BUCKET $READINESS_KEY > planted"],
        "remove_divergence": [
            "sh",
            "-c",
            'test "$(cat planted)" = "$READINESS_BUCKET $READINESS_KEY" && rm planted',
        ],
    }
    commands = "\n".join(f"{name} = {json.dumps(argv)}" for name, argv in pair.items())
    (tmp_path / "lent.toml").write_text(f"{CANDIDATE}\n[commands]\n{commands}\n")
    lent = load(str(tmp_path / "lent.toml"))
    journal = DurableJournal("run-1", lent)
    journal.begin()
    provider: Any = create(lent, journal=journal)
    provider.plant_divergence("scratch", "s4/planted")
    (stored,) = journals()
    assert [entry.words for entry in stored.entries] == ["plant_divergence scratch/s4/planted"]
    assert "READINESS_KEY=s4/planted" in stored.entries[0].reach["by hand"]
    assert journal._file is not None
    os.close(journal._file)  # as the kernel does
    assert play(stored, lambda _line: None).failed == []
    assert not (tmp_path / "planted").exists()
    assert journals() == []
