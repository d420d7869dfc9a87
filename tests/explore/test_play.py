"""Faults overlap, follow at once or wait, as the steps say; everything is healed whatever happens."""

from __future__ import annotations

from typing import cast

import pytest

from readiness.campaign.stage import Stage as RealStage
from readiness.errors import Unjudged
from readiness.explore.play import CannotDo, play
from readiness.explore.schedule import Kind, Segment, When
from tests.explore.given import Stage, segment, step

CRASH_A = step(Kind.CRASH, "a")


def _played(given: Segment, stage: Stage) -> list[str]:
    play(given, cast(RealStage, stage))
    return stage.done


def test_a_fault_that_waits_for_nothing_overlaps_the_one_before() -> None:
    held = step(Kind.CRASH, "a", held=0.2)
    done = _played(segment(held, step(Kind.SILENCE, "b", When.MEANWHILE)), Stage())
    assert done == ["crash:a", "silence:b", "heal silence:b", "heal crash:a", "whole?", "locks"]


def test_a_fault_that_waits_for_the_heal_does_not_wait_for_the_whole_candidate() -> None:
    done = _played(segment(CRASH_A, step(Kind.CRASH, "b", When.HEALED)), Stage())
    assert done == ["crash:a", "heal crash:a", "crash:b", "heal crash:b", "whole?", "locks"]


def test_a_fault_that_waits_for_the_whole_candidate_is_not_done_if_it_never_is() -> None:
    stage = Stage(whole=False)
    assert _played(segment(CRASH_A, step(Kind.CRASH, "b")), stage) == ["crash:a", "heal crash:a", "whole?"]
    assert not stage.record.whole


def test_what_is_due_is_healed_while_the_next_step_pauses() -> None:
    done = _played(
        segment(
            step(Kind.CRASH, "a", held=0.01),
            step(Kind.CRASH, "b", When.MEANWHILE, held=0.3, pause=0.1),
        ),
        Stage(),
    )
    assert done[:3] == ["crash:a", "heal crash:a", "crash:b"]


def test_special_faults_bring_their_load() -> None:
    done = _played(
        segment(
            step(Kind.SPLIT, "a"),
            step(Kind.SPLIT_INCOMING, "a", When.HEALED),
            step(Kind.FULL_DISK, "b", When.HEALED),
            step(Kind.POWER_CUT, "c", When.HEALED),
        ),
        Stage(),
    )
    assert [what for what in done if ":" not in what] == ["insist a", "bulk", "keep", "whole?", "locks"]


def test_a_fault_that_cannot_be_done_heals_the_others_and_is_named() -> None:
    stage = Stage(impossible="unplug:b")
    wanted = segment(step(Kind.CRASH, "a", held=9.0), step(Kind.UNPLUG, "b", When.MEANWHILE))
    with pytest.raises(CannotDo, match="there is no cable") as refused:
        play(wanted, cast(RealStage, stage))
    assert refused.value.kind is Kind.UNPLUG
    assert stage.done == ["crash:a", "heal crash:a"]


def test_a_power_cut_that_took_nothing_spoils_the_segment() -> None:
    stage = Stage()
    stage.cut.set()
    with pytest.raises(Unjudged, match="the power was not cut: c was dark"):
        play(segment(step(Kind.POWER_CUT, "c")), cast(RealStage, stage))
