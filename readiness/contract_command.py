"""A command that the contract names, run in the folder of the candidate file; killed with all it started if its time is
over.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from readiness.candidate.declared import Command
from readiness.candidate.load import Loaded
from readiness.errors import UsageError
from readiness.redact import Redactor

END = 300
"""Characters of a command's output that are kept."""


@dataclass(frozen=True)
class Ended:
    """How it ended. `code` is None where its time was over, or where it `cannot_run`: why. `said`: the end of what it
    wrote, without secrets.
    """

    code: int | None
    said: str
    cannot_run: str | None = None


@contextlib.contextmanager
def group_killed(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """A process that leads a group of its own, and has not ended by the end, is killed with that group."""
    try:
        yield
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def missing_program(command: Command, folder: Path, path: str | None = None) -> str | None:
    """The program of a command that runs in that folder, if there is none of that name; `path`: instead of PATH."""
    name = command.argv[0]
    return None if shutil.which(str(folder / name) if "/" in name else name, path=path) else name


def search_path() -> str:
    """Where programs are looked for: the suite's own Python comes first."""
    return os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))


def check_programs(loaded: Loaded) -> None:
    """Raises UsageError for a command of the contract whose program is not there."""
    contract, folder = loaded.candidate.contract, loaded.path.parent
    housekeeping = contract.housekeeping
    named = {
        "contract.durability.backup_command": contract.durability.backup_command,
        "contract.durability.restore_command": contract.durability.restore_command,
        "contract.housekeeping.command": None if housekeeping is None else housekeeping.command,
    }
    for where, command in named.items():
        if command and (name := missing_program(command, folder, search_path())):
            raise UsageError(f'{where}: there is no program "{name}"; correct it or the PATH')


def run(
    command: Command, loaded: Loaded, redactor: Redactor, seconds: float, environment: Mapping[str, str]
) -> Ended:
    """Runs it for at most so long. Its output goes to a file: what it leaves behind may keep it open."""
    with tempfile.TemporaryFile() as output:
        try:
            process = subprocess.Popen(
                command.argv,
                cwd=loaded.path.parent,
                env={**environment, "PATH": search_path()},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            return Ended(None, "", f"{command.argv[0]} cannot be run: {error.strerror}")
        code: int | None = None
        with group_killed(process), contextlib.suppress(subprocess.TimeoutExpired):
            code = process.wait(seconds)
        output.seek(0)
        text = redactor.clean(output.read().decode(errors="replace"))
    return Ended(code, " ".join(text.split())[-END:])
