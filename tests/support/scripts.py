"""Programs that a test puts first on PATH: small scripts that pretend, or note their calls."""

from collections.abc import Callable
from pathlib import Path

Script = Callable[[str, str], Path]
"""Writes an executable shell script of that name, with that body."""


def scripts(folder: Path) -> Script:
    """Writes them into `folder/bin`, which it makes."""

    def write(name: str, body: str) -> Path:
        path = folder / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        path.chmod(0o755)
        return path

    return write


def noted(path: Path) -> list[str]:
    """The lines that scripts have added to that file; none if it is not there."""
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []
