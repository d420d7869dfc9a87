"""The user's state folder: what outlives a run lies there, readable by its user only."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from readiness.errors import UsageError

NAME = "tofu-state-ha-readiness"


def state_folder(part: str, environ: Mapping[str, str] = os.environ) -> Path:
    """That part of the state folder, made if it is not there: below XDG_STATE_HOME, else below ~/.local/state (XDG Base
    Directory Specification). Raises UsageError if it cannot be written.
    """
    base = Path(environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    folder = base / NAME / part
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
    except OSError as error:
        raise UsageError(
            f"the state folder {folder} cannot be used ({error.strerror}): each fault is recorded there before it "
            "is injected; set XDG_STATE_HOME to a folder that can be written"
        ) from None
    return folder


def sync_folder(folder: Path) -> None:
    """Names that were made or removed in it stay so after a crash of the machine."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
