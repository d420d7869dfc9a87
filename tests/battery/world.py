"""What a lying store knows of itself: which of its nodes are away and how, and whatever its defect has to remember."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

FAULTS = {
    "kill": "crash",
    "freeze": "silence",
    "unplug": "silence",
    "drain": "drain",
    "restart": "restart",
    "power_off": "power cut",
    "isolate_from_peers": "split",
    "limp": "limp",
}
UNDONE = ("start_instance", "thaw", "plug", "restore", "power_on", "rejoin_peers", "unlimp")


@dataclass
class World:
    """Shared by all endpoints of one lying store. Times are `now()`."""

    nodes: tuple[str, ...]
    rng: random.Random
    down: dict[str, str] = field(default_factory=dict)
    lost: dict[str, float] = field(default_factory=dict)
    returned: dict[str, float] = field(default_factory=dict)
    how: dict[str, str] = field(default_factory=dict)
    repaired: set[str] = field(default_factory=set)
    full: set[str] = field(default_factory=set)
    upgraded: set[str] = field(default_factory=set)
    memory: dict[Any, Any] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)

    def now(self) -> float:
        """Seconds on this store's clock."""
        return time.monotonic()

    def note(self, verb: str, nodes: Sequence[str]) -> None:
        """A verb of the provider is about to be done (`restart` ends with a note of `start_instance`)."""
        for node in nodes:
            if verb in FAULTS:
                self.down[node] = self.how[node] = FAULTS[verb]
                self.lost[node] = self.now()
            elif verb in UNDONE and node in self.down:
                del self.down[node]
                self.returned[node] = self.now()
            elif verb == "repair":
                self.repaired.add(node)
            elif verb == "fill":
                self.full.add(node)
            elif verb == "free":
                self.full.discard(node)
            elif verb == "upgrade":
                self.upgraded.add(node)
            elif verb == "take_back":
                self.upgraded.discard(node)

    @property
    def two_versions(self) -> bool:
        """Some nodes run the second version, and some the first."""
        return 0 < len(self.upgraded) < len(self.nodes)

    def silent(self) -> bool:
        """Some node answers nothing at all."""
        return "silence" in self.down.values()

    def has(self, node: str | None, fault: str) -> bool:
        """That fault was done to that node, and not undone."""
        return node is not None and self.down.get(node) == fault

    def back_for(self, node: str | None) -> float | None:
        """Seconds since that node came back from a fault; None if it never was away, or is."""
        return (
            None
            if node is None or node in self.down or node not in self.returned
            else self.now() - self.returned[node]
        )

    def any_back_for(self) -> float | None:
        """Seconds since the last node came back."""
        return min((since for node in self.nodes if (since := self.back_for(node)) is not None), default=None)

    def after_loss(self, seconds: float) -> bool:
        """A node was lost less than that long ago."""
        return any(self.now() - when < seconds for when in self.lost.values())

    def every(self, name: str, times: int) -> bool:
        """True once in so many calls."""
        self.counts[name] += 1
        return self.counts[name] % times == 0
