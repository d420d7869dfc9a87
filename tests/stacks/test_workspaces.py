"""The workspaces of a stack's state: which there are, and what a plan for several of them does."""

from __future__ import annotations

import dataclasses
import datetime
import os
import subprocess
from pathlib import Path

import pytest

from readiness.evidence.rehearsal import Configured
from readiness.finding import State
from readiness.judges.stacks.plans import faults
from readiness.stacks import plan as plans
from readiness.stacks.config import StackConfig
from readiness.stacks.draft import draft
from readiness.stacks.encryption import Encryption
from readiness.stacks.listed import UnlistedError, parsed, workspaces
from readiness.stacks.plan import configured, plan_read
from readiness.stacks.stack import Stack
from readiness.tofu import Tools
from tests.stacks.shapes import HTTP, OTHER, s3, shape
from tests.tofu.conftest import KEYS

pytestmark = pytest.mark.side_by_side

LISTED = "  default\n* prod\n  eu-west_1\n\n"
OVERRIDDEN = (
    f"{LISTED}\nThe active workspace is being overridden using the TF_WORKSPACE environment\nvariable.\n"
)
TODAY = datetime.date(2026, 5, 6)


@pytest.fixture
def tools(tmp_path: Path) -> Tools:
    return Tools(tmp_path / "no-tofu", tmp_path / "tofu", KEYS, lambda: 0.0)


def stack(**more: object) -> Stack:
    return Stack.model_validate({"schema": 1, "name": "attic", "configuration": "x", "backend": "s3", **more})


def in_s3(tmp_path: Path) -> StackConfig:
    return shape(tmp_path / "checkout", {"main.tf": "", "backend.tf": OTHER})


@pytest.mark.parametrize(
    "printed", [LISTED, OVERRIDDEN, LISTED.replace("\n", "\r\n"), f"tofu workspace list\n{LISTED}"]
)
def test_what_tofu_lists_is_read(printed: str) -> None:
    assert parsed(printed) == ("default", "prod", "eu-west_1")


def test_a_state_that_is_made_has_one_workspace_unless_the_configuration_uses_more(
    tools: Tools, tmp_path: Path
) -> None:
    plain = in_s3(tmp_path)
    assert workspaces(plain, None, tools) == ("default",)
    assert workspaces(plain, stack(), tools) == ("default",)
    assert workspaces(plain, stack(workspaces=["prod"]), tools) == ("prod",)
    prefix = s3('bucket = "b"', 'key = "k"', 'workspace_key_prefix = "teams"')
    using = shape(tmp_path / "using", {"main.tf": "", "backend.tf": prefix})
    assert workspaces(using, None, tools) == ("default", "readiness")


def test_an_http_backend_has_no_workspaces(tools: Tools, tmp_path: Path) -> None:
    config = shape(tmp_path, {"main.tf": "", "backend.tf": HTTP})
    assert workspaces(config, stack(backend="http", read=["cat", "x"]), tools) == ("default",)


def test_those_of_a_live_state_are_not_guessed(tools: Tools, tmp_path: Path) -> None:
    with pytest.raises(UnlistedError, match=r'list_workspaces = \["tofu", "workspace", "list"\]'):
        workspaces(in_s3(tmp_path), stack(read=["tofu", "state", "pull"]), tools)


@pytest.mark.store  # starts a command
@pytest.mark.parametrize(
    ("command", "word"),
    [
        (["printf", LISTED.replace("default", "main")], "does not print what `tofu workspace list` prints"),
        (["printf", f"{LISTED}  it's\n"], "which is no name"),
        (["printf", f"{LISTED}  ..\n"], "which is no name"),
        (["false"], "the command that lists its workspaces .* exit code 1"),
        (["no-such-program-anywhere"], "does not start: .*No such file"),
    ],
)
def test_a_list_that_is_none_is_refused(command: list[str], word: str, tools: Tools, tmp_path: Path) -> None:
    with pytest.raises(UnlistedError, match=word):
        workspaces(in_s3(tmp_path), stack(read=["true"], list_workspaces=command), tools)


