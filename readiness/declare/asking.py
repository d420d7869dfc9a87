"""Programs that are asked for what a candidate file is proposed from. They only read."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence

from readiness.errors import UsageError

ASK_SECONDS = 30.0
NOT_REACHED = 255
"""The exit status of ssh where the host was not reached."""


class Refused(Exception):
    """The program ended with an exit status other than 0; `code` is that status."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


def ask(argv: Sequence[str]) -> str:
    """What the program prints. Raises Refused for an exit status other than 0, UsageError if there is no such program
    or no answer within `ASK_SECONDS`.
    """
    program = argv[0]
    if shutil.which(program) is None:
        raise UsageError(f'there is no program "{program}" on the PATH')
    try:
        done = subprocess.run(
            list(argv),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=ASK_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise UsageError(f"{program} gave no answer within {ASK_SECONDS:g} s") from None
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or f"exit status {done.returncode}").splitlines()
        raise Refused(said[-1][:300], done.returncode)
    return done.stdout
