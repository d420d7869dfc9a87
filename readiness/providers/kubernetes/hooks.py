"""The operator's own commands, for what no API can do: silence, a disk that is emptied, a repair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from readiness.candidate.declared import Command
from readiness.candidate.declared_kubernetes import DeclaredHooks
from readiness.providers.commands.runner import Ran, Runner
from readiness.providers.engine import sockets
from readiness.providers.engine.driver import emptied
from readiness.topology import Proof, TcpSocket, Unsupported

_WHY = {
    "freeze": "Kubernetes cannot stop a pod without ending it",
    "unplug": "Kubernetes cannot cut a node's network",
    "power_off": "Kubernetes cannot cut a node's power",
    "fill": "Kubernetes cannot fill a node's disk",
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
        self._run = run
        self._declared: Mapping[str, Command | None] = {
            "freeze": declared.freeze,
            "thaw": declared.thaw,
            "unplug": declared.unplug,
            "plug": declared.plug,
            "wipe": declared.wipe,
            "files": declared.files,
            "repair": declared.repair,
            "bytes": declared.bytes,
            "connections": declared.connections,
            **declared.hardware,
        }

    @property
    def wipes(self) -> bool:
        """Whether a disk is emptied by a command."""
        return self._declared["wipe"] is not None

    def declared(self, verb: str) -> Command | None:
        """The command as it is declared, its placeholders in it."""
        return self._declared[verb]

    def check(self, verb: str) -> None:
        """Raises Unsupported with the reason if there is no such command."""
        if self._declared[verb] is None:
            raise Unsupported(f"{verb}: {_WHY[verb]}; kubernetes.hooks.{verb} is not declared")

    def command(self, verb: str, values: Mapping[str, str]) -> Command:
        """That command for these values; it must be declared."""
        found = self._declared[verb]
        assert found is not None, (
            "see check; a file that declares freeze, unplug or wipe declares its counterpart"
        )
        return filled(found, values)

    def do(self, verb: str, undo: str, target: str, values: Mapping[str, str]) -> Ran:
        """Do it, its undo registered first: that runs however the run ends."""
        command = self.command(verb, values)
        self._run.must_be_undone(undo, target, self.command(undo, values))
        return self._run.change(verb, target, command)

    def undo(self, verb: str, target: str) -> None:
        """Undo it, if it was done. Raises CommandFailed."""
        self._run.undo(verb, target)

    def stored_bytes(self, node: str, values: Mapping[str, str]) -> int:
        """What the command `bytes` prints, which must be declared. Raises OSError if that is no number."""
        found = self._run.number("bytes", node, self.command("bytes", values))
        if found < 0:
            raise OSError(f"the command kubernetes.hooks.bytes printed no number for {node}")
        return found

    def connections(self, instance: str, values: Mapping[str, str]) -> Sequence[TcpSocket]:
        """What the command `connections` prints. Raises Unsupported if there is none, OSError if it fails."""
        if self._declared["connections"] is None:
            raise Unsupported(
                f"the connections of {instance} cannot be seen: kubernetes.hooks.connections is not declared"
            )
        ran = self._run.look("connections", instance, self.command("connections", values))
        if not ran.ok:
            raise OSError(f"the command kubernetes.hooks.connections of {instance} {ran.ending}")
        return sockets.listed(ran.stdout)

    def erase(self, node: str, values: Mapping[str, str]) -> Proof:
        """Empty the disk of that node, and count the files before and after."""
        files = self.command("files", values)
        had = self._run.number("files", node, files)
        ran = self._run.change("wipe", node, self.command("wipe", values))
        return emptied(node, had, self._run.number("files", node, files), ran.how)
