"""What a reviewed plan is bound to, and what a draft shows: GloriousFlywheel's layout, secrets, alternatives."""

from __future__ import annotations

from pathlib import Path

import pytest

from readiness.judges.stacks.points import Points
from readiness.stacks import plan as plans
from readiness.stacks.config import read
from readiness.stacks.draft import draft
from readiness.stacks.harmless import reaches_out
from readiness.stacks.hcl import UnreadableError
from tests.stacks.layouts import FLYWHEEL
from tests.stacks.shapes import ELSEWHERE, HERE, PARTIAL, STACK, pointing, s3, shape, write

pytestmark = [pytest.mark.store, pytest.mark.side_by_side]  # just reads the Justfiles


def test_the_flywheel_is_read_without_a_placeholder(tmp_path: Path) -> None:
    config = shape(tmp_path, FLYWHEEL)
    assert config.unresolved == ()
    assert config.settings["address"] == "https://git.example/api/v4/projects/4711/terraform/state/attic-dev"
    assert config.settings["password"] == "[set]"
    assert pointing(config).points is Points.NO
    text = draft(config)
    steps = plans.parse(text).steps
    assert "just tofu-init attic && " in steps["state pull"]
    assert "-var-file=dev.tfvars" in steps["no-op plan"]
    assert "-var=cluster_context=honey-ctx" in steps["no-op plan"]
    assert "just tofu-init attic" in plans.parse(text).rollback
    assert "NOT-A-REAL" not in text


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("/config/organization.yaml", "gitlab:\n  api: https://other.example\n  project: 4711\n"),
        ("/.env", "ENV=prod\n"),
        ("/Justfile", str(FLYWHEEL["/Justfile"]).replace("lock_method=POST", "lock_method=PUT")),
        ("/tofu/stacks/attic/backend.tf", 'terraform {\n  backend "http" {\n  }\n}\n'),
        ("/tofu/stacks/attic/extra.tf.json", "{}"),
        ("/tofu/stacks/attic/x_override.tf", "locals {\n}\n"),
        ("/tofu/stacks/attic/dev.tfbackend", 'update_method = "PUT"\n'),
    ],
)
def test_a_plan_is_bound_to_every_file_that_was_read(name: str, content: str, tmp_path: Path) -> None:
    before = shape(tmp_path, FLYWHEEL).digest
    assert shape(tmp_path, FLYWHEEL).digest == before
    assert read(write(tmp_path, {name: content}), "attic").digest != before


def test_a_plan_notices_that_its_settings_file_has_moved(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "backend.tf": PARTIAL,
        "justfile": "init:\n    tofu init -backend-config=../../../conf/dev.hcl\n",
        "/conf/dev.hcl": f'bucket = "b"\n{ELSEWHERE}\n',
    }
    before = shape(tmp_path, files).digest
    write(tmp_path, {"/conf/dev.hcl": f'bucket = "tofu-state"\n{HERE}\n'})
    changed = read(tmp_path, "attic").digest
    (tmp_path / "conf/dev.hcl").rename(tmp_path / "conf/prod.hcl")
    assert len({before, changed, read(tmp_path, "attic").digest}) == 3


SECRETS = ("NOT-A-REAL-1", "NOT-A-REAL-2", "NOT-A-REAL-3", "NOT-A-REAL-4", "NOT-A-REAL-5", "NOT-A-REAL-6")


def test_a_draft_shows_no_secret_in_any_spelling(tmp_path: Path) -> None:
    backend = """terraform {
  backend "http" {
    address                = "https://bot:NOT-A-REAL-1@git.example/state?private_token=NOT-A-REAL-2"
    client_private_key_pem = "-----BEGIN KEY NOT-A-REAL-3-----"
    headers = {
      "Private-Token" = "NOT-A-REAL-4"
      "AUTHORIZATION" = "Bearer NOT-A-REAL-5"
      X-Other         = "NOT-A-REAL-6"
    }
  }
}
"""
    config = shape(tmp_path, {"backend.tf": backend})
    text = draft(config)
    assert not [secret for secret in SECRETS if secret in text or secret in pointing(config).reason]
    assert "https://***@git.example/state?private_token=***" in text
    plans.parse(text)


def test_a_draft_leaves_out_the_value_of_a_secret_variable(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "main.tf": "locals {\n}\n",
        "justfile": "plan:\n    tofu plan -var github_token=NOT-A-REAL-1 -var size=2\n",
    }
    text = draft(shape(tmp_path, files))
    assert "NOT-A-REAL" not in text
    assert "-var=size=2" in text


def test_an_expression_without_a_value_is_named(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "main.tf": "locals {\n}\n",
        "terragrunt.hcl": 'generate "backend" {\n  path = "b.tf"\n  contents = ["backend"]\n}\n',
    }
    with pytest.raises(UnreadableError, match=f"{STACK}: an expression has no value"):
        shape(tmp_path, files)


def test_a_draft_shows_every_alternative(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "backend.tf": PARTIAL,
        "justfile": "init:\n    tofu init -backend-config=bucket=own\n",
        "/justfile": "tofu-init stack:\n    cd tofu/stacks/{{stack}} && tofu init -backend-config=bucket=root\n",
    }
    text = draft(shape(tmp_path, files))
    assert "`own`" in text
    assert "`root`" in text
    assert "These are 2 alternatives" in text


def test_lists_are_in_the_review(tmp_path: Path) -> None:
    config = shape(
        tmp_path, {"backend.tf": s3('bucket = "b"', 'shared_config_files = ["~/.aws/config", "./x"]')}
    )
    assert '| shared_config_files | `["~/.aws/config", "./x"]` |' in draft(config)


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        (
            "more.tf.json",
            '{"resource": {"terraform_data": {"x": {"provisioner": [{"local-exec": {"command": "touch /tmp/x"}}]}}}}',
            "a provisioner on terraform_data",
        ),
        ("more.tofu.json", '{"data": {"http": {"x": {"url": "http://x"}}}}', "the data http"),
        ("more.tofu", 'provider "kubernetes" {}\n', "the provider kubernetes"),
        ("x_override.tf", 'resource "null_resource" "x" {}\n', "a resource null_resource"),
        ("c.tf", 'check "x" {\n  data "http" "y" {\n    url = "z"\n  }\n}\n', "the data http"),
        (
            "e.tf",
            'terraform {\n  encryption {\n    key_provider "external" "x" {\n      command = ["id"]\n    }\n  }\n}\n',
            "a key provider external",
        ),
        ("m.tf.json", '{"module": {"m": {"source": "git::https://x.example/m"}}}', "the module m from"),
    ],
)
def test_everything_that_tofu_loads_is_looked_at(name: str, content: str, found: str, tmp_path: Path) -> None:
    config = shape(tmp_path, {"main.tf": "locals {\n}\n", name: content})
    assert reaches_out(config) == f"{STACK}/{name} has {found}" or found in str(reaches_out(config))


def test_what_a_tofu_file_hides_is_not_looked_at(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"main.tf": 'data "http" "x" {\n}\n', "main.tofu": "locals {\n}\n"}
    assert reaches_out(shape(tmp_path, files)) is None
