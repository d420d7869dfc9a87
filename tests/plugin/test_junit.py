"""The JUnit report fails closed, and says for every criterion of the manifest what it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from junitparser import Error, Failure, JUnitXml, Skipped
from junitparser.xunit2 import TestCase, TestSuite

from readiness.criteria import MANIFEST
from readiness.finding import Finding, State, impossible, proved
from readiness.report.junit import ReportTaken, invalidate, write, write_sentinel
from readiness.undo.living import Process
from readiness.verdict import Result, judge

pytestmark = pytest.mark.side_by_side

PROPERTIES = {"candidate": "tiny", "fingerprint": "f" * 64, "mode": "strict", "seed": "7"}
ISSUE = "TIN-1012: one endpoint"


def read(path: Path) -> TestSuite:
    report = JUnitXml.fromfile(str(path))
    (found,) = [TestSuite.fromelem(each._elem) for each in report]
    assert isinstance(found, TestSuite)
    return found


def failing(suite: TestSuite) -> bool:
    return bool(suite.failures or suite.errors)


def properties(holder: TestSuite | TestCase) -> dict[str, str]:
    found: Any = holder
    return {each.name: each.value for each in found.properties()}


def cases(suite: TestSuite) -> dict[str, TestCase]:
    """Test cases by criterion id; the run's own case under its name."""
    found = {}
    for each in suite:
        case = TestCase.fromelem(each._elem)
        found[properties(case).get("criterion", case.name)] = case
    return found


def report(
    path: Path, states: dict[str, Finding], *, interim: bool = False, issues: dict[str, str] | None = None
) -> TestSuite:
    rows = tuple(
        Result(
            c,
            states.get(c.id, Finding(State.PROVED, "seen", {"heads": 4}, 4)),
            (issues or {}).get(c.id),
            1.25,
        )
        for c in MANIFEST
    )
    write(path, judge(rows, interim=interim), PROPERTIES, evidence="reports/runs/x")
    return read(path)


def test_the_sentinel_is_a_failure(tmp_path: Path) -> None:
    path = tmp_path / "below" / "junit.xml"
    write_sentinel(path, "the run did not end", PROPERTIES)
    suite = read(path)
    assert (suite.tests, suite.failures) == (1, 1)
    assert properties(suite)["verdict"] == "NOT JUDGED"
    assert "did not end" in path.read_text()


@pytest.mark.store
def test_a_ready_report_has_one_passing_case_a_criterion(tmp_path: Path) -> None:
    suite = report(tmp_path / "junit.xml", {})
    found = cases(suite)
    assert list(found) == [c.id for c in MANIFEST]
    assert not failing(suite)
    assert suite.tests == len(MANIFEST)
    assert len({(c.classname, c.name) for c in found.values()}) == len(MANIFEST)
    assert properties(suite) == PROPERTIES | {
        "verdict": "READY", "count.PROVED": str(len(MANIFEST)), "count.REFUTED": "0", "count.UNKNOWN": "0",
    "count.NOT RUN": "0", }  # fmt: skip
    one = properties(found["P1.4"])
    assert one["sentence"] == "bucket/object HEAD after one pod restart"
    assert "plan" not in one
    assert properties(found["S.2"])["plan"] == "state data remains on a single bumble-scoped RWO volume"
    assert (one["state"], one["observations"], one["measured.heads"]) == ("PROVED", "4", "4")
    assert one["evidence"] == "reports/runs/x"
    assert found["P1.4"].time == 1.25


@pytest.mark.parametrize(
    ("state", "kind"), [(State.REFUTED, Failure), (State.UNKNOWN, Error), (State.NOT_RUN, Skipped)]
)
def test_states_that_are_no_pass(tmp_path: Path, state: State, kind: type) -> None:
    suite = report(
        tmp_path / "junit.xml", {"P2.3": Finding(state, "the reason\nin <two> lines", observations=1)}
    )
    (result,) = cases(suite)["P2.3"].result
    assert type(result) is kind
    assert "the reason" in result.message
    assert failing(suite), "a reader that only counts failures and errors must see that it is not READY"
    assert properties(suite)["verdict"] == "NOT READY"
    assert properties(suite)[f"count.{state}"] == "1"


@pytest.mark.parametrize("state", [State.REFUTED, State.UNKNOWN])
def test_a_red_of_a_level_that_does_not_decide_is_skipped_and_says_what_was_found(
    tmp_path: Path, state: State
) -> None:
    suite = report(tmp_path / "junit.xml", {"P1.12": Finding(state, "a stale ETag", observations=1)})
    (result,) = cases(suite)["P1.12"].result
    assert type(result) is Skipped
    assert f"{state}, level s3, which does not decide (--require s3): a stale ETag" in result.message
    assert not failing(suite)
    found = properties(suite)
    assert found["verdict"] == f"READY at levels plan and state; s3: 1 {state}"
    assert (properties(cases(suite)["P1.12"])["level"], found[f"count.{state}"]) == ("s3", "1")


