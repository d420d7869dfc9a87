from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import JsonValue

from readiness import paths
from readiness.cli import compare, recheck
from readiness.criteria import MANIFEST
from readiness.evidence.observation import Observation
from readiness.evidence.scenario import NOT_SELECTED, ScenarioRecord
from readiness.evidence.stored import JUDGED, SCENARIOS, as_row
from readiness.finding import impossible
from readiness.judges.opentofu.basics import Step
from readiness.report import words
from tests.report.folders import Made, make, red
from tests.stacks.cases import CASES as STACKS
from tests.support.observations import Case, Recorded, changed
from tests.tofu.cases import CASES as OPENTOFU

OTHER = "20261124T101034Z-embedded-55a07c"


def test_a_recheck_says_what_the_run_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert recheck.main([str(make(tmp_path))]) == 0
    out = capsys.readouterr().out
    assert "THE SAME: 2 criteria judged again" in out
    assert "is intact" in out
    assert "not judged again, was not run" in out


def test_a_red_run_is_red_again(tmp_path: Path) -> None:
    assert recheck.main([str(make(tmp_path, Made(lose=True)))]) == 0


def not_run(folder: Path, why: str) -> Path:
    """As if P1.22 had been NOT RUN as declared, judged from a power cut that was not done for this reason."""
    record = ScenarioRecord("power-cut:all", None, judged_outage=False, unsupported=why)
    for file, row in (
        (SCENARIOS, as_row(record, None)),
        (JUDGED, {"criterion": "P1.22", "scenarios": {"power cuts": [record.name]}, "observations": 0}),
    ):
        with (folder / file).open("a") as out:
            out.write(json.dumps(row) + "\n")
    return folder


def test_what_was_not_run_as_declared_is_named_and_its_cause_is_judged_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = Made(findings={"P1.22": impossible("no power")}, interim=True, declared={"P1.22": "TIN-1"})
    assert recheck.main([str(not_run(make(tmp_path / "a", made), "no disk of its own")), "--no-seal"]) == 0
    out = capsys.readouterr().out
    assert "1 NOT RUN as declared: P1.22" in out
    assert "THE SAME: 3 criteria judged again" in out
    assert recheck.main([str(not_run(make(tmp_path / "b", made), NOT_SELECTED)), "--no-seal"]) == 1
    assert "DIFFERENT: P1.22" in capsys.readouterr().out


def edit(folder: Path) -> None:
    path = folder / "history" / "crash_three.jsonl"
    lines = path.read_text("utf-8").splitlines()
    edited = [line.replace('"status":404', '"status":200,"value":"body-3"') for line in lines]
    assert edited != lines
    path.write_text("\n".join(edited) + "\n", "utf-8")


