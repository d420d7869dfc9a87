"""What a whole run makes of the states of its criteria: verdict, exit code, report and evidence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from readiness.candidate.load import load
from readiness.criteria import MANIFEST
from readiness.plugin.description import revision
from tests.plugin.runs import Ran, small
from tests.plugin.states import SUITE
from tests.plugin.test_junit import cases, failing, properties, read

pytestmark = [pytest.mark.store, pytest.mark.side_by_side]

RED = tuple(load("singleton").candidate.expected_red)


def run(place: Path, states: dict[str, str], *arguments: str) -> Ran:
    return small(place / "run", SUITE, *arguments, env={"STATES": json.dumps(states)})


def test_ready(tmp_path: Path) -> None:
    ran = run(tmp_path, {}, "--seed", "7")
    assert (ran.code, ran.verdict["verdict"]) == (0, "READY")
    assert f"\nREADY ({len(MANIFEST)} PROVED)" in ran.out
    suite = read(ran.junit)
    assert not failing(suite)
    found = properties(suite)
    assert (found["verdict"], found["mode"], found["seed"], found["candidate"]) == (
        "READY",
        "strict",
        "7",
        "embedded",
    )
    assert len(found["fingerprint"]) == len(found["seal"]) == 64
    assert found["run"] == ran.folder.name
    assert len(cases(suite)) == len(MANIFEST)


def test_watching_without_a_terminal_says_so_and_changes_nothing(tmp_path: Path) -> None:
    ran = run(tmp_path, {}, "--watch")
    assert (ran.code, ran.verdict["verdict"]) == (0, "READY")
    assert ran.err.count("--watch shows nothing: standard error is not a terminal") == 1
    assert "--watch" not in (ran.folder / "report.html").read_text("utf-8")
    assert "--watch" not in run(tmp_path / "without", {}).err


def test_ready_needs_every_criterion_collected(tmp_path: Path) -> None:
    ran = run(tmp_path, {"P1.20": "NOT COLLECTED"})
    assert (ran.code, ran.verdict["verdict"]) == (1, "PHASES 0, 2, 3, 4 NOT PROVED")
    assert ran.state("P1.20") == "NOT RUN"
    assert len(cases(read(ran.junit))) == len(MANIFEST) + 1  # and the failing verdict


def test_keep_going_runs_later_phases_and_is_never_ready(tmp_path: Path) -> None:
    ran = run(tmp_path, {"P0.1": "REFUTED"}, "--keep-going")
    assert (ran.code, ran.state("P3.0"), ran.verdict["verdict"]) == (
        1,
        "PROVED",
        "PHASES 0, 1, 2, 3, 4 NOT PROVED",
    )


def test_keep_going_is_not_ready_even_if_all_is_proved(tmp_path: Path) -> None:
    ran = run(tmp_path, {}, "--keep-going")
    assert ran.verdict["verdict"] == properties(read(ran.junit))["verdict"] == "PHASES 0, 1, 2, 3, 4 PROVED"


def test_one_phase_is_proved_and_never_ready(tmp_path: Path) -> None:
    ran = run(tmp_path, {}, "-m", "phase1")
    assert (ran.code, ran.verdict["verdict"]) == (0, "PHASE 1 PROVED")
    assert "READY" not in ran.junit.read_text()
    row = ran.criterion("P2.1")
    assert (row["state"], row["reason"]) == ("NOT RUN", "it was deselected")
    assert read(ran.junit).skipped == sum(criterion.phase != 1 for criterion in MANIFEST)


def test_a_red_of_level_s3_stands_beside_ready_and_blocks_nothing(tmp_path: Path) -> None:
    reds = {"P1.12": "REFUTED", "P1.28": "UNKNOWN", "P4.1": "GATE", "P4.2": "GATE", "S.6": "GATE"}
    ran = run(tmp_path, reds)
    message = "READY at levels plan and state; s3: 1 REFUTED, 1 UNKNOWN"
    assert (ran.code, ran.verdict["verdict"]) == (0, message), ran.out
    assert ran.verdict["levels"] == ["plan", "state"]
    assert f"\n{message} (1 REFUTED, 1 UNKNOWN, {len(MANIFEST) - 2} PROVED)" in ran.out
    assert "[level s3: does not decide]" in ran.out
    assert "P1.12 REFUTED, P1.28 UNKNOWN" in ran.criterion("P4.1")["reason"]
    assert not failing(read(ran.junit))
    assert properties(read(ran.junit))["verdict"] == message
    (tmp_path / "required").mkdir()
    strict = run(tmp_path / "required", reds, "--require", "s3")
    assert (strict.code, strict.verdict["verdict"]) == (1, "NOT READY")
    assert strict.verdict["levels"] == ["plan", "state", "s3"]
    assert strict.state("P2.1") == "NOT RUN", "it blocks the next phase"
    (tmp_path / "named").mkdir()
    named = run(tmp_path / "named", reds, "-k", "P1.12")
    assert (named.code, failing(read(named.junit))) == (1, True)


def test_a_red_phase_blocks_later_ones_and_the_gate_fails(tmp_path: Path) -> None:
    ran = run(tmp_path, {"P1.3": "REFUTED", "P4.1": "GATE", "P4.2": "GATE", "S.6": "GATE"})
    assert (ran.code, ran.verdict["verdict"]) == (1, "NOT READY")
    assert ran.state("P1.21") == "PROVED", "the rest of its own phase still runs"
    for criterion in MANIFEST:
        if criterion.phase in (2, 3):
            row = ran.criterion(criterion.id)
            assert (row["state"], row["reason"]) == ("NOT RUN", "phase 1 is red: P1.3 is REFUTED")
    gate = ran.criterion("P4.1")
    assert gate["state"] == "REFUTED"
    assert "P1.3 REFUTED" in gate["reason"]
    assert ran.state("P4.2") == "PROVED"
    assert read(ran.junit).failures == 3  # P1.3, P4.1, and the verdict


def test_an_error_blocks_too(tmp_path: Path) -> None:
    ran = run(tmp_path, {"P0.3": "ERROR", "P4.1": "GATE"}, "-k", "P0.3 or P1.1 or P4.1")
    assert ran.criterion("P1.1")["reason"] == "phase 0 is red: P0.3 is UNKNOWN"
    assert ran.state("P4.1") == "REFUTED"
    assert ran.code == 1


def test_evidence_that_only_claims_to_be_proved_is_not_ready(tmp_path: Path) -> None:
    gate = {"P4.1": "GATE", "P4.2": "GATE", "S.6": "GATE"}
    (tmp_path / "before").mkdir()
    before = run(tmp_path / "before", {}, "-m", "not phase4")
    assert (before.code, before.verdict["verdict"]) == (0, "PHASES 0, 1, 2, 3 PROVED")
    ran = run(tmp_path, gate, "-m", "phase4", "--evidence", str(before.folder))
    if "dirty" in revision():
        assert (ran.code, "was made by a changed suite" in ran.err) == (4, True)
    else:
        assert (ran.code, ran.verdict["verdict"]) == (1, "NOT READY"), ran.out
        assert ran.state("P1.4") == "UNKNOWN"
        assert "cannot be judged again" in ran.criterion("P1.4")["reason"]


def interim(place: Path, states: dict[str, str], *arguments: str) -> Ran:
    return run(
        place,
        dict.fromkeys(RED, "REFUTED") | states,
        "--candidate",
        "singleton",
        "--expect-interim",
        *arguments,
    )


def test_interim_as_expected(tmp_path: Path) -> None:
    ran = interim(tmp_path, {})
    assert (ran.code, ran.verdict["verdict"]) == (0, "INTERIM AS EXPECTED"), ran.out
    assert ran.state("P3.attic.5") == "PROVED", "an expected red does not block"
    suite = read(ran.junit)
    assert not failing(suite)
    assert suite.skipped == len(RED)
    assert properties(suite)["mode"] == "interim"
    assert "TIN-1012" in properties(cases(suite)["S.1"])["expected_red"]
    assert f"{len(RED)} xfailed" in ran.out


def test_what_the_candidate_does_not_promise_is_not_missed(tmp_path: Path) -> None:
    ran = interim(tmp_path, {"P1.27": "NOT RUN"})
    assert (ran.code, ran.verdict["verdict"]) == (0, "INTERIM AS EXPECTED, 1 not promised"), ran.out
    assert ran.criterion("P1.27")["not_promised"] == "not promised: the candidate file has no [upgrade]"
    assert not failing(read(ran.junit))
    promised = run(tmp_path / "promised", {"P1.27": "NOT RUN"})
    assert (promised.code, promised.verdict["verdict"]) == (1, "NOT READY")


@pytest.mark.parametrize(
    ("states", "id_", "state"),
    [
        pytest.param({"P1.6": "PROVED"}, "P1.6", "PROVED", id="guardrail moved"),
        pytest.param({"P1.6": "ERROR"}, "P1.6", "UNKNOWN", id="error is no expected red"),
        pytest.param({"P1.19": "WRONG"}, "P1.19", "REFUTED", id="a wrong answer is no expected red"),
    ],
)
def test_interim_not_as_expected(tmp_path: Path, states: dict[str, str], id_: str, state: str) -> None:
    ran = interim(tmp_path, states)
    assert (ran.code, ran.verdict["verdict"]) == (1, "NOT AS EXPECTED")
    assert ran.state(id_) == state
    assert failing(read(ran.junit))


DECLARED = tuple(load("singleton").candidate.declared_not_run)
IMPOSSIBLE = dict.fromkeys(DECLARED, "IMPOSSIBLE")


def test_interim_as_expected_says_what_could_not_be_run_as_declared(tmp_path: Path) -> None:
    ran = interim(tmp_path, IMPOSSIBLE)
    message = f"INTERIM AS EXPECTED, {len(DECLARED)} NOT RUN as declared"
    assert (ran.code, ran.verdict["verdict"]) == (0, message), ran.out
    assert ran.state("P3.attic.5") == "PROVED", "it does not block"
    row = ran.criterion("P1.22")
    assert (row["state"], row["impossible"]) == ("NOT RUN", True)
    assert row["declared_not_run"] == load("singleton").candidate.declared_not_run["P1.22"]
    assert "[NOT RUN as declared: TIN-1012" in " ".join(ran.out.split())
    suite = read(ran.junit)
    assert not failing(suite)
    assert suite.skipped == len({*RED, *DECLARED})
    assert properties(suite)["verdict"] == message
    assert "NOT RUN as declared (TIN-1012" in cases(suite)["P1.22"].result[0].message
    assert f"{len({*RED, *DECLARED})} xfailed" in ran.out


@pytest.mark.parametrize(
    ("states", "id_", "state"),
    [
        pytest.param({"P1.22": "NOT RUN"}, "P1.22", "NOT RUN", id="not run for another cause"),
        pytest.param({"P1.22": "NOT COLLECTED"}, "P1.22", "NOT RUN", id="not collected"),
        pytest.param({"P1.22": "ERROR"}, "P1.22", "UNKNOWN", id="an error"),
        pytest.param({"P1.22": "WRONG"}, "P1.22", "REFUTED", id="a loss"),
        pytest.param({"P1.22": "REFUTED"}, "P1.22", "REFUTED", id="an outage"),
        pytest.param({"P1.26": "IMPOSSIBLE"}, "P1.26", "NOT RUN", id="impossible and not declared"),
        pytest.param({"P1.24": "IMPOSSIBLE"}, "P1.24", "NOT RUN", id="expected red is not declared"),
    ],
)
def test_interim_is_not_as_expected_when_what_is_declared_was_not_impossible(
    tmp_path: Path, states: dict[str, str], id_: str, state: str
) -> None:
    ran = interim(tmp_path, IMPOSSIBLE | states)
    assert ran.code == 1
    assert "AS EXPECTED" not in ran.verdict["verdict"].replace("NOT AS EXPECTED", "")
    assert ran.state(id_) == state
    assert failing(read(ran.junit))


def test_strict_mode_knows_no_declaration(tmp_path: Path) -> None:
    ran = run(tmp_path, IMPOSSIBLE, "--candidate", "singleton")
    assert (ran.code, ran.verdict["verdict"]) == (1, "NOT READY")
    row = ran.criterion("P1.22")
    assert (row["state"], row["declared_not_run"]) == ("NOT RUN", None)
    assert ran.criterion("P2.1")["reason"] == "phase 1 is red: P1.22 is NOT RUN"
    assert failing(read(ran.junit))


@pytest.mark.parametrize("asked", ["subject", "rig"])
def test_interim_of_a_candidate_that_is_down_is_not_as_expected(asked: str, tmp_path: Path) -> None:
    place = tmp_path / "run"
    text = SUITE.replace(
        "def test_criterion(id_, judge, run):",
        "def test_criterion(id_, judge, run, candidate_session):\n    candidate_session." + asked,
    )
    ran = small(place, text, "--candidate", "singleton", "--expect-interim", env={"FAKE_FAILS": "1"})
    assert (ran.code, ran.verdict["verdict"]) == (1, "NOT AS EXPECTED")
    assert ran.state("S.1") == "UNKNOWN"
    assert "a-0 ends by itself" in ran.criterion("S.1")["reason"]
