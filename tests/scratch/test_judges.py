"""Every judge of recorded calls: a healthy recording is PROVED, each defect REFUTED, what is not there proves nothing;
and what was kept says the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import JsonValue

from readiness.criteria import MANIFEST, PROTECTED_STACKS
from readiness.evidence.folder import Evidence
from readiness.evidence.observation import load_observations
from readiness.finding import State
from readiness.judges.conditions import races
from readiness.redact import Redactor
from tests.scratch.cases import CASES
from tests.stacks.cases import CASES as STACKS
from tests.static.cases import CASES as STATIC
from tests.support.observations import Case, Defect, error, lost
from tests.tofu.cases import CASES as TOFU

ALL = (*CASES, *STATIC, *TOFU, *STACKS)


def each(kind: str) -> list[object]:
    """Every case with each of its defects of that kind."""
    return [
        pytest.param(case, defect, id=f"{case.name}: {name}")
        for case in ALL
        for name, defect in getattr(case, kind).items()
    ]


def test_every_criterion_before_the_gate_has_a_judge() -> None:
    assert [row.id for row in MANIFEST if row.judge is None] == [
        row.id for row in MANIFEST if row.of_the_gate
    ]
    without_scenarios = {row.id for row in MANIFEST if row.phase < 4 and not row.scenarios}
    of_other_stacks = {f"P3.{stack}.{step}" for stack in PROTECTED_STACKS[1:] for step in range(1, 6)}
    assert without_scenarios - of_other_stacks <= {case.id for case in ALL}


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_a_healthy_recording_is_proved(case: Case) -> None:
    found = case.judged(case.healthy)
    assert found.state is State.PROVED, found.reason
    assert found.observations > 0


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_nothing_recorded_is_unknown(case: Case) -> None:
    assert case.judged(()).state is State.UNKNOWN


@pytest.mark.parametrize(("case", "defect"), each("defects"))
def test_a_defect_is_refuted(case: Case, defect: Defect) -> None:
    found = case.judged(defect(case.healthy))
    assert found.state is State.REFUTED, found.reason


@pytest.mark.parametrize(("case", "defect"), each("unknown"))
def test_what_cannot_be_told_is_unknown(case: Case, defect: Defect) -> None:
    found = case.judged(defect(case.healthy))
    assert found.state is State.UNKNOWN, found.reason


@pytest.mark.parametrize(("case", "defect"), each("proved"))
def test_what_is_no_defect_is_proved(case: Case, defect: Defect) -> None:
    found = case.judged(defect(case.healthy))
    assert found.state is State.PROVED, found.reason


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_a_step_that_was_not_tried_proves_nothing(case: Case) -> None:
    for step in {one.step for one in case.healthy}:
        without = [one for one in case.healthy if one.step != step]
        assert case.judged(without).state is State.UNKNOWN, step


@pytest.mark.parametrize("case", [c for c in ALL if c.judge is None], ids=lambda case: case.name)
def test_what_must_succeed_and_does_not_refutes(case: Case) -> None:
    for number, one in enumerate(case.healthy):
        if one.required:
            at = sum(before.step == one.step for before in case.healthy[:number])
            for failure in (lost(one.step, at), error(one.step, at)):
                found = case.judged(failure(case.healthy)[: number + 1])
                assert found.state is State.REFUTED, one.step
                assert one.endpoint in found.reason


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_what_was_kept_is_judged_the_same(case: Case, tmp_path: Path) -> None:
    recordings = [case.healthy, *(defect(case.healthy) for defect in case.defects.values())]
    for number, recorded in enumerate(recordings):
        evidence = Evidence(tmp_path / str(number), Redactor())
        kept = [evidence.observe(one) for one in recorded]
        loaded = list(load_observations(evidence.folder, "any"))
        assert loaded == kept == list(recorded)
        assert case.judged(loaded) == case.judged(recorded)


@pytest.mark.parametrize("case", STACKS, ids=lambda case: case.name)
def test_a_result_of_which_something_is_missing_proves_nothing(case: Case) -> None:
    for number, one in enumerate(case.healthy):
        if not isinstance(one.result, dict) or "wall" in one.result:
            continue  # a command is judged by its exit code
        for result in (None, {}, *_without_one(one.result)):
            altered = [*case.healthy]
            altered[number] = one.model_copy(update={"result": result})
            assert case.judged(altered).state in (State.UNKNOWN, State.REFUTED), (one.step, result)


def _without_one(result: dict[str, JsonValue]) -> Iterator[dict[str, JsonValue]]:
    for name in result:
        yield {other: value for other, value in result.items() if other != name}


def test_races_that_nobody_ran_are_unknown() -> None:
    given = Case("P1.11", (), {}, judge=races)
    assert given.judged(()).state is State.UNKNOWN
