"""A few lying stores, each caught; and the same criteria PROVED through the same proxy when it does not lie."""

from __future__ import annotations

from pathlib import Path

import pytest

from readiness.finding import State
from tests.battery.catalogue import ALL
from tests.battery.defect import Defect
from tests.battery.runner import Judged, Outcome, nodes_by_criterion, suite, try_defect

QUICK = [defect for defect in ALL if defect.quick]
HEALTHY = ("P1.1", "P1.10", "P1.12", "P1.15", "P1.16")


def test_every_defect_names_criteria_that_a_test_judges() -> None:
    assert len(ALL) >= 30
    for defect in ALL:
        assert defect.source
        assert defect.expects
        assert set(defect.criteria) <= nodes_by_criterion().keys(), defect.name


@pytest.mark.parametrize(
    ("state", "reason", "missed"),
    [
        (State.REFUTED, "it lies", 0),
        (State.REFUTED, "something else", 1),
        (State.UNKNOWN, "it lies", 1),
        (State.PROVED, "it lies", 1),
        (None, "", 1),
    ],
)
def test_only_a_refusal_that_says_what_was_done_counts_as_caught(
    state: State | None, reason: str, missed: int
) -> None:
    defect = Defect("liar", "a source", "lies", ("P1.1",), "it lies")
    judged = {} if state is None else {"P1.1": Judged(state, reason)}
    assert len(Outcome(defect, judged, 0.0, "").missed()) == missed


def test_a_defect_of_the_suite_must_only_never_be_proved() -> None:
    defect = Defect("no-fault", "a source", "does nothing", ("P1.6",), "", never_proved=True)
    assert not Outcome(defect, {"P1.6": Judged(State.UNKNOWN, "did not fire")}, 0.0, "").missed()
    assert Outcome(defect, {"P1.6": Judged(State.PROVED, "")}, 0.0, "").missed()


@pytest.mark.store
@pytest.mark.slow
@pytest.mark.parametrize("defect", QUICK, ids=[defect.name for defect in QUICK])
def test_a_lying_store_is_caught(defect: Defect) -> None:
    outcome = try_defect(defect)
    assert not outcome.missed(), outcome.output[-3000:]


@pytest.mark.store
@pytest.mark.slow
def test_a_proxy_that_does_not_lie_is_not_seen(tmp_path: Path) -> None:
    judged, output = suite(HEALTHY, ["--defect", "none", "--seed", "1", "--scenarios", ""], tmp_path)
    assert {id_: found.state for id_, found in judged.items()} == dict.fromkeys(HEALTHY, State.PROVED), (
        output[-3000:]
    )
