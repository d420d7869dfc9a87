"""Justfiles, found and parsed by `just --dump --dump-format json`, which runs nothing."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from readiness.stacks.hcl import UnreadableError

NAMES = ("justfile", ".justfile")
SECONDS = 20


def in_folder(folder: Path) -> list[Path]:
    """The Justfiles in this folder, in any spelling of the name that just knows."""
    return sorted(path for path in folder.iterdir() if path.name.lower() in NAMES and path.is_file())


def dump(path: Path, shown: str) -> dict[str, Any]:
    """The parsed Justfile. Raises UnreadableError."""
    beside = Path(sys.executable).with_name("just")
    program = str(beside) if beside.is_file() else shutil.which("just")
    if program is None:
        raise UnreadableError(f"{shown}: cannot be read (the program just is not installed)")
    command = [program, "--justfile", str(path), "--dump", "--dump-format", "json"]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=True,
            env={"PATH": ""},
            cwd=path.parent,
        )
        document: dict[str, Any] = json.loads(done.stdout)
    except subprocess.CalledProcessError as error:
        lines = [line.strip() for line in error.stderr.splitlines() if line.strip()]
        reason = lines[0].removeprefix("error: ") if lines else f"exit code {error.returncode}"
        raise UnreadableError(f"{shown}: just cannot read it ({reason})") from error
    except (OSError, subprocess.TimeoutExpired, ValueError) as error:
        raise UnreadableError(f"{shown}: just cannot read it ({type(error).__name__})") from error
    return document