def test_an_edited_history_is_refused_and_without_the_seal_judged_differently(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make(tmp_path, Made(lose=True))
    edit(folder)
    assert recheck.main([str(folder)]) == 4
    assert "was changed after the run was sealed" in capsys.readouterr().err
    assert recheck.main([str(folder), "--no-seal"]) == 1
    out = capsys.readouterr().out
    assert "DIFFERENT: P1.13" in out
    assert "proves nothing about the run" in out


def test_an_edited_verdict_is_told_apart_too(tmp_path: Path) -> None:
    folder = make(tmp_path, Made(lose=True))
    path = folder / "verdict.json"
    row = json.loads(path.read_text("utf-8"))
    next(each for each in row["criteria"] if each["id"] == "P1.13")["state"] = "PROVED"
    path.write_text(json.dumps(row), "utf-8")
    assert recheck.main([str(folder), "--no-seal"]) == 1


def test_criteria_that_cannot_be_judged_again_are_listed_with_the_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    findings = {"P1.2": red("no answer"), "P2.1": red("no answer"), "P4.1": red("P1.2 is red")}
    recheck.main([str(make(tmp_path, Made(findings=findings)))])
    out = capsys.readouterr().out
    assert "the run could not do everything that it needs: P1.2, P2.1" in out
    assert "it adds up what the other criteria found: P4.1" in out
    assert f"judged again: 2 of {len(MANIFEST)} criteria" in out


def directly(folder: Path, result: list[str], kept: int = 2) -> Path:
    """A run in which P1.1 was PROVED by these listings, of which so many were kept."""
    asked: dict[str, JsonValue] = {"wanted": ["scratch"]}
    with (folder / "observations.jsonl").open("w") as out:
        for _ in range(kept):
            seen = Observation(
                criterion="P1.1",
                step="list-buckets",
                endpoint="one",
                client="boto3",
                asked=asked,
                invoked=1.0,
                completed=1.1,
                outcome="ok",
                result=list[JsonValue](result),
            )
            out.write(seen.model_dump_json() + "\n")
    with (folder / "judged.jsonl").open("a") as out:
        out.write(json.dumps({"criterion": "P1.1", "scenarios": {}, "observations": 2}) + "\n")
    verdict = json.loads((folder / "verdict.json").read_text("utf-8"))
    next(row for row in verdict["criteria"] if row["id"] == "P1.1")["state"] = "PROVED"
    (folder / "verdict.json").write_text(json.dumps(verdict), "utf-8")
    return folder


def test_what_was_asked_directly_is_judged_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert recheck.main([str(directly(make(tmp_path), ["scratch"])), "--no-seal"]) == 0
    assert "THE SAME: 3 criteria judged again" in capsys.readouterr().out


def test_other_answers_are_judged_differently(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert recheck.main([str(directly(make(tmp_path), ["another"])), "--no-seal"]) == 1
    assert "DIFFERENT: P1.1" in capsys.readouterr().out


def recorded(folder: Path, case: Case, kept: Recorded) -> Path:
    """A run in which the criterion of this case was PROVED, of which these observations are kept."""
    with (folder / "observations.jsonl").open("w") as out:
        for one in kept:
            out.write(one.model_copy(update={"criterion": case.id}).model_dump_json() + "\n")
    with (folder / "judged.jsonl").open("a") as out:
        out.write(json.dumps({"criterion": case.id, "scenarios": {}, "observations": len(kept)}) + "\n")
    verdict = json.loads((folder / "verdict.json").read_text("utf-8"))
    next(row for row in verdict["criteria"] if row["id"] == case.id)["state"] = "PROVED"
    (folder / "verdict.json").write_text(json.dumps(verdict), "utf-8")
    return folder


@pytest.mark.parametrize("case", STACKS, ids=lambda case: case.id)
def test_what_was_seen_of_stacks_is_judged_again(
    case: Case, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert recheck.main([str(recorded(make(tmp_path), case, case.healthy)), "--no-seal"]) == 0
    assert "THE SAME: 3 criteria judged again" in capsys.readouterr().out


@pytest.mark.parametrize("case", STACKS, ids=lambda case: case.id)
def test_altered_evidence_of_stacks_is_judged_differently(
    case: Case, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    altered = next(iter(case.defects.values()))(case.healthy)
    assert recheck.main([str(recorded(make(tmp_path), case, altered)), "--no-seal"]) == 1
    assert f"DIFFERENT: {case.id}" in capsys.readouterr().out


def test_a_result_of_another_shape_is_unknown_and_no_crash(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = next(case for case in OPENTOFU if case.id == "P2.2")
    altered = changed(Step.STATE, result=["no", "mapping"])(case.healthy)
    assert recheck.main([str(recorded(make(tmp_path), case, altered)), "--no-seal"]) == 1
    assert "DIFFERENT: P2.2" in capsys.readouterr().out


def test_cut_observations_are_no_proof(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert recheck.main([str(directly(make(tmp_path), ["scratch"], kept=1)), "--no-seal"]) == 4
    assert "has 1 observations of P1.1, 2 were made" in capsys.readouterr().err


@pytest.mark.parametrize("lost", ["history/crash_three.jsonl", "run.json", "scenarios.jsonl"])
def test_a_folder_that_lacks_something_is_no_proof(tmp_path: Path, lost: str) -> None:
    folder = make(tmp_path)
    (folder / lost).unlink()
    assert recheck.main([str(folder)]) == 4
    assert recheck.main([str(folder), "--no-seal"]) == 4


def test_a_cut_history_is_no_proof(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = make(tmp_path)
    path = folder / "history" / "crash_three.jsonl"
    path.write_text("\n".join(path.read_text("utf-8").splitlines()[:-5]) + "\n", "utf-8")
    assert recheck.main([str(folder), "--no-seal"]) == 4
    assert "were made" in capsys.readouterr().err


def test_a_history_outside_of_the_folder_is_not_read(tmp_path: Path) -> None:
    folder = make(tmp_path)
    (tmp_path / "elsewhere.jsonl").write_bytes((folder / "history" / "crash_three.jsonl").read_bytes())
    path = folder / "scenarios.jsonl"
    path.write_text(path.read_text("utf-8").replace("history/crash_three", "../elsewhere"), "utf-8")
    assert recheck.main([str(folder), "--no-seal"]) == 4


def test_nothing_to_judge_again_is_no_success(tmp_path: Path) -> None:
    folder = make(tmp_path)
    (folder / "judged.jsonl").write_text("", "utf-8")
    assert recheck.main([str(folder), "--no-seal"]) == 1


def test_a_comparison_names_what_changed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a, b = make(tmp_path), make(tmp_path, Made(outage=5.5, lose=True), OTHER)
    assert compare.main([str(a), str(b)]) == 0
    out = capsys.readouterr().out
    assert "| P1.13 no acknowledged write is lost" in out
    assert "✓ PROVED | ✗ REFUTED" in out
    assert "| crash:three | 0." in out
    assert "(two) | 5." in out
    assert "one GET" in out
    assert "The same." in out


def test_a_comparison_of_a_run_with_itself_has_no_change(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(make(tmp_path))
    assert compare.main([folder, folder]) == 0
    assert "## Criteria that changed\n\nNone." in capsys.readouterr().out


def test_what_a_store_says_does_not_break_the_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    b = make(tmp_path, Made(findings={"P1.2": red("a | b\n| c <script>")}), OTHER)
    compare.main([str(make(tmp_path)), str(b)])
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("| P1.2 "))
    assert "a \\| b \\| c &lt;script>" in line


def test_a_folder_that_is_none_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compare.main([str(tmp_path), str(tmp_path)]) == 4
    assert "cannot be compared" in capsys.readouterr().err


def test_the_command_that_does_a_run_again_keeps_its_options_and_seed(tmp_path: Path) -> None:
    about = json.loads((make(tmp_path) / "run.json").read_text("utf-8"))
    assert words.command(about) == "./just tofu-state-ha-readiness --candidate embedded -m phase1 --seed 7"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("/here/candidates/stores/moto.toml", "candidates/stores/moto.sh judge --stacks=x"),
        (
            "/here/candidates/a.toml",
            "./just tofu-state-ha-readiness --candidate candidates/a.toml --allow-faults --keep-going --stacks=x",
        ),
        (
            "/etc/our store.toml",
            "./just tofu-state-ha-readiness --candidate '/etc/our store.toml' --allow-faults --keep-going --stacks=x",
        ),
    ],
)
def test_a_run_of_a_file_is_done_again_with_the_file_or_with_its_script(given: str, shown: str) -> None:
    about = {
        "candidate": "moto",
        "seed": 7,
        "arguments": [
            *("--rootdir", "/here", "/here/suites", f"--candidate={given}", "--junitxml=/here/x.xml"),
            *("--allow-faults", "--keep-going", "--seed", "9", "--stacks=x"),
        ],
    }
    assert words.command(about) == f"{shown} --seed 7"


def test_one_criterion_is_run_again_with_all_options_of_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    test = "suites/test_phase3_protected_stacks.py::test_state_pull"
    about = {
        "candidate": "mine",
        "seed": 7,
        "arguments": [
            *("--disable-plugin-autoload", "--rootdir", "/here", "/here/suites/test_phase0.py::test_one"),
            *("--candidate=/etc/our store.toml", "--allow-faults", "--stacks", "../our stacks"),
        ],
        "tests": {"P3.1.1": test},
    }
    row = {
        "id": "P3.1.1",
        "title": "state pull",
        "state": "REFUTED",
        "reason": "it differs",
        "expected_red": None,
    }
    verdict = {"exit_code": 1, "criteria": [row]}
    message = f"--candidate '/etc/our store.toml' {test} --allow-faults --stacks '../our stacks' --seed 7"
    assert words.next_step(verdict, about) == f"./just tofu-state-ha-readiness {message}"
    monkeypatch.setattr(paths, "CHECKOUT", False)
    assert words.next_step(verdict, about) == f"tofu-state-ha-readiness {message}"


def test_what_to_look_at_first_is_the_first_red_that_is_not_expected() -> None:
    def row(id_: str, state: str, issue: str | None = None) -> dict[str, object]:
        return {"id": id_, "state": state, "expected_red": issue}

    rows = [
        row("P1.1", "NOT RUN"),
        row("P1.2", "UNKNOWN"),
        row("P1.3", "REFUTED", "TIN"),
        row("P4.1", "REFUTED"),
    ]
    assert (words.first_open(rows) or {})["id"] == "P4.1"
    assert (words.first_open([*rows, row("P1.9", "REFUTED")]) or {})["id"] == "P1.9"
    assert (words.first_open(rows[:2]) or {})["id"] == "P1.2"
    assert words.first_open([row("P1.1", "PROVED")]) is None
    declared = row("P1.22", "NOT RUN") | {"declared_not_run": "TIN"}
    assert words.first_open([declared | {"impossible": True}]) is None
    assert words.first_open([declared]) == declared
    assert (words.first_open([row("P1.1", "PROVED"), row("P1.2", "PROVED", "TIN")]) or {})["id"] == "P1.2"
