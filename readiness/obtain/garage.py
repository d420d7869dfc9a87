"""Garage (candidate garage): from its crate, with the Rust toolchain of this machine. A run never builds it."""

import os
import shutil
from pathlib import Path

from readiness.errors import UsageError
from readiness.obtain.cache import cache_directory, cached
from readiness.obtain.named import named
from readiness.obtain.progress import run_long

VERSION = "2.5.0"
VARIABLE = "READINESS_GARAGE"
RECIPE = "python -m readiness.obtain garage"

# Settings of the operator that would build something else than what is pinned, or elsewhere.
_DROPPED = ("RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET", "CARGO_INSTALL_ROOT")


def garage(*, build: bool = False) -> Path:
    """The garage named by READINESS_GARAGE, else on PATH, else cached; with `build`, else built now.

    Raises UsageError: a build takes long, so it is asked for with `python -m readiness.obtain garage`.
    """
    if chosen := named("garage", VARIABLE):
        return chosen
    if found := shutil.which("garage"):
        return Path(found).absolute()
    name = f"garage-{VERSION}"
    if not build and not (cache_directory() / name).is_dir():
        raise UsageError(f"garage is not here: {RECIPE} builds it once; or name one with {VARIABLE}")
    return cached(name, _install) / "bin" / "garage"


def _install(folder: Path) -> None:
    cargo = shutil.which("cargo")
    if cargo is None:
        raise UsageError(
            "garage is built with Rust: put cargo (1.91 or newer), a C compiler and make on PATH"
        )
    target = folder / "target"
    command = [
        *(cargo, "install", "garage", "--version", f"={VERSION}", "--locked", "--root", str(folder)),
        *("--target-dir", str(target)),
    ]
    environment = {name: value for name, value in os.environ.items() if name not in _DROPPED}
    run_long(
        command,
        f"building garage {VERSION} (long, once; cached afterwards)",
        cwd=folder,
        env=environment,
        advice="Is crates.io reachable, and are there a C compiler and make?",
    )
    shutil.rmtree(target)
