from __future__ import annotations

import datetime
import shutil
from pathlib import Path

import pytest

from readiness.criteria import PROTECTED_STACKS
from readiness.finding import State
from readiness.judges.stacks.points import what_it_is
from readiness.stacks import plan as plans
from readiness.stacks.__main__ import main
from readiness.stacks.config import StackConfig, read
from readiness.stacks.draft import draft
from readiness.stacks.stack import EXAMPLES, PROTECTED, examine

pytestmark = [pytest.mark.store, pytest.mark.side_by_side]  # just reads the Justfiles

TODAY = datetime.date(2026, 5, 6)


@pytest.fixture
def config() -> StackConfig:
    return read(EXAMPLES, "attic", "dev")


def refuses(text: str, config: StackConfig, word: str) -> None:
    found = plans.check_plan(plans.parse(text), config, observations=1)
    assert found.state is State.REFUTED
    assert word in found.reason


@pytest.mark.parametrize("name", PROTECTED_STACKS)
def test_the_committed_plans_are_complete_current_and_reviewed(name: str) -> None:
    examined = examine(name)
    assert isinstance(examined.plan, plans.MigrationPlan), examined.plan
    assert isinstance(examined.config, StackConfig), examined.config
    assert examined.stack is not None
    assert examined.stack.backend == examined.config.backend
    assert examined.draft == ""
    found = plans.check_plan(examined.plan, examined.config, observations=1)
    assert found.state is State.PROVED, found.reason


def test_both_backend_kinds_are_among_the_examples() -> None:
    assert {read(EXAMPLES, name, "dev").backend for name in PROTECTED_STACKS} == {"http", "s3"}


def test_a_draft_is_complete_and_is_refused_until_it_is_reviewed(config: StackConfig) -> None:
    text = draft(config)
    refuses(text, config, "attic, migration plan: nobody has reviewed it")
    reviewed = plans.review(text, "A. Reviewer", TODAY)
    assert plans.check_plan(plans.parse(reviewed), config, observations=1).state is State.PROVED
    assert plans.check_plan(plans.parse(reviewed), config).state is State.UNKNOWN, "text alone proves nothing"


def test_a_draft_says_what_is_not_literal_and_holds_no_secret(tmp_path: Path) -> None:
    checkout = Path(shutil.copytree(EXAMPLES, tmp_path / "checkout"))
    justfile = checkout / "Justfile"
    text = justfile.read_text().replace(
        'gitlab_api := "https://gitlab.example.invalid" +', "gitlab_api := `cat api` +"
    )
    justfile.write_text(text.replace("password=${TF_HTTP_PASSWORD:-}", "password=hunter2"))
    written = draft(read(checkout, "attic", "dev"))
    assert "Not literal, the operator's shell or just decides: address" in written
    assert "hunter2" not in written
    assert "| password | `[set]` |" in written
    plans.parse(written)


def test_a_plan_older_than_the_configuration_is_refused(config: StackConfig, tmp_path: Path) -> None:
    reviewed = plans.review(draft(config), "A. Reviewer", TODAY)
    checkout = Path(shutil.copytree(EXAMPLES, tmp_path / "checkout"))
    with (checkout / "tofu/stacks/attic/main.tf").open("a") as file:
        file.write("# one more line\n")
    refuses(reviewed, read(checkout, "attic", "dev"), "it is older than the configuration")


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ('stack = "attic"', 'stack = "other"', "it is the plan of other"),
        ('name = "no-op plan"', 'name = "hope"', "it has no no-op plan"),
        ('returns_to = "file:attic.pulled.tfstate"', 'returns_to = ""', "names neither the version"),
        ('returns_to = "file:attic.pulled.tfstate"', 'returns_to = "file:TODO"', "names neither the version"),
        ('backend = "http"', 'backend = "s3"', "it moves a backend s3"),
    ],
)
def test_an_incomplete_plan_is_refused(config: StackConfig, old: str, new: str, word: str) -> None:
    text = draft(config)
    assert old in text
    refuses(plans.review(text.replace(old, new), "A. Reviewer", TODAY), config, word)


def test_a_plan_changed_after_its_review_is_refused(config: StackConfig) -> None:
    reviewed = plans.review(draft(config), "A. Reviewer", TODAY)
    refuses(reviewed + "\nOne more step.\n", config, "it was changed after its review")


@pytest.mark.parametrize(
    "text", ["", "# no front matter\n", "+++\nstack = \n+++\n", "+++\nstack = 1\n+++\n", "+++\n+++\n"]
)
def test_what_is_no_plan(text: str) -> None:
    with pytest.raises(plans.BadPlanError):
        plans.parse(text)


def test_a_review_needs_a_name(config: StackConfig) -> None:
    with pytest.raises(plans.BadPlanError, match="a review needs a name"):
        plans.review(draft(config), " ", TODAY)


def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    protected = tmp_path / "protected"
    (protected / "attic").mkdir(parents=True)
    common = ["attic", "--stacks", str(EXAMPLES), "--environment", "dev", "--plans", str(protected)]
    assert main(["draft", *common]) == 0
    (protected / "attic" / plans.FILE).write_text(capsys.readouterr().out)
    assert main(["check", *common]) == 1
    assert main(["review", *common, "--by", "A. Reviewer"]) == 0
    # Without a rehearsal a plan proves nothing, but the check of the text passes.
    assert main(["check", *common]) == 0
    assert main(["digest", *common]) == 0
    assert read(EXAMPLES, "attic", "dev").digest in capsys.readouterr().out
    assert main(["draft", "attic", "--stacks", str(tmp_path / "nowhere")]) == 4
    assert "no such folder" in capsys.readouterr().err
    shutil.rmtree(protected)
    assert main(["review", *common, "--by", "A"]) == 4


def test_a_stack_without_a_plan_gets_a_draft(tmp_path: Path) -> None:
    examined = examine("attic", EXAMPLES, tmp_path)
    assert (examined.plan, examined.stack) == (None, None)
    assert plans.parse(examined.draft).stack == "attic"


def test_the_committed_plans_name_what_the_rehearsal_knows() -> None:
    for name in PROTECTED_STACKS:
        plan = plans.load(PROTECTED / name / plans.FILE)
        assert plan.returns_to in (f"file:{name}.pulled.tfstate", "version:before-migration")


@pytest.mark.parametrize("kind", ["gcs", "azurerm", "consul", "oss"])
def test_a_backend_without_a_stand_in_is_rehearsed_by_hand_and_the_draft_says_how(
    tmp_path: Path, kind: str
) -> None:
    folder = tmp_path / "tofu" / "stacks" / "attic"
    folder.mkdir(parents=True)
    (folder / "main.tf").write_text(f'terraform {{\n  backend "{kind}" {{}}\n}}\n')
    text = draft(read(tmp_path, "attic"))
    assert "exactly these commands are rehearsed" not in text
    assert f"The suite has no stand-in for {what_it_is(kind)}" in text
    assert "on a copy" in text
    plans.review(text, "A. Reviewer", TODAY)
