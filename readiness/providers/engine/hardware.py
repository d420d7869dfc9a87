"""Faults of a node's hardware, alike in every kind of provider: its power is cut, its disk is full."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from readiness.providers.engine.driver import Driver
from readiness.providers.engine.engine import Engine
from readiness.providers.engine.journal import FaultVerb, Undo
from readiness.topology import Proof

D = TypeVar("D", bound=Driver[Any])


class Hardware(Engine[D]):
    """An engine with `CutsPower` and `FillsDisks` of `readiness.providers.abilities`."""

    def power_off(self, node: str) -> Proof:
        self._on(node)
        with self._fault(FaultVerb.POWER_OFF, node) as begin:
            begin()
            return self.driver.power_off(node)

    def power_on(self, node: str) -> None:
        self._on(node)
        self._undo(FaultVerb.POWER_ON, node, self.driver.power_on)

    def power_was_cut(self, node: str) -> Proof:
        self._on(node)
        return self.driver.power_was_cut(node)

    def fill(self, node: str) -> Proof:
        self._on(node)
        with self._fault(FaultVerb.FILL, node) as begin:
            begin()
            return self.driver.fill(node)

    def free(self, node: str) -> None:
        self._on(node)
        self._undo(FaultVerb.FREE, node, self.driver.free)

    def affected(self, undo: Undo) -> tuple[str, ...]:
        if undo.verb in (FaultVerb.POWER_ON, FaultVerb.FREE):
            return self._on(undo.target)
        return super().affected(undo)

    def undo(self, undo: Undo, reach: Mapping[str, str] | None = None) -> None:
        verbs: dict[FaultVerb, Callable[[str], None]] = {
            FaultVerb.POWER_ON: self.power_on,
            FaultVerb.FREE: self.free,
        }
        if undo.verb not in verbs:
            super().undo(undo, reach)
            return
        self.driver.take_over(undo.verb, undo.target)
        verbs[undo.verb](undo.target)
