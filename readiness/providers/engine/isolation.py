"""A node isolated from the outside: it reaches nothing but the candidate's nodes and the suite meanwhile."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from readiness.providers.engine.driver import Driver, NetworkWatch, W
from readiness.providers.engine.engine import Engine
from readiness.providers.engine.journal import FaultVerb
from readiness.topology import Proof


class IsolatingDriver(Driver[W]):
    """A driver that can do it."""

    @abstractmethod
    def watch_outside(self, node: str) -> NetworkWatch:
        """See what the node reaches before it is isolated."""

    @abstractmethod
    def isolate_from_outside(self, node: str) -> str:
        """Packets between the node and anything but the candidate's nodes and the suite are dropped."""

    @abstractmethod
    def rejoin_outside(self, node: str) -> None:
        """Undoes `isolate_from_outside`."""


D = TypeVar("D", bound=IsolatingDriver[Any])


class IsolationWatch(NetworkWatch):
    """Addresses (HOST:PORT) outside of the candidate that the node reached before it was isolated: it reaches none of
    them after that, and still reaches the candidate's own. `reached`: those of some addresses that the node reaches
    now.
    """

    def __init__(
        self,
        node: str,
        reached: Callable[[Sequence[str]], Sequence[str]],
        outside: Sequence[str],
        own: Sequence[str],
    ) -> None:
        self._node, self._reached, self._outside, self._own = node, reached, outside, own
        self._before = reached(outside)

    def cut(self, how: str) -> Proof:
        if not self._before:
            tried = f"none of {', '.join(self._outside)}" if self._outside else "no address that is known"
            return Proof(
                False, f"{self._node}: {tried} outside of the candidate was reached even before {how}"
            )
        after, own = self._reached(self._before), self._reached(self._own)
        earlier = f"{self._node} reached {', '.join(self._before)} before"
        if after:
            return Proof(False, f"{earlier}, and {', '.join(after)} still after {how}")
        if not own:
            return Proof(
                False, f"{earlier}; after {how} it reaches none of the candidate's own endpoints either"
            )
        return Proof(True, f"{earlier}, none of it after {how}, and still {', '.join(own)}")


class IsolatesByDriver(Engine[D]):
    """Implements `readiness.providers.abilities.IsolatesNodes`."""

    def isolate_from_outside(self, node: str) -> Proof:
        """As `IsolatesNodes`."""
        return self._hit_node(
            FaultVerb.ISOLATE_OUTSIDE, node, self.driver.watch_outside, self.driver.isolate_from_outside
        )

    def rejoin_outside(self, node: str) -> None:
        """As `IsolatesNodes`."""
        self._on(node)
        self._undo(FaultVerb.REJOIN_OUTSIDE, node, self.driver.rejoin_outside)

    def _undoing(self) -> dict[FaultVerb, Callable[[str], None]]:
        return super()._undoing() | {FaultVerb.REJOIN_OUTSIDE: self.rejoin_outside}
