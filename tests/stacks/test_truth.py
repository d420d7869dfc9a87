"""What the real tofu asks in these shapes, by the recipe that the product names, is what the product says it asks."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from readiness.stacks.stack_files import Variant
from readiness.stacks.wall import Wall
from tests.stacks.shapes import STACK, shape
from tests.stacks.test_shapes import SHAPES
from tests.tofu.conftest import program

__all__ = ["program"]
pytestmark = [pytest.mark.store, pytest.mark.slow, pytest.mark.side_by_side]  # real tofu, just, make and sh
GROUPS = ("just:", "make:", "shell:", "files:", "evaluation:", "names:", "environment: the caller")
ONCE = "-backend-config=max_retries=1"
"""Of the backend `s3`, which else asks a host that does not answer five times, longer apart each time: 20 s."""
ALONE = {  # so that the first host that is asked is the store's
    "TF_CLI_ARGS_init": "-no-color -backend-config=skip_credentials_validation=true "
    "-backend-config=skip_requesting_account_id=true -backend-config=skip_region_validation=true "
    f"-backend-config=use_path_style=true {ONCE}"
}


def asked(program: Path, checkout: Path, variant: Variant, kind: str, caller: dict[str, str]) -> list[str]:
    """The hosts that are asked when the stack is initialised in this way; nothing leaves the machine."""
    options = " ".join(f"'{option}'" for option in variant.options)
    if variant.where.endswith(".tfbackend"):
        options += f" -backend-config={Path(variant.where).name}"
    command = variant.command or f"tofu -chdir={STACK} init {options}"
    alone = dict(ALONE) if kind == "s3" else {}
    if alone and "key" not in variant.settings:
        alone["TF_CLI_ARGS_init"] += " -backend-config=key=k"
    return initialised(program.parent, checkout, command, {**alone, **caller})


def initialised(programs: Path, checkout: Path, command: str, environment: dict[str, str]) -> list[str]:
    """The hosts that are asked by this command in the root of the checkout; `tofu` is in that folder of programs."""
    with Wall() as wall:
        around = {
            "PATH": f"{programs}:{Path(sys.executable).parent}:{os.defpath}",
            "HOME": str(checkout.parent),
            "TF_CLI_CONFIG_FILE": os.devnull,
            "TF_INPUT": "0",
            "CHECKPOINT_DISABLE": "1",
            "AWS_ACCESS_KEY_ID": "AKIDOFNOBODY00000000",
            "AWS_SECRET_ACCESS_KEY": "not-a-real-secret",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_REGION": "us-east-1",
            "AWS_MAX_ATTEMPTS": "1",
            "TF_HTTP_RETRY_MAX": "0",
            **wall.environment(),
            **environment,
        }
        subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=checkout,
            env=around,
            capture_output=True,
            timeout=60,
            check=False,
        )
        return wall.asked


@pytest.mark.parametrize("name", [name for name in SHAPES if name.startswith(GROUPS)])
def test_tofu_asks_what_is_said(name: str, program: Path, tmp_path: Path) -> None:
    if name.startswith("make:") and shutil.which("make") is None:
        pytest.skip("make is not installed")
    wanted = SHAPES[name]
    config = shape(tmp_path / "checkout", wanted.files, caller={"HOME": str(tmp_path), **wanted.caller})
    for path in (tmp_path / "checkout").rglob("*"):
        if path.is_file() and path.read_bytes().startswith(b"#!"):
            path.chmod(0o755)
    for variant in config.variants:
        names = ("endpoints.s3", "endpoint", "address")
        value = next((variant.settings[one] for one in names if one in variant.settings), None)
        message = value.assumed().literal if value is not None else None
        if message is None or variant.missing:
            continue
        where = urlsplit(message if "://" in message else f"https://{message}")
        host = f"{where.netloc.lower()}{'' if where.port else ':443'}"
        real = [
            one.lower()
            for one in asked(program, tmp_path / "checkout", variant, config.backend, wanted.caller)
        ]
        assert real == [host], variant.where
