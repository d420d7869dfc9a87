"""A node's power and disk by the operator's own commands, and what is seen of both."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable

from readiness.candidate.declared import Command
from readiness.providers.commands.runner import Runner
from readiness.providers.engine.driver import Driver, NetworkWatch, W
from readiness.providers.engine.fill import TRIED
from readiness.providers.engine.journal import FaultVerb
from readiness.topology import Proof

NeededCommand = Callable[[str, str], Command]
"""The command of that name for that node. Raises Unsupported where none is declared."""


class NodeHardware:
    """Power and disks of all nodes of one candidate. Each undo is registered before its fault."""

    def __init__(self, run: Runner, command: NeededCommand) -> None:
        self._run, self._command = run, command
        self._unsynced: dict[str, int] = {}

    def check(self, verb: FaultVerb, node: str) -> None:
        """Raises Unsupported for a fault that has no command."""
        if verb in (FaultVerb.POWER_OFF, FaultVerb.FILL):
            self._command(verb, node)

    def power_off(self, node: str, looks: NetworkWatch) -> Proof:
        """`looks`: at the node's instances, which must be away then."""
        self._run.change("write_unsynced", node, self._command("write_unsynced", node))
        self._unsynced[node] = self._left(node)
        how = self._do(FaultVerb.POWER_OFF, FaultVerb.POWER_ON, node)
        return looks.cut(how)

    def power_on(self, node: str) -> None:
        self._run.undo(FaultVerb.POWER_ON, node)

    def power_was_cut(self, node: str) -> Proof:
        """What had not been synced is gone. Asked once the node is back."""
        had, left = self._unsynced.get(node, -1), self._left(node)
        return Proof(
            had > 0 and left == 0,
            f"{node}: a file that was never synced had {had} bytes before and has {left} after",
        )

    def fill(self, node: str) -> Proof:
        how = self._do(FaultVerb.FILL, FaultVerb.FREE, node)
        left = self._run.number("available", node, self._command("available", node))
        return Proof(0 <= left < TRIED, f"{node}: {left} bytes are available on its disk after {how}")

    def free(self, node: str) -> None:
        self._run.undo(FaultVerb.FREE, node)

    def _left(self, node: str) -> int:
        return self._run.number("unsynced_bytes", node, self._command("unsynced_bytes", node))

    def _do(self, verb: FaultVerb, undo: FaultVerb, node: str) -> str:
        act = self._command(verb, node)
        self._run.must_be_undone(undo, node, self._command(undo, node))
        return self._run.change(verb, node, act).how


class HardwareDriver(Driver[W]):
    """A driver that cuts power and fills disks by such commands."""

    _hardware: NodeHardware

    @abstractmethod
    def watch_instances(self, node: str) -> NetworkWatch:
        """Look at the node's instances before its power is cut, after which they must be away."""

    def power_off(self, node: str) -> Proof:
        return self._hardware.power_off(node, self.watch_instances(node))

    def power_on(self, node: str) -> None:
        self._hardware.power_on(node)

    def power_was_cut(self, node: str) -> Proof:
        return self._hardware.power_was_cut(node)

    def fill(self, node: str) -> Proof:
        return self._hardware.fill(node)

    def free(self, node: str) -> None:
        self._hardware.free(node)
