"""What is told of runs on the healthy control: every red by name, and a run that left no verdict."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.battery import false_reds
from tests.battery.false_reds import Red, Tried, keep, kept, main, page, summarised


def test_no_red() -> None:
    text = summarised([Tried(1, 400.2, "READY", 72, ()), Tried(2, 390.6, "READY", 72, ())], load=2)
    assert text == (
        "2 runs, seeds 1 to 2, 2 background processes: 144 criteria judged, **0 not PROVED**; 391 to 400 s a run."
    )


def test_every_red_is_named() -> None:
    red = Red(4, "P1.14", "REFUTED", "no answer |\n for 9 s")
    none = Red(5, "the run", "no verdict", "exit 3: ")
    text = summarised([Tried(4, 9, "NOT READY", 72, (red,)), Tried(5, 1, None, 0, (none,))], load=0, jobs=2)
    assert (
        "2 runs, seeds 4 to 5, 2 at a time, 0 background processes: 72 criteria judged, **2 not PROVED**"
        in text
    )
    assert "| 4 | P1.14 | REFUTED | no answer \\| for 9 s |" in text
    assert "| 5 | the run | no verdict | exit 3: |" in text


@pytest.mark.store
def test_the_page_says_how_to_do_it_again() -> None:
    tried = [Tried(1, 400.2, "READY", 72, (), "abc"), Tried(2, 390.6, "READY", 72, (), "def")]
    text = page("none", ["--runs", "20", "--jobs", "2"], tried)
    assert ".venv/bin/python -m tests.battery.false_reds --runs 20 --jobs 2\n" in text
    assert "Commit abc (1 runs), def (1 runs). none\n" in text
    assert "Commit abc. none\n" in page("none", [], tried[:1])


def test_runs_that_were_kept_are_not_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file, done = tmp_path / "runs", list[int]()

    def run(seed: int, _arguments: Sequence[str], _folder: Path) -> Tried:
        done.append(seed)
        return Tried(seed, 1.0, "READY", 80, (), "abc")

    monkeypatch.setattr(false_reds, "_run", run)
    red = Red(2, "P1.14", "REFUTED", "no answer for 9 s")
    keep(file, Tried(2, 390.6, "NOT READY", 80, (red,), "abc"))
    keep(file, Tried(9, 390.6, "READY", 80, (), "abc"))
    assert main(["--runs", "3", "--load", "0", "--resume", str(file)]) == 1, "the red of a kept run counts"
    assert done == [1, 3]
    assert "3 runs, seeds 1 to 3" in capsys.readouterr().out
    assert [each.seed for each in kept(file)] == [2, 9, 1, 3]
    assert kept(file)[0].reds == (red,)


def test_what_a_run_with_a_red_left_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(seed: int, _arguments: Sequence[str], folder: Path) -> Tried:
        (folder / "output.txt").write_text(f"seed {seed}", encoding="utf-8")
        reds = (Red(seed, "P1.14", "REFUTED", "no answer for 9 s"),) if seed == 2 else ()
        return Tried(seed, 1.0, None, 80, reds, "abc")

    monkeypatch.setattr(false_reds, "_run", run)
    assert main(["--runs", "2", "--load", "0", "--resume", str(tmp_path / "twenty.jsonl")]) == 1
    assert (tmp_path / "twenty-seed-2" / "output.txt").read_text("utf-8") == "seed 2"
    assert not (tmp_path / "twenty-seed-1").exists()
