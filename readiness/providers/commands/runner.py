"""Running the commands of a candidate that the suite did not start: each with a time limit, recorded, its
output kept.

A command that does a fault runs only once its undo is registered with the supervisor, which runs it also if
this process is killed. An undo is forgotten only when it has succeeded.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from readiness.candidate.declared import Command
from readiness.contract_command import group_killed, missing_program
from readiness.providers.engine.record import Record
from readiness.providers.supervisor.client import Supervised, SupervisorGone
from readiness.redact import Redactor

KEPT_CHARACTERS, KEPT_COMMANDS = 4000, 400
IN_THAT_FOLDER = ("/bin/sh", "-c", 'cd "$0" && exec "$@"')


class CommandFailed(RuntimeError):
    """A command that had to succeed did not."""


@dataclass(frozen=True)
class Ran:
    """How one command ended. `code` is None where it was killed because its time was over."""

    line: str
    code: int | None
    stdout: str
    stderr: str
    seconds: float

    @property
    def ok(self) -> bool:
        return self.code == 0

    @property
    def ending(self) -> str:
        """The ending in words."""
        if self.code is None:
            return f"was killed after {self.seconds:.0f} s"
        return f"ended with {self.code} after {self.seconds:.1f} s"

    @property
    def how(self) -> str:
        """The command as part of a sentence; that it ended well proves nothing, that it did not explains."""
        if self.ok:
            return "the command"
        return f"the command, which {self.ending} ({self.stderr.strip()[-200:]})"


@dataclass(frozen=True)
class _Undo:
    verb: str
    target: str
    command: Command


class Runner:
    """All commands of one run go through here. Thread-safe."""

    def __init__(self, folder: Path, record: Record, secrets: Redactor) -> None:
        self._folder, self._record, self._secrets = folder, record, secrets
        self.supervised: Supervised | None = None
        self.environment: Mapping[str, str] = {}
        """What every command finds in its environment, besides the suite's own."""
        self._open: dict[str, _Undo] = {}
        self._log: list[str] = []
        self._lock = threading.RLock()

    def by_hand(self, command: Command) -> str:
        """The command as it is typed into a shell; without secrets."""
        return f"cd {shlex.quote(str(self._folder))} && {self._line(command)}"

    def missing_program(self, command: Command) -> str | None:
        """The program of that command, if there is none of that name."""
        return missing_program(command, self._folder)

    def change(self, verb: str, target: str, command: Command, env: Mapping[str, str] | None = None) -> Ran:
        """Run a command that changes the candidate."""
        self._record.write(verb, f"{target}: {self._line(command)}")
        return self._keep(verb, target, self._execute(command, env or {}))

    def look(self, verb: str, target: str, command: Command) -> Ran:
        """Run a command that only reads."""
        self._record.read(verb, f"{target}: {self._line(command)}")
        return self._keep(verb, target, self._execute(command, {}))

    def ask(self, command: Command) -> Ran:
        """Run a probe: it only reads, and is asked so often that it is neither recorded nor kept."""
        return self._execute(command, {})

    def number(self, verb: str, target: str, command: Command) -> int:
        """The number that a reading command prints; -1 if it prints none."""
        ran = self.look(verb, target, command)
        try:
            return int(ran.stdout.strip()) if ran.ok else -1
        except ValueError:
            return -1

    def repair(self, node: str, command: Command, env: Mapping[str, str] | None = None) -> str:
        """Run the contract's procedure for that node; what was done. Raises RuntimeError if it fails."""
        ran = self.change("repair", node, command, env)
        if not ran.ok:
            raise RuntimeError(f"the repair of {node} {ran.ending}: {ran.stderr.strip()[-300:]}")
        return self._secrets.clean(f"{ran.line} {ran.ending}")

    def secret(self, verb: str, target: str, command: Command, env: Mapping[str, str] | None = None) -> Ran:
        """As `change`, for a command whose output is a secret: it is not kept."""
        self._record.write(verb, f"{target}: {self._line(command)}")
        ran = self._execute(command, env or {})
        self._keep(verb, target, Ran(ran.line, ran.code, "(not kept)", "", ran.seconds))
        return ran

    def started(self) -> Supervised:
        """What outlives this process, should it die. Raises RuntimeError before the provider's `start`."""
        if self.supervised is None:
            raise RuntimeError("the candidate was not started")
        return self.supervised

    def must_be_undone(self, verb: str, target: str, command: Command) -> None:
        """From now on this undo runs however the run ends, unless `undo` has done it before."""
        undo = _Undo(verb, target, command)
        with self._lock:
            argv = [*IN_THAT_FOLDER, str(self._folder), *command.argv]
            self.started().register_undo(
                _key(verb, target), argv, self._environment({}), command.seconds, lasting=True
            )
            self._open[_key(verb, target)] = undo

    def take_over(self, verb: str, target: str, command: Command) -> None:
        """A fault of another process is to be undone by that command. `undo` does it, also before the provider's
        `start`: a candidate with a fault may not be reachable.
        """
        with self._lock:
            self._open[_key(verb, target)] = _Undo(verb, target, command)

    def undo(self, verb: str, target: str) -> bool:
        """Undo that, if it is to be undone; False if not. Raises CommandFailed, and stays to be undone then."""
        with self._lock:
            undo = self._open.get(_key(verb, target))
            if undo is None:
                return False
            ran = self.change(undo.verb, undo.target, undo.command)
            if not ran.ok:
                raise CommandFailed(
                    f"{verb} {target} {ran.ending}: {(ran.stderr or ran.stdout).strip()[-300:]}"
                )
            self.undone(verb, target)
            return True

    def undone(self, verb: str, target: str) -> None:
        """The command that did it has undone it, too."""
        with self._lock:
            if self._open.pop(_key(verb, target), None) and self.supervised is not None:
                with contextlib.suppress(SupervisorGone):
                    self.supervised.forget_undo(_key(verb, target))

    def undo_everything(self) -> None:
        """The last fault first. What fails stays with the supervisor, which tries once more."""
        with self._lock:
            for undo in reversed(list(self._open.values())):
                with contextlib.suppress(CommandFailed, SupervisorGone):
                    self.undo(undo.verb, undo.target)

    def is_open(self, verb: str, target: str) -> bool:
        """Whether that is to be undone."""
        with self._lock:
            return _key(verb, target) in self._open

    def log(self) -> str:
        """Every command but the probes, with its exit status and the end of its output; without secrets."""
        with self._lock:
            return "\n".join(self._log)

    def _keep(self, verb: str, target: str, ran: Ran) -> Ran:
        output = f"{ran.stdout}{ran.stderr}"[-KEPT_CHARACTERS:]
        text = self._secrets.clean(f"{verb} {target}: $ {ran.line}\n  {ran.ending}\n{output}")
        with self._lock:
            self._log = [*self._log, text][-KEPT_COMMANDS:]
        return ran

    def _line(self, command: Command) -> str:
        return self._secrets.clean(shlex.join(command.argv))

    def _environment(self, more: Mapping[str, str]) -> dict[str, str]:
        return dict(os.environ) | dict(self.environment) | dict(more)

    def _execute(self, command: Command, env: Mapping[str, str]) -> Ran:
        """The output goes to files: a server that a command leaves behind may keep them open."""
        began = time.monotonic()
        line = shlex.join(command.argv)
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            try:
                code = self._wait(command, env, out, err)
            except OSError as error:
                return Ran(line, 127, "", f"{error}\n", time.monotonic() - began)
            return Ran(line, code, _text(out), _text(err), time.monotonic() - began)

    def _wait(self, command: Command, env: Mapping[str, str], out: IO[bytes], err: IO[bytes]) -> int | None:
        process = subprocess.Popen(
            command.argv,
            cwd=self._folder,
            env=self._environment(env),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
        supervised = self.supervised
        try:
            with group_killed(process):
                if supervised is not None:
                    with contextlib.suppress(
                        SupervisorGone
                    ):  # a fault is refused before, an undo must be done
                        supervised.adopt(process.pid)  # a fault must not go on after its undo
                return process.wait(command.seconds)
        except subprocess.TimeoutExpired:
            return None
        finally:
            if supervised is not None:
                with contextlib.suppress(SupervisorGone):
                    supervised.release(process.pid)


def _key(verb: str, target: str) -> str:
    return f"{verb} {target}"


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read(1 << 20).decode(errors="replace")
