"""The verbs that the candidate's own commands carry out, alike in every provider that has such commands."""

from __future__ import annotations

import secrets
import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from readiness.candidate.declared import Command
from readiness.errors import UsageError
from readiness.providers.commands import contract
from readiness.providers.commands.runner import CommandFailed, Runner
from readiness.providers.engine.driver import Driver
from readiness.providers.engine.hardware import Hardware
from readiness.providers.engine.journal import FaultVerb, Undo
from readiness.providers.supervisor.client import Supervised
from readiness.redact import Redactor
from readiness.topology import Keys

UNKNOWN_KEY = "a new credential"
KEY_PREFIX, KEY_BYTES = "TSH", 8
"""Of an access key that the run chooses: 19 characters, as S3 stores take them (3 to 20, letters and digits)."""
D = TypeVar("D", bound=Driver[Any])


class CommandVerbs(Hardware[D]):
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
        if old is not None:
            retired = contract.rotate(self._candidate, self._run, old, self._secrets)
            self._faults.close(FaultVerb.RETIRE_KEY, old.access_key)
            return retired
        if self._candidate.contract.credentials.rotation != "provider":
            return contract.rotate(self._candidate, self._run, None, self._secrets)  # which says so
        retire = self._candidate.commands.rotate_retire
        command = self._run.by_hand(retire) if retire else "retire it"
        chosen = new_access_key() if self._candidate.commands.chosen_access_key else None
        expected = chosen or UNKNOWN_KEY
        unknown = {
            "by hand": f"list the credentials of the store; retire one that nobody knows with: {command}"
        }
        self._faults.open(FaultVerb.ADD_KEY, expected, _by_hand(chosen, command) if chosen else unknown)
        try:
            made = contract.rotate(self._candidate, self._run, None, self._secrets, chosen)
        except RuntimeError:  # the command says that it made none
            if chosen is None:
                self._faults.close(FaultVerb.RETIRE_KEY, UNKNOWN_KEY)
            raise
        if made.access_key != expected:
            self._faults.open(FaultVerb.ADD_KEY, made.access_key, _by_hand(made.access_key, command))
            self._faults.close(FaultVerb.RETIRE_KEY, expected)
        if chosen not in (None, made.access_key):
            raise RuntimeError(
                "rotate_add made a credential with another access key than READINESS_NEW_ACCESS_KEY, although "
                "commands.chosen_access_key is true"
            )
        return made

    def plant_divergence(self, bucket: str, key: str) -> None:
        commands, target = self._candidate.commands, f"{bucket}/{key}"
        if commands.plant_divergence is None or commands.remove_divergence is None:
            pair = "commands.plant_divergence and commands.remove_divergence"
            raise contract.no_command("plant_divergence", "the candidate", pair)
        words = " ".join(f"{name}={shlex.quote(value)}" for name, value in _of_object(target).items())
        self._faults.open(
            FaultVerb.PLANT, target, {"by hand": f"{words}; {self._run.by_hand(commands.remove_divergence)}"}
        )
        self._of_divergence(FaultVerb.PLANT, target, commands.plant_divergence)

    def remove_divergence(self, bucket: str, key: str) -> None:
        self._remove_divergence(f"{bucket}/{key}")

    def _remove_divergence(self, target: str) -> None:
        self._of_divergence(FaultVerb.UNPLANT, target, self._candidate.commands.remove_divergence)
        self._faults.close(FaultVerb.UNPLANT, target)

    def _of_divergence(self, verb: FaultVerb, target: str, command: Command | None) -> None:
        if command is None:
            raise RuntimeError(f"{verb}: the candidate file declares no commands.{verb} any more")
        ran = self._run.change(verb, target, command, _of_object(target))
        if not ran.ok:
            raise CommandFailed(f"{verb} {ran.ending}: {(ran.stderr or ran.stdout).strip()[-300:]}")

    def undo(self, undo: Undo, reach: Mapping[str, str] | None = None) -> None:
        if undo.verb is FaultVerb.UNPLANT:
            self._remove_divergence(undo.target)
        elif undo.verb is not FaultVerb.RETIRE_KEY:
            super().undo(undo, reach)
        elif undo.target == UNKNOWN_KEY:
            raise RuntimeError("the run ended while a credential was added: its name is not known")
        else:
            self.rotate(Keys(undo.target, ""))

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


def new_access_key() -> str:
    """A new, random access key."""
    return KEY_PREFIX + secrets.token_hex(KEY_BYTES).upper()


def _of_object(target: str) -> dict[str, str]:
    """The environment of the commands of a divergence: a bucket's name has no slash."""
    bucket, _, key = target.partition("/")
    return {"READINESS_BUCKET": bucket, "READINESS_KEY": key}


def _by_hand(access_key: str, command: str) -> dict[str, str]:
    return {"by hand": f"READINESS_ACCESS_KEY={access_key}; {command}"}
