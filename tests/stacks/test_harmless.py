"""What may be applied to a stand-in, and what never."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from readiness.criteria import PROTECTED_STACKS
from readiness.stacks.config import read
from readiness.stacks.harmless import reaches_out
from readiness.stacks.stack import EXAMPLES

pytestmark = [pytest.mark.store, pytest.mark.side_by_side]  # just reads the Justfiles


@pytest.mark.parametrize("name", PROTECTED_STACKS)
def test_the_examples_reach_nothing(name: str) -> None:
    assert reaches_out(read(EXAMPLES, name, "dev")) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('provider "kubernetes" {}', "the provider kubernetes"),
        ('data "http" "x" {\n  url = "http://x"\n}', "the data http"),
        ('resource "null_resource" "x" {}', "a resource null_resource"),
        ('terraform {\n  required_providers {\n    x = { source = "a/x" }\n  }\n}', "required providers"),
        (
            'resource "terraform_data" "x" {\n  provisioner "local-exec" {\n    command = "true"\n  }\n}',
            "a provisioner on terraform_data",
        ),
        ('module "m" {\n  source = "git::https://example.com/m.git"\n}', "the module m from"),
    ],
)
def test_what_reaches_out_is_named(tmp_path: Path, text: str, message: str) -> None:
    shutil.copytree(EXAMPLES, tmp_path / "checkout")
    (tmp_path / "checkout/tofu/stacks/attic/more.tf").write_text(text + "\n", encoding="utf-8")
    assert message in (reaches_out(read(tmp_path / "checkout", "attic", "dev")) or "nothing")
