"""The search: is there an order of one object's acts that explains them all?

Wing and Gong's search with Lowe's memo and just-in-time order. It walks the returns in time order. A node is
(return, state, which pending acts have already happened). While the act that returns has not happened, one
pending effect is made to happen, and every choice is tried, most promising first. What keeps it small:

- *Observations never wait.* One that the state satisfies is marked as happened at once: it changes nothing,
  so this costs no choice.
- *Unused is better than used.* Of two nodes with the same return, state and definite effects done, the one
  with more observations done and fewer unknown effects used can do all that the other can; if it failed, the
  other is not tried.
- *Equal unknowns are used in call order.* The earlier one can do whatever the later one can.
- *Bodies that nobody names any more are one body*: no act that is yet to return can tell them apart.
- *Unknown effects of no more use are not tried*: one that puts such a body when no refused condition (412) is
  yet to return (only "it holds something (else)" could need it); a delete when no 404 and no create is. An
  unknown compare-and-set or create counts as never returned. To get rid of what the register holds is never
  the use: no act needs "it does not hold this" alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from readiness.checkers.register import Act
from readiness.checkers.steps import Effect, Names, prepare


@dataclass(frozen=True, slots=True)
class SearchResult:
    """`ordered`: True there is an order, False there is none, None the budget ended first.

    `states` counts the nodes kept in memory. If there is none, `until` is the return time that no order
    reaches: what completed later is not needed to see the violation.
    """

    ordered: bool | None
    states: int
    until: float = 0.0
    capped: str = ""


class _Walk:
    """One search: where it stands, what it has tried, and where it can go back to."""

    def __init__(self, acts: Sequence[Act], initial: str | None) -> None:
        self.names = Names.of(acts)
        self.steps, self.unknowns = prepare(acts, self.names)
        self.at = self.done = self.satisfied = self.used = 0
        self.state = self.names.body(initial)
        self.furthest = self.nodes = 0
        self._memo: dict[tuple[int, str | None, int], list[tuple[int, int]]] = {}
        self._stack: list[tuple[int, str | None, int, int, int, list[Effect], int]] = []

    def advance(self) -> bool:
        """Passes every return that needs no choice. True when all have returned: there is an order."""
        while self.at < len(self.steps):
            step = self.steps[self.at]
            self.satisfied |= step.satisfied(self.state)
            if not step.bit & (self.done | self.satisfied):
                self.furthest = max(self.furthest, self.at)
                return False
            self.done &= ~step.bit
            self.satisfied &= ~step.bit
            self.at += 1
        return True

    def mark(self) -> None:
        """Keeps this node to be tried, unless one at least as free was tried before."""
        self.state = self.names.body(self.state, self.steps[self.at].until)
        kept = self._memo.setdefault((self.at, self.state, self.done), [])
        for satisfied, used in kept:
            if satisfied & self.satisfied == self.satisfied and used & self.used == used:
                return
        kept.append((self.satisfied, self.used))
        self.nodes += 1
        choices = self.steps[self.at].choices(self.unknowns)
        self._stack.append((self.at, self.state, self.done, self.satisfied, self.used, choices, 0))

    def choose(self) -> bool:
        """Makes the next untried effect happen, in the latest node that has one. False when there is none left."""
        while self._stack:
            self.at, self.state, self.done, self.satisfied, self.used, choices, start = self._stack.pop()
            for index in range(start, len(choices)):
                effect = choices[index]
                if effect.bit & (self.done if effect.definite else self.used) or effect.before & ~self.used:
                    continue
                possible, after = effect.after(self.state)
                if not possible or (not effect.definite and after == self.state):
                    continue
                self._stack.append(
                    (self.at, self.state, self.done, self.satisfied, self.used, choices, index + 1)
                )
                self.state = after
                if effect.definite:
                    self.done |= effect.bit
                else:
                    self.used |= effect.bit
                return True
        return False


def search(
    acts: Sequence[Act],
    initial: str | None = None,
    *,
    states: int = 400_000,
    deadline: float | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> SearchResult:
    """Looks for an order that explains `acts` (in call order) from `initial` on; gives up at the caps."""
    walk = _Walk(acts, initial)
    rounds = 0
    while not walk.advance():
        walk.mark()
        rounds += 1
        if walk.nodes > states:
            return SearchResult(None, walk.nodes, capped="memory")
        if deadline is not None and rounds % 256 == 0 and clock() > deadline:
            return SearchResult(None, walk.nodes, capped="time")
        if not walk.choose():
            return SearchResult(False, walk.nodes, until=walk.steps[walk.furthest].until)
    return SearchResult(True, walk.nodes)
