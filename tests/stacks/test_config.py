from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from readiness.criteria import PROTECTED_STACKS
from readiness.errors import UsageError
from readiness.stacks.config import read
from readiness.stacks.hcl import UnreadableError
from readiness.stacks.stack import EXAMPLES

pytestmark = [pytest.mark.store, pytest.mark.side_by_side]  # just reads the Justfiles


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    return Path(shutil.copytree(EXAMPLES, tmp_path / "checkout"))


def digest(folder: Path) -> str:
    rows = [
        (str(path), path.stat().st_mtime_ns, path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    ]
    return hashlib.sha256(repr(rows).encode()).hexdigest()


def test_an_http_backend_is_read_from_the_init_recipe(checkout: Path) -> None:
    config = read(checkout, "attic", "prod")
    assert config.backend == "http"
    assert config.settings["address"] == (
        "https://gitlab.example.invalid/api/v4/projects/4711/terraform/state/attic-prod"
    )
    assert config.settings["lock_method"] == "POST"
    assert config.settings["password"] == "[set]"
    assert config.sources["address"] == "Justfile, recipe tofu-init"
    assert config.unresolved == ()
    assert config.modules == {
        "attic_api": "../../modules/service",
        "minio_tenant": "../../modules/object-store",
    }
    assert config.required == ("cluster_context",)
    assert "tofu/modules/service/main.tf" in config.files


def test_an_s3_backend_is_read_from_its_block_and_its_settings_file(checkout: Path) -> None:
    config = read(checkout, "runner-dashboard", "dev")
    assert (config.backend, config.settings["bucket"]) == ("s3", "tofu-state")
    assert config.settings["endpoints.s3"] == "http://rustfs.tofu-state.svc.example.invalid:9000"
    assert config.settings["use_lockfile"] == "true"
    assert "address" not in config.settings, "the root recipe is for http backends"
    assert "address" not in read(checkout, "arc-runners").settings


def test_a_settings_file_of_another_environment_is_not_read(checkout: Path) -> None:
    folder = checkout / "tofu/stacks/runner-dashboard"
    (folder / "prod.s3.tfbackend").write_text('bucket = "other"\n')
    assert read(checkout, "runner-dashboard", "dev").settings["bucket"] == "tofu-state"
    assert read(checkout, "runner-dashboard", "prod").settings["bucket"] == "other"


def test_what_only_a_shell_knows_stays_unresolved(checkout: Path) -> None:
    path = checkout / "Justfile"
    path.write_text(
        path.read_text().replace(
            'gitlab_api := "https://gitlab.example.invalid" + "/api/v4"', "gitlab_api := `cat api`"
        )
    )
    config = read(checkout, "attic", "dev")
    assert "address" in config.unresolved


def test_yq_of_a_file_in_the_checkout_is_resolved(checkout: Path) -> None:
    path = checkout / "Justfile"
    path.write_text(
        path.read_text().replace(
            '"https://gitlab.example.invalid" +', "`yq '.gitlab.url' config/organization.yaml` +"
        )
    )
    (checkout / "config").mkdir()
    (checkout / "config/organization.yaml").write_text("gitlab: {url: 'https://git.example.invalid'}\n")
    assert (
        read(checkout, "attic", "dev").settings["address"].startswith("https://git.example.invalid/api/v4/")
    )


def test_endpoints_on_the_command_line_are_flattened(checkout: Path) -> None:
    path = checkout / "tofu/stacks/runner-dashboard/Justfile"
    path.write_text(
        "init:\n    tofu init -backend-config='endpoints={s3=\"http://127.0.0.1:9000\"}' \\\n"
        "      -backend-config=bucket=b\n"
    )
    config = read(checkout, "runner-dashboard")
    assert config.settings["endpoints.s3"] == "http://127.0.0.1:9000"
    assert config.settings["bucket"] == "b"


def test_the_digest_covers_what_a_plan_is_written_for_and_no_more(checkout: Path) -> None:
    before = read(checkout, "attic", "dev").digest
    with (checkout / "Justfile").open("a") as justfile:
        justfile.write("\nother:\n    echo something else\n")
    (checkout / "tofu/stacks/gitlab-runners/main.tf").write_text("# gone\n")
    assert read(checkout, "attic", "dev").digest == before
    for changed in ("tofu/modules/service/main.tf", "tofu/stacks/attic/variables.tf"):
        with (checkout / changed).open("a") as file:
            file.write("\n# changed\n")
        after = read(checkout, "attic", "dev").digest
        assert after != before
        before = after
    text = (checkout / "Justfile").read_text()
    (checkout / "Justfile").write_text(text.replace("gitlab.example.invalid", "other.example.invalid"))
    assert read(checkout, "attic", "dev").digest != before


def test_reading_leaves_the_checkout_untouched(checkout: Path) -> None:
    before = digest(checkout)
    for name in PROTECTED_STACKS:
        read(checkout, name, "dev")
    assert digest(checkout) == before


def test_unparsable_hcl_is_named_with_its_file_and_line(checkout: Path) -> None:
    (checkout / "tofu/stacks/attic/main.tf").write_text('module "x" {\n  source = \n}\n')
    with pytest.raises(UnreadableError, match=r"tofu/stacks/attic/main.tf, line 2: not valid HCL"):
        read(checkout, "attic")
    (checkout / "tofu/stacks/attic/main.tf").write_text('module "x" {\n  source = "y"\n')
    with pytest.raises(UnreadableError, match=r"tofu/stacks/attic/main.tf, line \d: not valid HCL"):
        read(checkout, "attic")
    (checkout / "tofu/stacks/attic/main.tf").write_bytes(b"\xff\xfe")
    with pytest.raises(UnreadableError, match="cannot be read"):
        read(checkout, "attic")


def test_a_module_that_is_not_there_is_named(checkout: Path) -> None:
    shutil.rmtree(checkout / "tofu/modules/object-store")
    with pytest.raises(UnreadableError, match="module minio_tenant has the source"):
        read(checkout, "attic")


def test_two_backend_blocks_and_none(checkout: Path) -> None:
    folder = checkout / "tofu/stacks/attic"
    (folder / "second.tf").write_text('terraform {\n  backend "s3" {}\n}\n')
    with pytest.raises(UnreadableError, match="more than one backend"):
        read(checkout, "attic")
    (folder / "second.tf").unlink()
    (folder / "backend.tf").unlink()
    assert read(checkout, "attic").backend == "local"


def test_workspaces_are_seen(checkout: Path) -> None:
    assert not read(checkout, "attic").workspaces
    with (checkout / "tofu/stacks/attic/main.tf").open("a") as file:
        file.write("locals {\n  name = terraform.workspace\n}\n")
    assert read(checkout, "attic").workspaces


def test_a_stack_that_is_not_there_is_a_mistake(checkout: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"the stack atic is in none of tofu/stacks/atic"):
        read(checkout, "atic")
    with pytest.raises(UsageError, match="no such folder"):
        read(tmp_path / "nowhere", "attic")
    (checkout / "tofu/stacks/empty").mkdir()
    with pytest.raises(UnreadableError, match=r"holds no \.tf file"):
        read(checkout, "empty")
