"""RustFS (candidates rustfs and rustfs-singleton): from its crate, with Rust of this machine. A run never builds it."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from readiness.errors import UsageError
from readiness.obtain.cache import cache_directory, cached, intact
from readiness.obtain.named import named
from readiness.obtain.progress import announce, run_long

VERSION = "1.0.1"
VARIABLE = "READINESS_RUSTFS"
RECIPE = "python -m readiness.obtain rustfs"
DURATION = (
    "an hour to two on two cores (97 minutes of processor time), with 10 GB of memory and of disk meanwhile"
)
# The crate asks for 1.98.1; the nightly of 1.97 has what it uses.
OLDEST_STABLE, OLDEST_NIGHTLY = (1, 98, 1), (1, 97, 0)

# Settings of the operator that would build something else than what is pinned, or elsewhere.
_DROPPED = (
    "RUSTFLAGS",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_BUILD_TARGET",
    "CARGO_INSTALL_ROOT",
    "RUSTUP_TOOLCHAIN",
)
_PROFILE = {"CARGO_PROFILE_RELEASE_LTO": "off", "CARGO_PROFILE_RELEASE_OPT_LEVEL": "2"}


def rustfs(*, build: bool = False) -> Path:
    """The rustfs named by READINESS_RUSTFS, else on PATH, else cached; with `build`, else built now.

    Raises UsageError: a build takes long, so it is asked for with `python -m readiness.obtain rustfs`.
    """
    if there := rustfs_of_machine():
        return there
    if not build:
        raise UsageError(
            f"rustfs is not here: {RECIPE} builds it once ({DURATION}), or name one with {VARIABLE}"
        )
    return cached(_name(), _install) / "bin" / "rustfs"


def rustfs_of_machine() -> Path | None:
    """The rustfs that this machine has already, in the same order; None where it would have to be built."""
    if chosen := named("rustfs", VARIABLE):
        return chosen
    if found := shutil.which("rustfs"):
        return Path(found).absolute()
    entry = intact(_name())
    return entry / "bin" / "rustfs" if entry else None


def _name() -> str:
    return f"rustfs-{VERSION}-release"


def _install(folder: Path) -> None:
    """Build as people run it, but for what only costs time to build. Without optimisation, or with little of it and the
    assertions of a debug build, three nodes on two cores left most writes of the suite's load unanswered, which says
    nothing about the store. What is compiled stays in the cache until all of it is: an interrupted build goes on the
    next time.
    """
    cargo, protoc = _cargo(), os.environ.get("PROTOC") or shutil.which("protoc")
    if protoc is None:
        raise UsageError("rustfs is built with protoc: install Debian's protobuf-compiler, or set PROTOC")
    target = cache_directory() / "building-rustfs"
    announce(f"building rustfs {VERSION}: {DURATION}. It can be interrupted, and continues the next time.")
    command = [
        *(*cargo, "install", "rustfs", "--version", f"={VERSION}", "--locked", "--bin", "rustfs"),
        *("--no-default-features", "--ignore-rust-version", "--root", str(folder)),
        *("--target-dir", str(target)),
    ]
    kept = {name: value for name, value in os.environ.items() if name not in _DROPPED}
    run_long(
        command,
        f"building rustfs {VERSION}",
        cwd=folder,
        env=kept | {"PROTOC": protoc} | _PROFILE,
        advice="Is crates.io reachable, and is there a C compiler?",
    )
    shutil.rmtree(target)


def _cargo() -> list[str]:
    """Cargo with a toolchain that is new enough: the machine's own, or its nightly."""
    found = shutil.which("cargo")
    if found is None:
        raise UsageError("rustfs is built with Rust: put cargo on PATH")
    for toolchain in ([], ["+nightly"]):
        output = subprocess.run(
            [found, *toolchain, "--version"], capture_output=True, text=True, check=False, timeout=60
        ).stdout
        stated = re.match(r"cargo (\d+)\.(\d+)\.(\d+)(-nightly)?", output)
        if stated and tuple(map(int, stated.groups()[:3])) >= (
            OLDEST_NIGHTLY if stated[4] else OLDEST_STABLE
        ):
            return [found, *toolchain]
    raise UsageError(
        f"rustfs {VERSION} needs Rust 1.98.1, or a nightly of 1.97: install one (rustup toolchain install nightly)"
    )
