"""The verbs that the candidate's own commands carry out, alike in every provider that has such commands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from readiness.candidate.declared import Command
from readiness.candidate.model import Candidate
from readiness.errors import UsageError
from readiness.providers.commands import contract
from readiness.providers.commands.runner import Runner
from readiness.providers.engine.record import Record
from readiness.providers.supervisor.client import Supervised
from readiness.topology import Keys


class CommandVerbs:
    """What needs the candidate, its runner and the record only. The provider sets the three of them."""

    _candidate: Candidate
    _run: Runner
    _record: Record

    @property
    def supervised(self) -> Supervised:
        """What outlives this process. Raises RuntimeError before `start`."""
        return self._run.started()

    def adopt(self, pid: int) -> None:
        self.supervised.adopt(pid)

    def after_death(self, argv: Sequence[str], env: Mapping[str, str]) -> None:
        self.supervised.after_death(argv, env)

    def rotate(self, old: Keys | None) -> Keys:
        return contract.rotate(self._candidate, self._run, old, self._remember)

    def divergence_check(self) -> Mapping[str, object]:
        return contract.divergence_check(self._candidate, self._run)

    def recorded_calls(self) -> tuple[str, ...]:
        """Every verb and command but the probes and watches, which only ever ask. Reads are marked as such."""
        return self._record.lines()

    def command_log(self) -> str:
        """Every command of the candidate file with how it ended and what it said, for the evidence."""
        return self._run.log()

    def _remember(self, keys: Keys) -> None:
        """A credential was made: what is shown from now on must not hold it."""
        raise NotImplementedError

    def _whole_by_command(self) -> bool:
        """What `commands.whole` says; True where none is declared."""
        command = self._candidate.commands.whole
        return self._run.ask(command).ok if command else True

    def _check_programs(self, commands: Iterable[tuple[str, Command]]) -> None:
        """Raises UsageError for a command, said with its place in the file, whose program is not there."""
        for where, command in commands:
            if name := self._run.missing_program(command):
                raise UsageError(f'{where}: there is no program "{name}"; correct it or the PATH')