@pytest.mark.store  # starts a command
def test_those_of_a_live_state_are_listed_in_its_folder(
    tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = in_s3(tmp_path)
    (config.path / "listed").write_text(LISTED)
    described = stack(read=["true"], list_workspaces=["cat", "listed"])
    assert workspaces(config, described, tools) == ("default", "prod", "eu-west_1")
    assert "prod" not in tools.runs[0].stdout


def plan_of(config: StackConfig, *, several: bool) -> plans.MigrationPlan:
    return plans.parse(plans.review(draft(config, several=several), "A. Reviewer", TODAY))


def of(config: StackConfig, *names: str) -> Configured:
    return configured(config, workspaces=names)


def test_a_plan_that_moves_one_workspace_of_several_is_refused(tmp_path: Path) -> None:
    config = in_s3(tmp_path)
    alone, each = (plan_of(config, several=several) for several in (False, True))
    assert plans.check_plan(alone, config, observations=1).state is State.PROVED
    assert list(faults(plan_read(alone), of(config, "default"))) == []
    wrong = "it moves only the workspace that is selected, and the state has default, prod"
    assert wrong in "".join(faults(plan_read(alone), of(config, "default", "prod")))
    assert "the state has prod" in "".join(faults(plan_read(alone), of(config, "prod")))
    assert list(faults(plan_read(each), of(config, "default", "prod"))) == []


@pytest.mark.parametrize("kind", ["s3", "local", "pg", "kubernetes", "gcs"])
@pytest.mark.parametrize("encrypted", [False, True])
def test_a_draft_for_several_names_the_workspace_wherever_it_reads_or_writes(
    kind: str, encrypted: bool, tmp_path: Path
) -> None:
    config = dataclasses.replace(
        in_s3(tmp_path),
        backend=kind,
        encryption=Encryption("main.tf", True, True, False) if encrypted else None,
    )
    plan = plan_of(config, several=True)
    assert list(faults(plan_read(plan), of(config, "default", "prod"))) == []
    assert "-migrate-state" not in plan.steps["init/migrate plan"]
    assert all("$w" in plan.steps[name] for name in ("state pull", "init/migrate plan", "no-op plan"))


TOOL = """#!/bin/sh
echo "${TF_WORKSPACE:-default} $(basename "$0") $*" >> "$CALLS"
case "$*" in
*"workspace list"*) printf '  default\\n* prod\\n  dev\\n' ;;
*"state pull"*) [ -z "$TF_WORKSPACE" ] || echo '{}' ;;
*put-object*"$REFUSED"*) [ -z "$REFUSED" ] ;;
esac
"""


def pasted(command: str, folder: Path, refused: str = "") -> tuple[int, list[str]]:
    """The exit code of this command in a shell where `tofu` and `aws` only write down what they are asked."""
    for name in ("tofu", "aws"):
        (folder / name).write_text(TOOL)
        (folder / name).chmod(0o755)
    calls = folder / "calls"
    calls.write_text("")
    (folder / "checkout").mkdir(exist_ok=True)
    environment = {"PATH": f"{folder}:{os.defpath}", "CALLS": str(calls), "REFUSED": refused}
    done = subprocess.run(["sh", "-c", command], cwd=folder / "checkout", env=environment, check=False)
    return done.returncode, calls.read_text().splitlines()


@pytest.mark.store  # starts a shell
def test_a_draft_for_several_can_be_pasted(tmp_path: Path) -> None:
    plan = plan_of(in_s3(tmp_path), several=True)
    folder = tmp_path / "shell"
    folder.mkdir()
    code, calls = pasted(plan.steps["state pull"], folder)
    pulls = [line.split()[0] for line in calls if "state pull" in line]
    assert (code, pulls) == (0, ["default", "prod", "dev"])
    assert (folder / "prod" / "attic.pulled.tfstate").read_text() == "{}\n"
    code, calls = pasted(plan.steps["init/migrate plan"], folder)
    puts = [line.rpartition("--key ")[2] for line in calls if "put-object" in line]
    assert (code, puts) == (0, ["env:/prod/…", "env:/dev/…"]), "the default one has no state"
    assert "init -reconfigure" in calls[-1]
    code, calls = pasted(plan.steps["no-op plan"], folder)
    assert [line.split()[0] for line in calls if " plan " in line] == ["prod", "dev"]
    code, calls = pasted(plan.steps["init/migrate plan"], folder, refused="env:/prod/")
    assert code != 0
    assert not any("init" in line or "dev" in line for line in calls), "nothing is done after a refusal"
