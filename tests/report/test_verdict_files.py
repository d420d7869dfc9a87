from __future__ import annotations

import copy
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from junitparser import JUnitXml
from pydantic import ValidationError

from readiness.criteria import MANIFEST
from readiness.evidence.folder import verify_seal
from readiness.evidence.models import VerdictRecord
from readiness.evidence.schema import PUBLISHED, generated
from readiness.finding import Finding, State, impossible, proved
from readiness.report import junit
from readiness.report.statement import PREDICATE, STATEMENT
from readiness.verdict import judge, results_of
from tests.report.folders import Made, make, red, verdict_row

pytestmark = pytest.mark.side_by_side


def ready() -> dict[str, Any]:
    findings = {criterion.id: [proved("shown", 3)] for criterion in MANIFEST}
    return verdict_row(judge(results_of(findings, {}, {}, {})))


def schema_problems(row: dict[str, Any]) -> list[str]:
    """What the published schema has against a verdict."""
    validator = Draft202012Validator(json.loads(PUBLISHED.read_text("utf-8")))
    return [error.message for error in validator.iter_errors(json.loads(json.dumps(row)))]


def test_the_published_schema_is_the_model() -> None:
    Draft202012Validator.check_schema(json.loads(PUBLISHED.read_text("utf-8")))
    assert PUBLISHED.read_text("utf-8") == generated(), "run python -m readiness.evidence.schema"


def test_a_verdict_follows_the_schema(tmp_path: Path) -> None:
    assert ready()["verdict"] == "READY"
    assert schema_problems(ready()) == []
    for folder in (make(tmp_path), make(tmp_path, Made(lose=True), "20261124T094608Z-embedded-aaaaaa")):
        row = json.loads((folder / "verdict.json").read_text("utf-8"))
        assert schema_problems(row) == []
        assert VerdictRecord.model_validate(row).model_dump(mode="json") == row


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("interim", [False, True])
@pytest.mark.parametrize("interrupted", [False, True])
def test_every_kind_of_verdict_follows_the_schema(state: State, interim: bool, interrupted: bool) -> None:
    findings = {criterion.id: [Finding(state, "because", observations=1)] for criterion in MANIFEST}
    for selected in (
        None,
        frozenset(),
        frozenset({"P1.1"}),
        frozenset(c.id for c in MANIFEST if c.phase in (0, 2)),
    ):
        verdict = judge(
            results_of(findings, {}, {"P1.1": "TIN-1012"} if interim else {}, {}),
            interim=interim,
            selected=selected,
            interrupted=interrupted,
        )
        row = verdict_row(verdict)
        assert schema_problems(row) == []
        assert VerdictRecord.model_validate(row).model_dump(mode="json") == row


def broken(change: dict[str, Any]) -> dict[str, Any]:
    row = copy.deepcopy(ready())
    for path, value in change.items():
        target: Any = row
        *way, last = path.split("/")
        for step in way:
            target = target[int(step) if step.isdigit() else step]
        target[last] = value
    return row


@pytest.mark.parametrize(
    "change",
    [
        {"criteria/3/state": "REFUTED"},
        {"criteria/3/state": "PASSED"},
        {"criteria/3/observations": 0},
        {"exit_code": 1},
        {"verdict": "ALMOST READY"},
        {"verdict": "NOT READY"},
        {"schema": 1},
        {"fingerprint": "abc"},
        {"surprise": 1},
        {"counts": {"PROVED": len(MANIFEST)}},
        {"verdict": "READY at levels plan and state; s3: 1 REFUTED"},
        {"verdict": "READY; s3: none"},
        {"levels": []},
        {"levels": ["plan", "cache"]},
    ],
)
def test_a_verdict_that_contradicts_itself_does_not(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        VerdictRecord.model_validate(broken(change))


def test_the_statement_covers_every_file_of_the_evidence(tmp_path: Path) -> None:
    folder = make(tmp_path, Made(lose=True))
    shown = json.loads((folder / "statement.json").read_text("utf-8"))
    assert (shown["_type"], shown["predicateType"]) == (STATEMENT, PREDICATE)
    subjects = {subject["name"]: subject["digest"]["sha256"] for subject in shown["subject"]}
    files = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()} - {
        "seal.json",
        "statement.json",
    }
    assert subjects.keys() == files
    for name, digest in subjects.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    assert shown["predicate"]["result"] == "FAILED"
    assert any(name.startswith("P1.13 ") for name in shown["predicate"]["failedTests"])
    assert verify_seal(folder)["files"]["statement.json"]


def test_expected_reds_are_warnings_in_the_statement(tmp_path: Path) -> None:
    made = Made(findings={"P0.7": red("a singleton")}, interim=True, expected={"P0.7": "TIN-1012"})
    predicate = json.loads((make(tmp_path, made) / "statement.json").read_text("utf-8"))["predicate"]
    assert [name.split()[0] for name in predicate["warnedTests"]] == ["P0.7"]
    assert not any(name.startswith("P0.7 ") for name in predicate["failedTests"])


