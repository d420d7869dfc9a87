"""A battery that goes on: what its file has is not judged again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from readiness.finding import State
from tests.battery import runner
from tests.battery.catalogue import ALL
from tests.battery.runner import Judged, Outcome, keep, kept, without_defect


def test_outcomes_come_back(tmp_path: Path) -> None:
    outcome = Outcome(ALL[0], {"P1.11": Judged(State.REFUTED, "two winners")}, 19.4, "")
    file = tmp_path / "outcomes"
    assert kept(file) == {}
    keep(file, outcome)
    assert kept(file) == {ALL[0].name: outcome}


def test_only_what_was_not_judged_without_a_defect_is_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, asked, reds = tmp_path / "outcomes", list[set[str]](), {"P1.27"}

    def suite(
        criteria: Sequence[str], _options: Sequence[str], _runs: Path, *, limit: float
    ) -> tuple[dict[str, Judged], str]:
        asked.append(set(criteria))
        assert limit == runner.HEALTHY_LIMIT
        return {id_: Judged(State.PROVED, "it holds") for id_ in criteria if id_ not in reds}, ""

    monkeypatch.setattr(runner, "suite", suite)
    first = without_defect(resume=file)
    assert first["P1.27"] == Judged(State.NOT_RUN, "it was not judged")
    assert first["P1.11"].state is State.PROVED
    reds.clear()
    second = without_defect(resume=file)
    assert asked == [set(first), {"P1.27"}]
    assert {found.state for found in second.values()} == {State.PROVED}
    assert kept(file) == {}, "no defect was tried"
