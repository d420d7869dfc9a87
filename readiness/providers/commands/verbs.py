"""The verbs that the candidate's own commands carry out, alike in every provider that has such commands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from readiness.candidate.declared import Command
from readiness.errors import UsageError
from readiness.providers.commands import contract
from readiness.providers.commands.runner import Runner
from readiness.providers.engine.driver import Driver
from readiness.providers.engine.engine import Engine
from readiness.providers.supervisor.client import Supervised
from readiness.redact import Redactor
from readiness.topology import Keys

D = TypeVar("D", bound=Driver[Any])


class CommandVerbs(Engine[D]):
    """`_run` and `_secrets` are set by the provider."""

    _run: Runner
    _secrets: Redactor

    @property
    def supervised(self) -> Supervised:
        """What outlives this process. Raises RuntimeError before `start`."""
        return self._run.started()

    def adopt(self, pid: int) -> None:
        self.supervised.adopt(pid)

    def after_death(self, argv: Sequence[str], env: Mapping[str, str]) -> None:
        self.supervised.after_death(argv, env)

    def rotate(self, old: Keys | None) -> Keys:
        return contract.rotate(self._candidate, self._run, old, self._secrets)

    def divergence_check(self) -> Mapping[str, object]:
        return contract.divergence_check(self._candidate, self._run)

    def command_log(self) -> str:
        return self._run.log()

    def _whole_by_command(self) -> bool:
        """What `commands.whole` says; True where none is declared."""
        command = self._candidate.commands.whole
        return self._run.ask(command).ok if command else True

    def _check_programs(self, commands: Iterable[tuple[str, Command]]) -> None:
        """Raises UsageError, with the place in the file, for a command whose program is not there."""
        for where, command in commands:
            if name := self._run.missing_program(command):
                raise UsageError(f'{where}: there is no program "{name}"; correct it or the PATH')
