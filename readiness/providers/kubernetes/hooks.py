"""The operator's own commands, for what no API can do: silence, a disk that is emptied, a repair."""

from __future__ import annotations

from collections.abc import Mapping

from readiness.candidate.declared import Command
from readiness.candidate.declared_kubernetes import DeclaredHooks
from readiness.providers.commands.runner import Ran, Runner
from readiness.topology import Unsupported

_WHY = {
    "freeze": "Kubernetes cannot stop a pod without ending it",
    "unplug": "Kubernetes cannot cut a node's network",
    "wipe": "its storage cannot be emptied through the API",
    "repair": "the contract's procedure is the operator's",
}


def filled(command: Command, values: Mapping[str, str]) -> Command:
    """The command with its placeholders replaced."""

    def one(text: str) -> str:
        for name, value in values.items():
            text = text.replace("{" + name + "}", value)
        return text

    return Command(run=tuple(one(part) for part in command.run), shell=command.shell, seconds=command.seconds)


class Hooks:
    """Runs them, and registers their undo first."""

    def __init__(self, declared: DeclaredHooks, run: Runner) -> None:
        self._declared, self._run = declared, run

    def has(self, verb: str) -> bool:
        """Whether there is such a command."""
        return getattr(self._declared, verb) is not None

    def command(self, verb: str, values: Mapping[str, str]) -> Command:
        """That command for these values. Raises Unsupported with the reason if there is none."""
        found = getattr(self._declared, verb)
        if found is None:
            why = _WHY.get(verb, "there is no command")
            raise Unsupported(f"{verb}: {why}; kubernetes.hooks.{verb} is not declared")
        return filled(found, values)

    def do(self, verb: str, undo: str, target: str, values: Mapping[str, str]) -> Ran:
        """Do it, its undo registered first: that runs however the run ends."""
        command = self.command(verb, values)
        self._run.must_be_undone(undo, target, self.command(undo, values))
        return self._run.change(verb, target, command)

    def undo(self, verb: str, target: str) -> None:
        """Undo it, if it was done. Raises CommandFailed."""
        self._run.undo(verb, target)

    def change(
        self, verb: str, target: str, values: Mapping[str, str], env: Mapping[str, str] | None = None
    ) -> Ran:
        """Do what has no undo."""
        return self._run.change(verb, target, self.command(verb, values), env)

    def number(self, verb: str, target: str, values: Mapping[str, str]) -> int:
        """The number that the command prints; -1 if it prints none."""
        ran = self._run.look(verb, target, self.command(verb, values))
        try:
            return int(ran.stdout.strip()) if ran.ok else -1
        except ValueError:
            return -1
