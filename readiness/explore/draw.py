"""Random segments: which faults, on what, in which order, how long, and which of them overlap."""

from __future__ import annotations

import random
from collections.abc import Collection
from dataclasses import dataclass

from readiness.evidence.seen import RTO
from readiness.explore.schedule import ALL, OF_ALL, OF_INSTANCES, Kind, Segment, Step, When
from readiness.topology import FaultKind, Topology

STEPS = (2, 5)
"""Fewest and most steps of a segment: a longer one is judged later, and is harder to shrink."""
WAITS = (When.WHOLE, When.HEALED, When.MEANWHILE)
WEIGHTS = (4, 3, 3)
SHORTEST, BEYOND = 0.2, 1.3
"""A fault is held for at least so many seconds, and at most for so many times its RTO."""
OF_KIND = {
    Kind.RESTART: FaultKind.RESTART,
    Kind.KILL: FaultKind.CRASH,
    Kind.DRAIN: FaultKind.DRAIN,
    Kind.CRASH: FaultKind.CRASH,
    Kind.ALL_KILLED: FaultKind.CRASH,
    Kind.POWER_CUT: FaultKind.POWER_CUT,
    Kind.ALL_POWER_CUT: FaultKind.POWER_CUT,
    Kind.FULL_DISK: FaultKind.FULL_DISK,
}
"""By whose RTO a kind is held; every other by that of silence."""


@dataclass(frozen=True)
class Draw:
    """Draws segments for a topology. `rto` holds seconds."""

    topology: Topology
    rto: RTO

    def segment(self, number: int, rng: random.Random, kinds: Collection[Kind]) -> Segment:
        """A random segment of these kinds of fault. Faults that may overlap hit different nodes."""
        steps: list[Step] = []
        busy: set[str] = set()
        for at in range(rng.randint(*STEPS)):
            when = rng.choices(WAITS, WEIGHTS)[0] if at else When.WHOLE
            kind = rng.choice(sorted(kinds))
            if when is When.MEANWHILE and kind in OF_ALL:
                when = When.HEALED
            if when is not When.MEANWHILE:
                busy = set()
            free = [node for node in self.topology.nodes if node not in busy]
            if not free:
                continue
            node = rng.choice(free)
            busy |= set(self.topology.nodes) if kind in OF_ALL else {node}
            steps.append(self._step(kind, node, when, rng))
        return Segment(number=number, steps=tuple(steps))

    def _step(self, kind: Kind, node: str, when: When, rng: random.Random) -> Step:
        target = node
        if kind in OF_ALL:
            target = ALL
        elif kind in OF_INSTANCES:
            target = rng.choice([instance.name for instance in self.topology.on(node)])
        longest = BEYOND * self.rto[OF_KIND.get(kind, FaultKind.SILENCE)]
        held = rng.uniform(SHORTEST, max(SHORTEST, longest))
        pause = rng.uniform(0.1, 1.5)
        return Step(kind=kind, target=target, when=when, pause=round(pause, 2), held=round(held, 2))
