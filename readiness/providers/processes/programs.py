"""Which version's program each node runs, where the candidate names two: for rolling upgrades."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from readiness.candidate.declared_upgrade import DeclaredUpgrade
from readiness.errors import UsageError
from readiness.providers.stores.base import StartCommand, Store
from readiness.redact import one_line
from readiness.topology import Unsupported

OF_ENVIRONMENT = "env:"
CALL_SECONDS, MOST_CHARACTERS = 10.0, 120


class Programs:
    """The programs of both versions of a store. `folder` is that of the candidate file.

    Raises UsageError where the second one is missing.
    """

    def __init__(
        self,
        store: Store,
        upgrade: DeclaredUpgrade | None,
        program: Callable[[str], Path],
        folder: Path,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self._store = store
        self._upgraded: set[str] = set()
        self._both: tuple[Path, Path] | None = None
        if upgrade is not None:
            self._both = program(store.program), _second(store, upgrade, program, folder, environ)

    def upgrade(self, node: str) -> None:
        """What is started on the node from now on is of the second version."""
        self._upgraded.add(node)

    def take_back(self, node: str) -> None:
        """Undoes `upgrade`."""
        self._upgraded.discard(node)

    def is_upgraded(self, node: str) -> bool:
        """Whether what is started on the node is of the second version."""
        return node in self._upgraded

    def of(self, command: StartCommand, node: str) -> StartCommand:
        """The command with the program that the node is to run. Programs beside the store's own stay as they are."""
        if self._both is None or node not in self._upgraded or not self.has_version(command):
            return command
        return replace(command, argv=(self._both[1], *command.argv[1:]))

    def has_version(self, command: StartCommand) -> bool:
        """Whether it starts the store's own program, which a rolling upgrade replaces."""
        return self._both is not None and command.argv[0] == self._both[0]

    def running(self, pid: int) -> str:
        """What the program that a process runs says of its version: the kernel's link leads to that program, whatever
        the file system has in its place by now. Raises OSError.
        """
        argv = [f"/proc/{pid}/exe", *self._store.version_arguments]
        try:
            ran = subprocess.run(argv, capture_output=True, text=True, timeout=CALL_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            raise OSError(f"{' '.join(argv)} took longer than {CALL_SECONDS:g} s") from None
        lines = [line for line in f"{ran.stdout}\n{ran.stderr}".splitlines() if line.strip()]
        if ran.returncode or not lines:
            raise OSError(f"{' '.join(argv)} ended with {ran.returncode}")
        return one_line(lines[0])[:MOST_CHARACTERS]


def _second(
    store: Store,
    upgrade: DeclaredUpgrade,
    program: Callable[[str], Path],
    folder: Path,
    environ: Mapping[str, str],
) -> Path:
    if upgrade.program is None:
        if store.other_program is None:
            raise UsageError(
                f"upgrade.program is missing: name the program of version {upgrade.second}; only the control and "
                "weed-cluster have one"
            )
        return program(store.other_program)
    named = upgrade.program
    if named.startswith(OF_ENVIRONMENT):
        variable = named.removeprefix(OF_ENVIRONMENT)
        named = environ.get(variable, "")
        if not named:
            raise UsageError(f"upgrade.program: the variable {variable} is not set; it is to hold a path")
    found = (folder / named).resolve()
    if not (found.is_file() and os.access(found, os.X_OK)):
        raise UsageError(f"upgrade.program: {found} cannot be run")
    return found


def needed(store: Store, programs: Programs, node: str) -> tuple[str, ...]:
    """The names of the node's instances that run the store's own program. Raises Unsupported if there are none."""
    here = [instance for instance in store.instances if instance.node == node]
    found = tuple(instance.name for instance in here if programs.has_version(store.command(instance)))
    if not found:
        raise Unsupported(f"{node} runs no program of which there is another version")
    return found