def test_skipped_alone_fails_too(tmp_path: Path) -> None:
    suite = report(tmp_path / "junit.xml", {c.id: Finding(State.NOT_RUN, "deselected") for c in MANIFEST})
    assert suite.skipped == len(MANIFEST)
    assert suite.failures == 1
    assert "verdict" in cases(suite)


def test_proved_without_observations_is_an_error(tmp_path: Path) -> None:
    suite = report(tmp_path / "junit.xml", {"P2.3": proved("a cache hit", 0)})
    assert type(cases(suite)["P2.3"].result[0]) is Error


def test_interim_reads_expected_red_as_skipped_and_a_moved_guardrail_as_failure(tmp_path: Path) -> None:
    red = Finding(State.REFUTED, "one endpoint", observations=1)
    suite = report(tmp_path / "one.xml", {"S.1": red}, interim=True, issues={"S.1": ISSUE})
    (result,) = cases(suite)["S.1"].result
    assert type(result) is Skipped
    assert ISSUE in result.message
    assert not failing(suite)
    moved = report(tmp_path / "two.xml", {}, interim=True, issues={"S.1": ISSUE})
    assert type(cases(moved)["S.1"].result[0]) is Failure
    broken = report(
        tmp_path / "three.xml", {"S.1": Finding(State.UNKNOWN, "down")}, interim=True, issues={"S.1": ISSUE}
    )
    assert type(cases(broken)["S.1"].result[0]) is Error
    strict = report(tmp_path / "four.xml", {"S.1": red}, issues={"S.1": ISSUE})
    assert type(cases(strict)["S.1"].result[0]) is Failure


def test_what_is_not_run_as_declared_is_skipped_and_says_so(tmp_path: Path) -> None:
    def written(name: str, finding: Finding, *, interim: bool) -> TestSuite:
        rows = tuple(
            Result(c, finding, declared="TIN-1: no power")
            if c.id == "P1.22"
            else Result(c, Finding(State.PROVED, "seen", {}, 4))
            for c in MANIFEST
        )
        write(tmp_path / name, judge(rows, interim=interim), PROPERTIES, evidence="reports/runs/x")
        return read(tmp_path / name)

    suite = written("one.xml", impossible("no loop devices"), interim=True)
    (result,) = cases(suite)["P1.22"].result
    assert type(result) is Skipped
    assert (result.type, result.message) == (
        "not-run-as-declared",
        "NOT RUN as declared (TIN-1: no power): no loop devices",
    )
    assert properties(cases(suite)["P1.22"])["declared_not_run"] == "TIN-1: no power"
    assert properties(suite)["verdict"] == "INTERIM AS EXPECTED, 1 NOT RUN as declared"
    assert not failing(suite)
    other = written("two.xml", Finding(State.NOT_RUN, "it was deselected"), interim=True)
    assert "as declared" not in cases(other)["P1.22"].result[0].message
    assert failing(other)
    assert failing(written("three.xml", impossible("no loop devices"), interim=False))


def test_a_report_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "junit.xml"
    write_sentinel(path, "why", {})
    report(path, {"P1.1": Finding(State.REFUTED, "control \x00\x1b characters \ufffe", observations=1)})
    assert [each.name for each in tmp_path.iterdir()] == ["junit.xml"]
    assert failing(read(path))


def begun(path: Path, run: str) -> None:
    write_sentinel(path, "the run did not end", PROPERTIES | {"run": run})


def finished(path: Path, run: str) -> None:
    rows = tuple(Result(c, Finding(State.PROVED, "seen", {}, 4), None, 1.0) for c in MANIFEST)
    write(path, judge(rows), PROPERTIES | {"run": run}, evidence="reports/runs/x")


def gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every process that wrote a report has ended."""
    monkeypatch.setattr(Process, "lives", property(lambda _self: False))


def test_a_run_that_goes_on_keeps_its_report(tmp_path: Path) -> None:
    path = tmp_path / "junit.xml"
    begun(path, "first")
    with pytest.raises(ReportTaken, match="belongs to run first, which is still going on"):
        begun(path, "second")
    with pytest.raises(ReportTaken, match="belongs to run first by now"):
        finished(path, "second")
    invalidate(path, "bad input", PROPERTIES | {"run": "second"})
    assert failing(read(path))
    assert properties(read(path))["run"] == "first"
    finished(path, "first")
    assert not failing(read(path))


def test_a_run_does_not_put_its_verdict_over_the_sentinel_of_a_later_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "junit.xml"
    begun(path, "first")
    gone(monkeypatch)
    begun(path, "second")
    with pytest.raises(ReportTaken, match="belongs to run second by now"):
        finished(path, "first")
    assert failing(read(path))


def test_the_report_of_a_run_that_has_ended_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "junit.xml"
    begun(path, "first")
    finished(path, "first")
    begun(path, "second")
    assert failing(read(path))
    finished(path, "second")
    assert properties(read(path))["run"] == "second"
