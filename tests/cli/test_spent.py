"""Where the seconds of scenarios went, from their records."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from readiness.cli.spent import (
    APART,
    BEGIN,
    BETWEEN,
    END,
    HEAL,
    HELD,
    INJECT,
    RETURN,
    WITHOUT,
    read,
    spent,
    table,
)


def event(
    injecting: float, fired: float, healing: float, healed: float, whole: float | None
) -> dict[str, Any]:
    return {"injecting": injecting, "fired": fired, "healing": healing, "healed": healed, "whole": whole}


def scenario(begun: float, ended: float, *events: dict[str, Any]) -> dict[str, Any]:
    return {"name": "s", "begun": begun, "ended": ended, "events": list(events)}


ONE = scenario(0, 20, event(2, 3, 9, 9.5, 12))
TWO = scenario(21, 40, event(22, 22, 25, 25, 26), event(30, 31, 33, 33, 36))


def test_every_second_is_counted_once() -> None:
    assert spent([ONE]) == {BEGIN: 2, INJECT: 1, HELD: 6, HEAL: 0.5, RETURN: 2.5, END: 8}
    both = spent([ONE, TWO])
    assert (both[APART], both[BETWEEN]) == (1, 4)
    assert sum(both.values()) == 40
    quiet = spent([ONE, scenario(22, 30), scenario(30, 31)])
    assert (quiet[WITHOUT], quiet[APART]) == (9, 2)


def test_of_faults_that_overlap_the_one_that_is_held_counts() -> None:
    nested = scenario(0, 10, event(1, 1, 8, 8, 9), event(2, 3, 5, 6, 9))
    assert spent([nested]) == {BEGIN: 1, HELD: 7, RETURN: 1, END: 1}


def test_a_candidate_that_was_never_whole_returns_to_the_end() -> None:
    assert spent([scenario(0, 10, event(1, 1, 5, 5, None))])[RETURN] == 5


def test_one_that_did_not_fire_is_not_held() -> None:
    broken = event(1, 0, 3, 4, 5) | {"fired": None}
    assert HELD not in spent([scenario(0, 10, broken)])


def test_the_share_of_what_faults_need_is_printed(tmp_path: Path) -> None:
    unplayed = scenario(0, 1) | {"begun": None, "ended": None}
    rows = "".join(json.dumps(row) + "\n" for row in (ONE, unplayed, scenario(20, 21)))
    (tmp_path / "scenarios.jsonl").write_text(rows)
    lines = list(table(read(tmp_path)))
    assert lines[-1].startswith("1 scenarios took 20 s, 2.35 times")
    assert any("faults held" in line and "6.0 s for each" in line for line in lines)


@pytest.mark.parametrize("content", ["", None])
def test_without_scenarios_nothing_is_printed(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "scenarios.jsonl").write_text(content)
    assert list(table(read(tmp_path))) == []
