"""`tofu-state-ha-readiness [COMMAND] [ARGUMENTS]`: finds the command and hands it the rest of the line."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from readiness import cli
from readiness.errors import EXIT_USAGE

PROGRAM = "tofu-state-ha-readiness"
DEFAULT = "run"
_NO_COMMANDS = {"main", "options", "store_options"}


def main(arguments: Sequence[str]) -> int:
    """Runs the command named first, or `run` if the line begins with an option; returns its exit code.

    Exit code 4: there is no such command.
    """
    first, *rest = arguments or [""]
    if first in {"-h", "--help", "help"}:
        print(_help())
        return 0
    if first in commands():
        return _run(first, rest)
    if _is_command_name(first):
        near = difflib.get_close_matches(first, commands(), n=1)
        hint = f'did you mean "{near[0]}"? ' if near else ""
        print(
            f'ERROR: there is no command "{first}": {hint}commands: {", ".join(commands())}', file=sys.stderr
        )
        return EXIT_USAGE
    return _run(DEFAULT, list(arguments))


def console() -> None:
    """The entry point of the console script."""
    if sys.platform == "win32":
        sys.exit(f"{PROGRAM} needs a POSIX system: on Windows, use it in the Windows Subsystem for Linux")
    sys.exit(main(sys.argv[1:]))


def commands() -> list[str]:
    """The names of all commands, in alphabetical order."""
    names = (found.name for found in pkgutil.iter_modules(cli.__path__))
    return sorted(name.replace("_", "-") for name in names if name not in _NO_COMMANDS)


def _run(command: str, arguments: list[str]) -> int:
    code: int = _module(command).main(arguments)
    return code


def _module(command: str) -> ModuleType:
    return importlib.import_module(f"{cli.__name__}.{command.replace('-', '_')}")


def _is_command_name(argument: str) -> bool:
    """Neither an option nor a test to run."""
    is_test = "::" in argument or Path(argument).exists()
    return bool(argument) and not argument.startswith("-") and not is_test


def _help() -> str:
    width = max(map(len, commands()))
    lines = [f"  {name:{width}}  {_summary(name)}" for name in commands()]
    return "\n".join(
        [
            f"usage: {PROGRAM} [COMMAND] [ARGUMENTS]",
            "",
            "Proves, or refuses to prove, that an S3-compatible store can be the highly available OpenTofu state",
            f'authority. The default COMMAND is "{DEFAULT}". `{PROGRAM} COMMAND --help` explains one.',
            "",
            "commands:",
            *lines,
            "",
            "exit codes: 0 the verdict is good; 1 it is not; 4 nothing was judged, and a message says what to change",
        ]
    )


def _summary(command: str) -> str:
    return (_module(command).__doc__ or "").strip().splitlines()[0].rstrip(".")
