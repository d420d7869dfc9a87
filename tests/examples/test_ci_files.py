"""The pipelines of examples/ci: valid for the published schemas, pinned, and with no more rights than they use."""

from __future__ import annotations

import re
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import pytest
import yaml

from readiness.forge.github import ARTIFACT
from readiness.forge.gitlab import JOB
from readiness.paths import ROOT

GITHUB = ROOT / "examples/ci/github/readiness.yml"
GITLAB = ROOT / "examples/ci/gitlab/readiness.gitlab-ci.yml"
SCRIPTS = Path(sysconfig.get_path("scripts"))
SCHEMAS = {
    GITHUB: ("vendor.github-workflows",),
    GITLAB: ("vendor.gitlab-ci", "--data-transform", "gitlab-ci"),
}
COMMIT = re.compile(r"[\w-]+/[\w./-]+@[0-9a-f]{40}")


def loaded(path: Path) -> dict[Any, Any]:
    found: dict[Any, Any] = yaml.safe_load(path.read_text("utf-8"))
    return found


def validated(path: Path, rules: Path) -> subprocess.CompletedProcess[str]:
    """The published schema that `rules` is validated with, against this file."""
    command: list[str | Path] = [SCRIPTS / "check-jsonschema", "--builtin-schema", *SCHEMAS[rules], path]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def audited(path: Path) -> subprocess.CompletedProcess[str]:
    """Zizmor's strictest audit: script injection, unpinned actions, rights, credentials that are left behind."""
    command: list[str | Path] = [
        SCRIPTS / "zizmor",
        "--offline",
        "--no-progress",
        "--persona",
        "pedantic",
        path,
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.store
@pytest.mark.side_by_side
@pytest.mark.parametrize("path", [GITHUB, GITLAB], ids=lambda path: path.parent.name)
def test_it_is_valid(path: Path, tmp_path: Path) -> None:
    done = validated(path, path)
    assert done.returncode == 0, done.stdout
    wrong = tmp_path / path.name
    for right, instead in (("needs:", "need:"), ("when: always", "when: sometimes"), ("runs-on:", "run-on:")):
        if right in path.read_text("utf-8"):
            wrong.write_text(path.read_text("utf-8").replace(right, instead), "utf-8")
            assert validated(wrong, path).returncode == 1, instead


@pytest.mark.store
@pytest.mark.side_by_side
def test_an_audit_finds_nothing() -> None:
    done = audited(GITHUB)
    assert done.returncode == 0, done.stdout


@pytest.mark.store
@pytest.mark.side_by_side
@pytest.mark.parametrize(
    ("right", "instead", "finding"),
    [
        ('"$CHANGE" "$PWD/results"', '"${{ github.event.pull_request.title }}"', "template-injection"),
        ("@bbbca2ddaa5d8feaa63e36b76fdaad77386f024f", "@v7", "unpinned-uses"),
        ("permissions: {}", "permissions: write-all", "excessive-permissions"),
        ("persist-credentials: false", "fetch-depth: 1", "artipacked"),
        ("  pull_request:", "  pull_request_target:", "dangerous-triggers"),
    ],
    ids=lambda value: value if "-" in value and " " not in value else None,
)
def test_the_audit_finds_what_would_be_wrong(tmp_path: Path, right: str, instead: str, finding: str) -> None:
    wrong = tmp_path / ".github/workflows/readiness.yml"
    wrong.parent.mkdir(parents=True)
    text = GITHUB.read_text("utf-8")
    assert right in text
    wrong.write_text(text.replace(right, instead), "utf-8")
    done = audited(wrong)
    assert done.returncode != 0
    assert finding in done.stdout


def steps() -> list[tuple[str, dict[str, Any]]]:
    return [(name, step) for name, job in loaded(GITHUB)["jobs"].items() for step in job["steps"]]


def test_every_action_is_pinned_by_commit_and_names_its_release() -> None:
    uses = [step["uses"] for _, step in steps() if "uses" in step]
    assert len(uses) >= 6
    assert [use for use in uses if not COMMIT.fullmatch(use)] == []
    for line in GITHUB.read_text("utf-8").splitlines():
        assert "uses:" not in line or re.search(r"@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line), line


def test_no_shell_line_holds_an_expression() -> None:
    lines = [step["run"] for _, step in steps() if "run" in step]
    assert len(lines) == 5
    assert [line for line in lines if "${{" in line] == []
    assert all(line.count("\n") <= 1 for line in lines)


def test_only_the_job_that_judges_has_the_credential_and_it_may_write_nothing() -> None:
    jobs = loaded(GITHUB)["jobs"]
    with_secrets = [name for name, job in jobs.items() if "secrets." in yaml.safe_dump(job)]
    assert with_secrets == ["readiness"]
    assert jobs["readiness"]["permissions"] == {"contents": "read"}
    writes = {
        name: [what for what, how in job["permissions"].items() if how == "write"]
        for name, job in jobs.items()
    }
    assert writes == {"readiness": [], "comment": ["pull-requests"], "issue": ["issues"]}
    environments = {
        name: job.get("environment") for name, job in loaded(GITLAB).items() if name in GITLAB_JOBS
    }
    assert environments[JOB] == {"name": "tofu-state-readiness", "action": "access"}
    assert {each["name"] for name, each in environments.items() if name != JOB} == {"tofu-state-reports"}


GITLAB_JOBS = (JOB, "readiness-comment", "readiness-issue")


def test_a_fork_is_never_judged() -> None:
    assert "head.repo.full_name == github.repository" in loaded(GITHUB)["jobs"]["readiness"]["if"]
    for name in (JOB, "readiness-comment"):
        (rule,) = [rule for rule in loaded(GITLAB)[name]["rules"] if "merge_request_event" in rule["if"]]
        assert "$CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_PROJECT_ID" in rule["if"]


def test_evidence_is_kept_also_when_red_where_the_next_run_looks_for_it() -> None:
    (kept,) = [step for _, step in steps() if "upload-artifact" in step.get("uses", "")]
    assert kept["if"] == "always()"
    assert kept["with"]["if-no-files-found"] == "error"
    assert f"|| '{ARTIFACT}'" in kept["with"]["name"]
    artifacts = loaded(GITLAB)[JOB]["artifacts"]
    assert artifacts["when"] == "always"
    assert artifacts["reports"] == {"junit": "results/junit.xml"}


def test_one_run_at_a_time_that_is_not_cut_short() -> None:
    assert loaded(GITHUB)["concurrency"]["cancel-in-progress"] is False
    job = loaded(GITLAB)[JOB]
    assert job["resource_group"]
    assert job["interruptible"] is False
