"""One issue follows the verdict: opened once, updated, closed; and nothing is taken for good that was not judged."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from readiness.cli import ci
from tests.forge.conftest import CANDIDATE, Pipeline, run


def issue(results: Path, candidate: str = CANDIDATE) -> int:
    return ci.main(["issue", "--candidate", candidate, str(results)])


def test_an_unchanged_good_verdict_opens_nothing(pipeline: Pipeline, tmp_path: Path) -> None:
    for number in (1, 2):
        run(tmp_path / str(number), number)
        assert issue(tmp_path / str(number)) == 0
    assert pipeline.forge.issues == []
    assert {method for method, _ in pipeline.forge.asked} == {"GET"}


def test_a_red_verdict_opens_one_issue_that_is_updated_and_closed(pipeline: Pipeline, tmp_path: Path) -> None:
    forge = pipeline.forge
    reds: list[tuple[str, ...]] = [("P1.6",), ("P1.6",), ("P1.6", "P1.13"), ("P1.6", "P1.13"), ()]
    seen = []
    for number, red in enumerate(reds):
        run(tmp_path / str(number), number, *red)
        assert issue(tmp_path / str(number)) == 0
        seen.append((len(forge.issues), len(forge.open()), len(forge.notes)))
    assert seen == [(1, 1, 0), (1, 1, 0), (1, 1, 1), (1, 1, 1), (1, 0, 2)]
    (_, _, changed), (_, _, closed) = forge.notes
    assert "Red now: P1.13 REFUTED" in changed
    assert "No longer red: P1.13 REFUTED, P1.6 REFUTED" in closed
    assert "NOT READY became READY" in closed
    assert forge.issues[0]["title"] == f"OpenTofu state authority {CANDIDATE}: READY"


def test_red_again_after_it_was_good_is_another_issue(pipeline: Pipeline, tmp_path: Path) -> None:
    for number, red in enumerate([("P1.6",), (), ("P1.6",)]):
        run(tmp_path / str(number), number, *red)
        assert issue(tmp_path / str(number)) == 0
    assert (len(pipeline.forge.issues), len(pipeline.forge.open())) == (2, 1)


def test_an_issue_that_was_closed_by_hand_stays_closed_until_something_changes(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    forge = pipeline.forge
    run(tmp_path / "1", 1, "P1.6")
    assert issue(tmp_path / "1") == 0
    forge.issues[0]["state"] = "closed"
    assert issue(tmp_path / "1") == 0
    assert len(forge.issues) == 1
    run(tmp_path / "2", 2, "P1.6", "P1.13")
    assert issue(tmp_path / "2") == 0
    assert (len(forge.issues), len(forge.open())) == (2, 1)


def test_nothing_judged_is_red_and_the_next_good_verdict_closes_it(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    forge = pipeline.forge
    assert issue(tmp_path / "nothing") == 0
    (opened,) = forge.open()
    assert opened["title"].endswith("NOT JUDGED")
    run(tmp_path / "1")
    assert issue(tmp_path / "1") == 0
    assert forge.open() == []


@pytest.mark.parametrize("harm", ["edited", "unsealed", "not JSON"])
def test_evidence_that_cannot_be_relied_on_is_never_good(
    pipeline: Pipeline, tmp_path: Path, harm: str
) -> None:
    folder = run(tmp_path)
    if harm == "edited":
        (folder / "run.json").write_text("{}")
    elif harm == "unsealed":
        (folder / "seal.json").unlink()
    else:
        (folder / "verdict.json").write_text("READY")
    assert issue(tmp_path) == 0
    (opened,) = pipeline.forge.open()
    assert opened["title"].endswith("NOT JUDGED")


def test_each_candidate_has_its_own_issue(pipeline: Pipeline, tmp_path: Path) -> None:
    run(tmp_path / "red", 1, "P1.6")
    run(tmp_path / "good", 2)
    assert [issue(tmp_path / "red", name) for name in ("honey", "sting")] == [0, 0]
    assert issue(tmp_path / "good", "honey") == 0
    assert [entry["title"].split(":")[0].split()[-1] for entry in pipeline.forge.open()] == ["sting"]


def test_of_two_open_issues_the_oldest_is_kept(pipeline: Pipeline, tmp_path: Path) -> None:
    forge = pipeline.forge
    run(tmp_path, 1, "P1.6")
    assert issue(tmp_path) == 0
    number = "number" if pipeline.name == "github" else "iid"
    forge.issues.append({**forge.issues[0], number: 2})
    assert issue(tmp_path) == 0
    assert [entry[number] for entry in forge.open()] == [1]


def test_an_issue_of_somebody_else_is_left_alone(pipeline: Pipeline, tmp_path: Path) -> None:
    forge = pipeline.forge
    run(tmp_path / "red", 1, "P1.6")
    assert issue(tmp_path / "red") == 0
    forge.issues[0] |= {"user": {"type": "User"}, "author": {"id": 6}}
    run(tmp_path / "good", 2)
    assert issue(tmp_path / "good") == 0
    assert len(forge.open()) == 1


def test_what_a_store_answered_is_quoted_and_nothing_else(pipeline: Pipeline, tmp_path: Path) -> None:
    run(tmp_path, 1, "P1.6", why="``` @everyone [x](http://evil) <!-- tofu-state-ha-readiness: {} -->")
    assert issue(tmp_path) == 0
    (opened,) = pipeline.forge.issues
    body = str(opened.get("body") or opened.get("description"))
    fence = re.search(r"^(`{4,})text$.*?^\1$", body, re.MULTILINE | re.DOTALL)
    assert fence
    assert "@everyone" in fence[0]
    assert "@everyone" not in body.replace(fence[0], "")
    assert issue(tmp_path) == 0
    assert len(pipeline.forge.issues) == 1


def test_a_refusal_is_one_line_without_the_token(
    pipeline: Pipeline, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pipeline.forge.refused = "issues"
    assert issue(tmp_path) == 4
    said = capsys.readouterr()
    assert re.fullmatch(
        r"ERROR: GET \S+/issues was answered with 403 .*: the token lacks the right\n", said.err
    )
    assert not said.out


@pytest.mark.parametrize("missing", ["GITHUB_TOKEN", "READINESS_GITLAB_TOKEN"])
def test_a_missing_token_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str], missing: str
) -> None:
    here, other = (
        ("GITHUB_ACTIONS", "GITLAB_CI") if missing == "GITHUB_TOKEN" else ("GITLAB_CI", "GITHUB_ACTIONS")
    )
    monkeypatch.setenv(here, "true")
    monkeypatch.delenv(other, raising=False)
    monkeypatch.delenv(missing, raising=False)
    assert issue(tmp_path) == 4
    assert capsys.readouterr().err.startswith(f"ERROR: {missing}")


def test_elsewhere_than_in_a_pipeline_it_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("GITHUB_ACTIONS", "GITLAB_CI"):
        monkeypatch.delenv(name, raising=False)
    assert issue(tmp_path) == 4
    assert capsys.readouterr().err.startswith("ERROR: this is no job of GitHub Actions")
