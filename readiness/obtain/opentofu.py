"""A real OpenTofu: the operator's where there is one that will do, else one built from its Go module."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from readiness.errors import UsageError
from readiness.obtain.cache import cached, fingerprint
from readiness.obtain.go import Version, build, version
from readiness.obtain.progress import announce
from readiness.paths import TOOLS

OLDEST: Version = (1, 10)  # the first release whose S3 backend can lock without DynamoDB
MODULE = TOOLS / "tofu"
PACKAGE = "github.com/opentofu/opentofu"
VARIABLE = "READINESS_TOFU"


@dataclass(frozen=True, slots=True)
class Tofu:
    """An OpenTofu that was run and said its version; source is option, environment, PATH, cache or built."""

    path: Path
    version: str
    source: str


class _NotUsableError(Exception):
    """The program is not an OpenTofu that can be used; the message says what it is instead."""


def tofu(explicit: Path | None = None) -> Tofu:
    """OpenTofu 1.10 or newer: the one named, else READINESS_TOFU, else on PATH, else cached, else built now.

    One that was named must do; one that is merely on PATH is skipped with a message if it does not.
    """
    if explicit:
        return _named(explicit, "option", "the option that names it")
    if chosen := os.environ.get(VARIABLE):
        return _named(Path(chosen), "environment", VARIABLE)
    if found := shutil.which("tofu"):
        try:
            return Tofu(Path(found), inspect(Path(found)), "PATH")
        except _NotUsableError as reason:
            announce(f"{found} is not used: {reason}")
    return _pinned()


def inspect(program: Path) -> str:
    """The version that the program prints, if it is an OpenTofu that will do; runs it without any TF_ setting."""
    # Not `version -json`: Terraform answers that with the same keys. The plain text names the product.
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TF_", "TOFU_"))}
    with tempfile.TemporaryDirectory() as nowhere:
        try:
            answer = subprocess.run(
                [program.absolute(), "version"],
                cwd=nowhere,
                env=kept | {"TF_CLI_CONFIG_FILE": os.devnull, "CHECKPOINT_DISABLE": "1"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=30,
                check=False,
            )
        except OSError as error:
            raise _NotUsableError(f"it cannot be run ({error.strerror})") from error
        except subprocess.TimeoutExpired as error:
            raise _NotUsableError("it did not print its version within 30 s") from error
    stated = re.search(r"^OpenTofu v((\d+\.\d+\.\d+)\S*)", answer.stdout, re.MULTILINE)
    if not stated:
        first_line = (answer.stdout or answer.stderr).strip().split("\n")[0][:80]
        raise _NotUsableError(f"it is not OpenTofu (it says {first_line!r}, exit code {answer.returncode})")
    if version(stated[2]) < OLDEST:
        raise _NotUsableError(f"it is {stated[1]}, but {OLDEST[0]}.{OLDEST[1]} or newer is needed")
    return stated[1]


def pinned_version() -> str:
    """The version that is built where there is none, as tools/tofu/go.mod says."""
    text = (MODULE / "go.mod").read_text(encoding="utf-8")
    stated = re.search(rf"\s{re.escape(PACKAGE)} v(\d+\.\d+\.\d+)\s", text)
    if not stated:
        raise UsageError(f"{MODULE / 'go.mod'} names no version of {PACKAGE}")
    return stated[1]


def _named(path: Path, source: str, where: str) -> Tofu:
    try:
        return Tofu(path.absolute(), inspect(path), source)
    except _NotUsableError as reason:
        raise UsageError(f"{path} cannot be used as tofu: {reason}. Change or remove {where}.") from None


def _pinned() -> Tofu:
    wanted = pinned_version()
    source = "cache"
    compile_into = build(
        MODULE,
        f"{PACKAGE}/cmd/tofu",
        "tofu",
        f"building tofu {wanted} (some minutes, once; cached afterwards)",
        [f"-ldflags=-s -w -X {PACKAGE}/version.dev=no"],
    )

    def compile_and_check(folder: Path) -> None:
        nonlocal source
        source = "built"
        compile_into(folder)
        if (says := _inspected(folder / "tofu")) != wanted:
            raise UsageError(f"the tofu built from {MODULE} says {says}, not {wanted}")

    entry = _cached(wanted, compile_and_check)
    return Tofu(entry / "tofu", _inspected(entry / "tofu"), source)


def _cached(wanted: str, fill: Callable[[Path], None]) -> Path:
    return cached(f"tofu-{wanted}-{fingerprint(MODULE, [MODULE / 'go.mod', MODULE / 'go.sum'])}", fill)


def _inspected(program: Path) -> str:
    try:
        return inspect(program)
    except _NotUsableError as reason:
        raise UsageError(f"{program} is damaged ({reason}): remove {program.parent} and try again") from None
