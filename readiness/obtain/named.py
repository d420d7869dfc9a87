"""A program that the operator names by an environment variable: it comes before any other."""

import os
from collections.abc import Callable
from pathlib import Path

from readiness.errors import UsageError


def _executable(program: Path) -> bool:
    return os.access(program, os.X_OK)


def named(program: str, variable: str, fits: Callable[[Path], bool] = _executable) -> Path | None:
    """The program that `variable` names; None if it names none. Raises UsageError if it does not fit."""
    chosen = os.environ.get(variable)
    if not chosen:
        return None
    if not fits(Path(chosen)):
        raise UsageError(f"{chosen} cannot be run as {program}. Change or remove {variable}.")
    return Path(chosen).absolute()
