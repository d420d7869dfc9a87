"""Schedules and a stage by hand."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Coroutine, Iterator
from types import SimpleNamespace
from typing import Any

from readiness.evidence.scenario import Event, ScenarioRecord
from readiness.explore.schedule import Kind, Segment, Step, When
from readiness.faults import Fault
from readiness.topology import FaultKind, Instance, Topology, Unsupported

NODES = ("a", "b", "c")
TOPOLOGY = Topology(
    nodes=NODES,
    instances=tuple(Instance(f"{node}-{kind}", node, kind) for node in NODES for kind in ("gateway", "disk")),
    endpoints=(),
    service=None,
)
RTO = dict.fromkeys(FaultKind, 4.0)


def step(kind: Kind, target: str, when: When = When.WHOLE, held: float = 0.0, pause: float = 0.0) -> Step:
    return Step(kind=kind, target=target, when=when, pause=pause, held=held)


def segment(*steps: Step) -> Segment:
    return Segment(number=1, steps=steps)


class Stage:
    """What `play` needs of a stage; `done` has what happened, in order."""

    def __init__(self, *, impossible: str = "", whole: bool = True) -> None:
        self.record = ScenarioRecord("by hand", None)
        self.subject = SimpleNamespace(topology=TOPOLOGY, provider=self)
        self.rig = SimpleNamespace(loop=self)
        self.context = SimpleNamespace(recorder=SimpleNamespace(history=[]))
        self.done: list[str] = []
        self.cut = threading.Event()
        self._impossible, self._whole = impossible, whole

    @contextlib.contextmanager
    def fault(self, fault: Fault) -> Iterator[Event]:
        if fault.name == self._impossible:
            raise Unsupported("there is no cable")
        self.done.append(fault.name)
        event = Event(fault.name, fault.kind, fault.nodes, fault.instances, time.monotonic(), fired=1.0)
        self.record.events.append(event)
        try:
            yield event
        finally:
            self.done.append(f"heal {fault.name}")

    def recover(self, settle: float) -> None:
        self.done.append("whole?")
        self.record.whole = self._whole

    def insist(self, node: str) -> None:
        self.done.append(f"insist {node}")

    def write_bulk(self) -> None:
        self.done.append("bulk")

    def keep_recent(self) -> None:
        self.done.append("keep")

    def power_was_cut(self, node: str) -> object:
        return SimpleNamespace(fired=not self.cut.is_set(), observed=f"{node} was dark")

    def power_off(self, node: str) -> object: ...

    def power_on(self, node: str) -> None: ...

    def call(self, work: Coroutine[Any, Any, Any]) -> None:
        self.done.append("locks")
        work.close()
