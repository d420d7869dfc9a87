"""What a check may say: a word of its own, never one of a verdict, and nothing that a gate would take for one."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError
from rich.console import Console

from readiness.candidate.load import load
from readiness.criteria import BY_ID, MANIFEST, Level
from readiness.criteria.needs import needs
from readiness.errors import UsageError
from readiness.evidence.models import VerdictRecord
from readiness.evidence.seen import Group
from readiness.finding import Finding, State, proved, refuted, unknown
from readiness.gate.earlier import read_earlier
from readiness.report.checked import print_check
from readiness.report.published import combine
from readiness.report.statement import statement
from readiness.report.words import command, next_step
from readiness.verdict import Verdict, Word, checked, results_of
from tests.report.folders import Made, make, verdict_row

ASKED = frozenset(criterion.id for criterion in MANIFEST if criterion.checked)
PARTLY = frozenset(id_ for id_ in ASKED if BY_ID[id_].scenarios)
HELD = Finding(State.NOT_RUN, "holds without a fault: one winner", observations=3)
REST = {criterion.id: needs(criterion) for criterion in MANIFEST if not criterion.checked}


def verdict_of(held: frozenset[str] = PARTLY, interrupted: bool = False, **other: Finding) -> Verdict:
    """Of a check that found that of some criteria, and that all else holds."""
    changed = {id_.replace("_", "."): finding for id_, finding in other.items()}
    found = {id_: [HELD if id_ in PARTLY else proved("it holds", 3)] for id_ in ASKED}
    found |= {id_: [finding] for id_, finding in changed.items()}
    results = results_of(found, REST, {}, {})
    return checked(results, selected=ASKED, held=held, interrupted=interrupted)


def shown(verdict: Verdict) -> str:
    out = io.StringIO()
    print_check(Console(file=out, width=100), verdict, {"candidate": "check-a"})
    return out.getvalue()


def test_all_that_is_asked_may_hold_and_it_is_not_ready() -> None:
    verdict = verdict_of()
    total = len(MANIFEST)
    assert verdict.sentence == (
        f"CHECKED: 10 PROVED, 4 held without faults, {total - 14} NOT RUN; nothing was proved about failures"
    )
    assert verdict.exit_code == 0
    assert not verdict.phases
    assert "READY" not in shown(verdict)


def test_what_holds_without_faults_is_not_counted_as_proved() -> None:
    counts = verdict_of().counts()
    assert counts[State.PROVED] == 10
    assert counts[State.NOT_RUN] == len(MANIFEST) - 10


@pytest.mark.parametrize(
    ("finding", "count"), [(refuted("two winners"), "1 REFUTED"), (unknown("no answer"), "1 UNKNOWN")]
)
def test_what_is_red_is_named_and_fails_the_check(finding: Finding, count: str) -> None:
    verdict = verdict_of(P1_11=finding)
    assert verdict.sentence.startswith(f"CHECK FAILED: 10 PROVED, 3 held without faults, {count}, ")
    assert verdict.exit_code == 1
    assert f"P1.11 {finding.state}" in shown(verdict)
    assert finding.reason in shown(verdict)


def test_what_was_to_be_asked_and_did_not_run_fails_the_check() -> None:
    verdict = verdict_of(P1_16=Finding(State.NOT_RUN, "the run ended before it"))
    assert verdict.word is Word.CHECK_FAILED
    assert "the run ended before it" in shown(verdict)


def test_nothing_holds_by_its_reason_alone() -> None:
    assert verdict_of(held=frozenset()).word is Word.CHECK_FAILED


def test_a_check_of_nothing_fails() -> None:
    assert checked((), selected=frozenset(), held=frozenset()).word is Word.CHECK_FAILED


def test_a_red_one_of_a_level_that_does_not_decide_stands_beside() -> None:
    verdict = verdict_of(P1_12=refuted("a stale ETag was accepted"))
    assert "; s3: 1 REFUTED; nothing was proved" in verdict.sentence
    assert verdict.exit_code == 0
    assert "[level s3: does not decide]" in shown(verdict)
    required = checked(verdict.results, selected=ASKED, held=PARTLY, levels=frozenset(Level))
    assert required.sentence.startswith("CHECK FAILED: 9 PROVED, 4 held without faults, 1 REFUTED, ")


def test_an_interrupted_one_says_so() -> None:
    assert verdict_of(interrupted=True).sentence == "INTERRUPTED"


def test_each_criterion_that_is_not_asked_says_what_it_needs() -> None:
    text = " ".join(shown(verdict_of()).split())
    assert all(len(needs(criterion)) > 20 for criterion in MANIFEST)
    assert "wipe, files and repair of [[nodes]]" in text
    assert needs(BY_ID["P1.11"]) == needs(BY_ID["P1.6"])


def test_a_check_asks_only_what_takes_no_fault() -> None:
    assert {BY_ID[id_].phase for id_ in ASKED} == {1}
    for id_ in ASKED:
        criterion = BY_ID[id_]
        assert set(criterion.without_faults().scenarios) <= {Group.STEADY}
        assert (Group.STEADY in criterion.scenarios) is bool(criterion.scenarios), id_


def test_its_record_is_that_of_a_check() -> None:
    for verdict in (verdict_of(), verdict_of(P1_11=refuted("two winners")), verdict_of(interrupted=True)):
        row = verdict_row(verdict) | {"mode": "check"}
        assert VerdictRecord.model_validate(row).verdict == verdict.sentence
    row = verdict_row(verdict_of())
    for change in (
        {"mode": "strict"},
        {"verdict": "READY"},
        {"verdict": "PHASE 1 PROVED"},
        {"phases": [1]},
        {"exit_code": 1},
    ):
        with pytest.raises(ValidationError):
            VerdictRecord.model_validate(row | change)


def test_its_evidence_is_not_taken_over(tmp_path: Path) -> None:
    folder = make(
        tmp_path, Made(about={"mode": "check", "started": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"})
    )
    loaded = replace(load("embedded"), fingerprint="a" * 64)
    with pytest.raises(UsageError, match="is of a check, which injects no fault"):
        read_earlier([folder], loaded, "abc1234")


def test_it_is_not_published() -> None:
    run = combine.SealedRun(Path("a"), {}, verdict_row(verdict_of()))
    with pytest.raises(UsageError, match="is a check, which injects no fault"):
        combine.together([run])


def test_its_statement_passes_nothing(tmp_path: Path) -> None:
    about = {"suite": "abc1234"}
    holds = statement(tmp_path, about, verdict_row(verdict_of()))["predicate"]
    assert holds["result"] == "WARNED"
    assert not any(name.startswith("P1.11 ") for name in holds["passedTests"])
    red = verdict_row(verdict_of(P1_11=refuted("two winners")))
    assert statement(tmp_path, about, red)["predicate"]["result"] == "FAILED"


def test_it_is_repeated_as_it_was_asked_for(tmp_path: Path) -> None:
    about = json.loads((make(tmp_path) / "run.json").read_text()) | {
        "mode": "check",
        "arguments": ["--endpoint", "http://a", "--plain"],
    }
    assert command(about) == "./just tofu-state-ha-readiness check --endpoint http://a --plain --seed 7"
    assert next_step(verdict_row(verdict_of(P1_11=refuted("two winners"))), about) is None