def test_what_is_not_run_as_declared_is_a_warning_in_the_statement(tmp_path: Path) -> None:
    found = {"P1.22": impossible("no power"), "P1.23": Finding(State.NOT_RUN, "blocked")}
    made = Made(findings=found, interim=True, declared={"P1.22": "TIN-1", "P1.23": "TIN-1"})
    predicate = json.loads((make(tmp_path, made) / "statement.json").read_text("utf-8"))["predicate"]
    assert [name.split()[0] for name in predicate["warnedTests"]] == ["P1.22"]


def interim(*, declared: bool, impossible_: bool, sentence: str) -> dict[str, Any]:
    """An interim verdict in which P1.22 did not run and all else is PROVED."""
    finding = Finding(State.NOT_RUN, "no power", impossible=impossible_)
    findings = {c.id: [proved("seen", 1)] for c in MANIFEST} | {"P1.22": [finding]}
    rows = results_of(findings, {}, {}, {}, declared_not_run={"P1.22": "TIN-1"} if declared else {})
    row = verdict_row(judge(rows, interim=True))
    return row | {"verdict": sentence, "exit_code": 0}


def test_an_interim_verdict_says_how_many_are_not_run_as_declared_and_has_no_others() -> None:
    good = "INTERIM AS EXPECTED, 1 NOT RUN as declared"
    VerdictRecord.model_validate(interim(declared=True, impossible_=True, sentence=good))
    for declared, impossible_, sentence in (
        (True, True, "INTERIM AS EXPECTED"),
        (True, True, "INTERIM AS EXPECTED, 2 NOT RUN as declared"),
        (True, False, good),
        (False, True, good),
        (False, True, "INTERIM AS EXPECTED"),
        (True, False, "INTERIM AS EXPECTED"),
        (True, True, "READY, 1 NOT RUN as declared"),
    ):
        with pytest.raises(ValidationError):
            VerdictRecord.model_validate(
                interim(declared=declared, impossible_=impossible_, sentence=sentence)
            )


def unpromised(state: State, sentence: str, *, interim: bool = False, told: bool = True) -> dict[str, Any]:
    """A verdict in which P1.27 is in that state and all else PROVED; `told`: the candidate does not promise it."""
    findings = {c.id: [proved("seen", 1)] for c in MANIFEST}
    findings["P1.27"] = [Finding(state, "why", observations=1)]
    rows = results_of(findings, {}, {}, {}, not_promised={"P1.27": "no [upgrade]"} if told else {})
    return verdict_row(judge(rows, interim=interim)) | {"verdict": sentence, "exit_code": 0}


def test_a_good_verdict_says_how_many_are_not_promised_and_misses_no_others() -> None:
    good = "READY, 1 not promised"
    row = unpromised(State.NOT_RUN, good)
    assert schema_problems(row) == []
    assert VerdictRecord.model_validate(row).model_dump(mode="json") == row
    VerdictRecord.model_validate(
        unpromised(State.NOT_RUN, "INTERIM AS EXPECTED, 1 not promised", interim=True)
    )
    VerdictRecord.model_validate(unpromised(State.PROVED, "READY"))
    for state, sentence, told in (
        (State.NOT_RUN, "READY", True),
        (State.NOT_RUN, "READY, 2 not promised", True),
        (State.NOT_RUN, good, False),
        (State.NOT_RUN, "READY", False),
        (State.PROVED, good, True),
        (State.UNKNOWN, good, True),
        (State.REFUTED, "READY", True),
    ):
        with pytest.raises(ValidationError):
            VerdictRecord.model_validate(unpromised(state, sentence, told=told))
    (untrue,) = [c for c in row["criteria"] if c["id"] == "P1.27"]
    untrue["state"] = "UNKNOWN"
    with pytest.raises(ValidationError, match="UNKNOWN, and not promised"):
        VerdictRecord.model_validate(row)


@pytest.mark.store
def test_the_junit_report_is_bounded_and_every_case_has_a_name_of_its_own(tmp_path: Path) -> None:
    many = {f"value {number}": float(number) for number in range(3000)}
    findings = {criterion.id: [red("a word " * 20_000, many)] for criterion in MANIFEST}
    path = tmp_path / "junit.xml"
    verdict = judge(results_of(findings, {}, {}, {}))
    junit.write(path, verdict, {"run": "x"}, evidence="reports/runs/x")
    assert path.stat().st_size < 2_000_000
    cases = [case for suite in JUnitXml.fromfile(str(path)) for case in suite]
    names = [(case.classname, case.name) for case in cases]
    assert len(set(names)) == len(names)
    failed = next(case for case in cases if case.name.startswith("P1.13 "))
    (outcome,) = failed.result
    assert outcome.message.startswith("REFUTED: a word")
    assert "evidence: reports/runs/x" in outcome.text
