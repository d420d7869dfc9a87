"""Programs of packages that are no part of the environment: installed into the cache, pinned by a lock file."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from readiness.obtain.cache import cached, fingerprint
from readiness.obtain.progress import run_long
from readiness.paths import TOOLS


def installed(name: str, lock: Path, what: str, advice: str) -> Path:
    """The folder in which the package of that lock file is installed: cached, or installed now. `what` it is, for
    whoever waits; `advice` for whom it fails. Raises UsageError.
    """

    def install(folder: Path) -> None:
        pip = (
            *(sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "install"),
            *("--no-compile", "--no-deps", "--require-hashes", "--target", str(folder)),
            *("--requirement", str(lock)),
        )
        label = f"installing {what} (once; cached afterwards)"
        run_long(pip, label, cwd=folder, env=os.environ | {"PIP_USER": "0"}, advice=advice)

    return cached(f"{name}-{fingerprint(TOOLS, [lock])}", install)
