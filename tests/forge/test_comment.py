"""One comment on a change: what its run found, compared with the last scheduled run of the default branch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from readiness.cli import ci
from tests.forge.conftest import CANDIDATE, Pipeline, run
from tests.forge.fakes import archive


def comment(results: Path) -> int:
    return ci.main(["comment", "--candidate", CANDIDATE, "--change", "12", str(results)])


def keep(pipeline: Pipeline, folder: Path, id_: int = 1, /, **more: Any) -> None:
    """The evidence of an earlier run, as its job kept it."""
    pipeline.forge.kept[id_] = archive(folder)
    if pipeline.name == "github":
        made = {"head_repository_id": 1, "repository_id": 1, "head_branch": "main", "id": 400 + id_}
        row: dict[str, Any] = {"id": id_, "name": "readiness-last", "expired": False, "workflow_run": made}
        row |= {"created_at": f"2026-11-24T0{id_}:00:00Z"}
    else:
        row = {
            "id": id_,
            "pipeline": 400 + id_,
            "name": "tofu-state-ha-readiness",
            "artifacts_file": {"size": 1},
        }
    pipeline.forge.listed.insert(0, row | {name: value for name, value in more.items() if name in row})


def text(pipeline: Pipeline) -> str:
    (one,) = pipeline.forge.comments
    return str(one["body"])


def test_it_compares_with_the_last_scheduled_run(pipeline: Pipeline, tmp_path: Path) -> None:
    run(tmp_path / "old", 1, "P1.13")
    run(tmp_path / "last", 2)
    keep(pipeline, tmp_path / "old", 1)
    keep(pipeline, tmp_path / "last", 2)
    run(tmp_path / "now", 3, "P1.6")
    assert comment(tmp_path / "now") == 0
    assert "# 20261124T090208Z-embedded-7b0c3b and 20261124T090308Z-embedded-7b0c3b" in text(pipeline)
    assert "P1.6" in text(pipeline).split("## Criteria that changed")[1].split("##")[0]
    assert pipeline.environ.get("CI_PIPELINE_URL", "https://gh.example/org/stacks/actions/runs/500") in text(
        pipeline
    )


def test_a_later_run_updates_its_comment(pipeline: Pipeline, tmp_path: Path) -> None:
    for number, red in enumerate([("P1.6",), ()]):
        run(tmp_path / str(number), number, *red)
        assert comment(tmp_path / str(number)) == 0
    assert "**READY**" in text(pipeline)
    assert "Nothing to compare with" in text(pipeline)


def test_nothing_judged_is_reported(pipeline: Pipeline, tmp_path: Path) -> None:
    run(tmp_path / "last", 2)
    keep(pipeline, tmp_path / "last")
    assert comment(tmp_path / "now") == 0
    assert "**NOT JUDGED**" in text(pipeline)
    assert "the run left no evidence" in text(pipeline)


def test_words_of_a_store_are_no_markup(pipeline: Pipeline, tmp_path: Path) -> None:
    run(tmp_path / "last", 2)
    keep(pipeline, tmp_path / "last")
    run(tmp_path / "now", 3, "P1.6", why="@team ![x](http://evil/pixel)")
    assert comment(tmp_path / "now") == 0
    _, _, table = text(pipeline).partition("## Criteria that changed")
    assert "team" in table
    assert "@team" not in table
    assert "](" not in table


@pytest.mark.parametrize("pipeline", ["github"], indirect=True)
@pytest.mark.parametrize(
    "more",
    [
        {"head_repository_id": 2},
        {"head_branch": "feature"},
        {"expired": True},
        {"id": 500},
        {"repository_id": None},
    ],
    ids=str,
)
def test_what_a_fork_or_another_branch_kept_is_not_compared_with(
    pipeline: Pipeline, tmp_path: Path, more: dict[str, Any]
) -> None:
    run(tmp_path / "last", 2)
    keep(pipeline, tmp_path / "last")
    row = pipeline.forge.listed[0]
    place = row if "expired" in more else row["workflow_run"]
    place.update(more)
    run(tmp_path / "now", 3, "P1.6")
    assert comment(tmp_path / "now") == 0
    assert "Nothing to compare with" in text(pipeline)


@pytest.mark.parametrize("pipeline", ["gitlab"], indirect=True)
@pytest.mark.parametrize("more", [{"name": "build"}, {"artifacts_file": None}, {"pipeline": 500}], ids=str)
def test_what_another_job_kept_is_not_compared_with(
    pipeline: Pipeline, tmp_path: Path, more: dict[str, Any]
) -> None:
    run(tmp_path / "last", 2)
    keep(pipeline, tmp_path / "last", **more)
    run(tmp_path / "now", 3, "P1.6")
    assert comment(tmp_path / "now") == 0
    assert "Nothing to compare with" in text(pipeline)


def test_an_archive_that_is_none_is_refused_in_one_line(
    pipeline: Pipeline, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(tmp_path / "last", 2)
    keep(pipeline, tmp_path / "last")
    pipeline.forge.kept[1] = b"<html>"
    assert comment(tmp_path) == 4
    assert capsys.readouterr().err.startswith("ERROR: the last run's artifact is no zip archive")
    assert pipeline.forge.comments == []
