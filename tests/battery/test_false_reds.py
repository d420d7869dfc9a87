"""What is told of runs on the healthy control: every red by name, and a run that left no verdict."""

from __future__ import annotations

import pytest

from tests.battery.false_reds import Red, Tried, page, summarised


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
    assert ".venv/bin/python -m tests.battery.false_reds --runs 20 --jobs 2\n" in page(
        "none", ["--runs", "20", "--jobs", "2"]
    )
