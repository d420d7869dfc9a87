"""Random segments keep what overlapping faults need; a schedule is played again from its file, or refused."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.errors import UsageError
from readiness.explore.draw import BEYOND, Draw
from readiness.explore.kinds import fault_of, must_fit
from readiness.explore.schedule import ALL, OF_ALL, Kind, Schedule, Segment, Step, When
from tests.explore.given import NODES, RTO, TOPOLOGY, segment, step

DRAW = Draw(TOPOLOGY, RTO)


def _node(target: str) -> str:
    return target.split("-", 1)[0]


@given(st.integers())
def test_faults_that_may_overlap_hit_different_nodes(seed: int) -> None:
    drawn = DRAW.segment(1, random.Random(seed), list(Kind))
    together: list[str] = []
    for each in drawn.steps:
        if each.when is not When.MEANWHILE:
            together = []
        hit = list(NODES) if each.kind in OF_ALL else [_node(each.target)]
        assert not set(together) & set(hit), str(drawn)
        together += hit


@given(st.integers())
def test_a_segment_begins_with_a_whole_candidate_and_holds_no_fault_far_beyond_its_promise(seed: int) -> None:
    drawn = DRAW.segment(1, random.Random(seed), list(Kind))
    assert drawn.steps[0].when is When.WHOLE
    assert all(each.held <= BEYOND * 4.0 for each in drawn.steps)


def test_the_same_seed_draws_the_same_segments_and_every_kind_is_drawn() -> None:
    drawn = [DRAW.segment(1, random.Random(seed), list(Kind)) for seed in range(200)]
    assert drawn == [DRAW.segment(1, random.Random(seed), list(Kind)) for seed in range(200)]
    assert {each.kind for one in drawn for each in one.steps} == set(Kind)
    assert {each.when for one in drawn for each in one.steps} == set(When)


def test_every_kind_has_a_fault_of_its_own() -> None:
    targets = dict.fromkeys(Kind, "a") | dict.fromkeys(OF_ALL, ALL)
    targets |= dict.fromkeys((Kind.RESTART, Kind.KILL, Kind.FREEZE), "a-disk")
    names = {fault_of(step(kind, target), TOPOLOGY).name for kind, target in targets.items()}
    assert len(names) == len(Kind)


def test_a_schedule_is_read_back_as_it_was(tmp_path: Path) -> None:
    kept = Schedule(candidate="x", seed=3, segments=(segment(step(Kind.CRASH, "a", held=1.5)),))
    (tmp_path / "schedule.json").write_text(kept.model_dump_json())
    assert Schedule.read(tmp_path / "schedule.json") == kept


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("{", "Invalid JSON"),
        ('{"candidate": "x", "seed": 1, "segments": []}', "segments: Tuple should have at least 1 item"),
        (
            (
                '{"candidate": "x", "seed": 1, "segments": [{"number": 1, "steps": [{"kind": "nuke", "target": "a", '
                '"when": "whole", "pause": 0, "held": 1}]}]}'
            ),
            "segments.0.steps.0.kind: Input should be 'restart'",
        ),
        ("\xff", "it is not text in UTF-8"),
    ],
)
def test_what_is_no_schedule_is_refused_by_name(content: str, problem: str, tmp_path: Path) -> None:
    (tmp_path / "schedule.json").write_bytes(content.encode("latin-1"))
    with pytest.raises(UsageError, match=r"--replay .*schedule\.json holds no schedule") as refused:
        Schedule.read(tmp_path / "schedule.json")
    assert problem in str(refused.value)


def test_a_schedule_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        Schedule.read(tmp_path / "gone.json")


@pytest.mark.parametrize("wrong", [step(Kind.CRASH, "honey"), step(Kind.KILL, "a")])
def test_the_schedule_of_another_candidate_is_refused(wrong: Step) -> None:
    other = Schedule(candidate="other", seed=1, segments=(Segment(number=1, steps=(wrong,)),))
    with pytest.raises(UsageError, match=r"the schedule is of another candidate \(other\)"):
        must_fit(other, TOPOLOGY)
