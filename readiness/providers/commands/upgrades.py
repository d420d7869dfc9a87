"""Another version of the store on a node by the operator's own command, and what is seen to run there."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping

from readiness.providers.commands import needed
from readiness.providers.commands.resolved import ResolvedCandidate
from readiness.providers.commands.runner import Runner
from readiness.providers.engine.driver import Driver, W
from readiness.providers.engine.journal import FaultVerb
from readiness.redact import one_line

MOST_CHARACTERS = 120
"""Of what a command prints as a version."""


class UpgradingDriver(Driver[W]):
    """A driver that does it with such commands. The undo is registered before the upgrade."""

    candidate: ResolvedCandidate
    _run: Runner

    @abstractmethod
    def _note_start(self, node: str) -> None:
        """The node's instances were started just now."""

    def upgrade(self, node: str) -> str:
        there, back = needed.moves(self.candidate, node)
        self._run.must_be_undone(needed.UNDO[FaultVerb.TAKE_BACK], node, back)
        how = self._run.change("upgrade", node, there).how
        self._note_start(node)
        return how

    def take_back(self, node: str) -> None:
        self._run.undo(needed.UNDO[FaultVerb.TAKE_BACK], node)
        self._note_start(node)

    def versions_on(self, node: str) -> Mapping[str, str]:
        """What the `version` commands of the node's instances print."""
        found = {}
        for name, command in needed.versioned(self.candidate, node).items():
            ran = self._run.look("version", name, command)
            if not ran.ok:
                raise OSError(f"the version command of instance {name} {ran.ending}")
            found[name] = one_line(ran.stdout)[:MOST_CHARACTERS]
        return found
