"""One object's acts, laid out for the search: a step for each return, with what is pending just before it."""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass

from readiness.checkers.register import Act, Kind

OTHER = "\0other"
"""Stands for every body that no observation and no condition names."""


@dataclass(frozen=True, slots=True)
class Effect:
    """An effect as the search uses it: a bit among those pending (definite) or among all unknown ones."""

    bit: int
    kind: Kind
    value: str | None
    expected: str | None
    need: float
    """The last time its body must be there: effects needed longer should come later."""
    definite: bool
    useful: float = math.inf
    """No act that returns later can need an unknown effect."""
    before: int = 0
    """Bit of the equal unknown effect that was called before it."""

    def after(self, state: str | None) -> tuple[bool, str | None]:
        if self.kind is Kind.CREATE:
            return state is None, self.value
        if self.kind is Kind.CAS:
            return state == self.expected, self.value
        return True, self.value


@dataclass(slots=True)
class RegisterStep:
    """One return: the act that returns, and what is pending just before it."""

    until: float
    bit: int
    sees: str | None
    seen: dict[str, int]
    absent: int
    present: int
    differs: tuple[tuple[str | None, int], ...]
    pending: tuple[Effect, ...]
    unknowns: int
    order: list[Effect] | None = None

    def satisfied(self, state: str | None) -> int:
        """The pending observations that `state` satisfies."""
        mask = self.absent if state is None else self.present | self.seen.get(state, 0)
        for expected, bit in self.differs:
            if expected != state:
                mask |= bit
        return mask

    def choices(self, unknowns: Sequence[Effect]) -> list[Effect]:
        """Pending effects, the shortest needed first; unknown ones last, except one that puts the body seen."""
        if self.order is None:
            open_ = [u for u in unknowns[: self.unknowns] if u.useful >= self.until]
            first = [*self.pending, *(u for u in open_ if self.sees is not None and u.value == self.sees)]
            rest = [u for u in open_ if self.sees is None or u.value != self.sees]
            self.order = sorted(first, key=_need) + sorted(rest, key=_need)
        return self.order


def _need(effect: Effect) -> float:
    return effect.need


@dataclass(frozen=True, slots=True)
class Names:
    """Which acts can need what: for each body the last call and the last return of those that name it."""

    called: dict[str, float]
    returned: dict[str, float]
    refused: float
    """The last return of a condition that says only "it holds something (else)"."""
    empty: float
    """The last return of an act that needs, or can do with, an empty register."""

    @staticmethod
    def of(acts: Sequence[Act]) -> Names:
        """From acts in call order."""
        called: dict[str, float] = {}
        returned: dict[str, float] = {}
        for act in acts:
            for body in (act.value if act.kind is Kind.SEES else None, act.expected):
                if body is not None:
                    returned[body] = max(returned.get(body, 0.0), act.ret)
                    if act.kind is not Kind.DIFFERS:
                        called[body] = act.call
        return Names(
            called,
            returned,
            max((a.ret for a in acts if a.kind in (Kind.PRESENT, Kind.DIFFERS)), default=-1.0),
            max((a.ret for a in acts if a.kind in (Kind.ABSENT, Kind.CREATE, Kind.DIFFERS)), default=-1.0),
        )

    def effect(self, act: Act, bit: int, before: int = 0) -> Effect:
        """`act` as the search uses it."""
        if act.kind is Kind.DELETE:
            return Effect(bit, act.kind, None, None, act.call, act.definite, self.empty, before)
        body = self.body(act.value)
        need = self.called.get(body or "", act.call)
        useful = max(self.refused, self.returned.get(body or "", -1.0))
        return Effect(bit, act.kind, body, act.expected, need, act.definite, useful, before)

    def body(self, value: str | None, until: float = -1.0) -> str | None:
        """`value`, or OTHER if no act that returns at `until` or later names it."""
        return value if value is None or self.returned.get(value, -1.0) >= max(until, 0.0) else OTHER


def prepare(acts: Sequence[Act], names: Names) -> tuple[list[RegisterStep], list[Effect]]:
    """The steps in time order, and the unknown effects in call order, less those that nothing could need."""
    events: list[tuple[float, int, int]] = []
    for number, act in enumerate(acts):
        events.append((act.call, 0, number))
        if act.definite:
            events.append((act.ret, 1, number))
    events.sort()
    steps: list[RegisterStep] = []
    unknowns: list[Effect] = []
    equals: dict[tuple[Kind, str | None, str | None], int] = {}
    free: list[int] = []
    slots: dict[int, int] = {}
    effects: dict[int, Effect] = {}
    watching: dict[int, Act] = {}
    for moment, returns, number in events:
        act = acts[number]
        if returns:
            steps.append(_step(moment, act, 1 << slots[number], slots, effects, watching, len(unknowns)))
            heapq.heappush(free, slots.pop(number))
            effects.pop(number, None)
            watching.pop(number, None)
        elif act.definite:
            slot = slots[number] = heapq.heappop(free) if free else len(slots)
            if act.effect:
                effects[number] = names.effect(act, 1 << slot)
            else:
                watching[number] = act
        else:
            same = (act.kind, names.body(act.value), act.expected)
            effect = names.effect(act, 1 << len(unknowns), equals.get(same, 0))
            if effect.useful >= act.call:
                unknowns.append(effect)
                equals[same] = effect.bit
    return steps, unknowns


def _step(
    moment: float,
    act: Act,
    bit: int,
    slots: dict[int, int],
    effects: dict[int, Effect],
    watching: dict[int, Act],
    unknowns: int,
) -> RegisterStep:
    seen: dict[str, int] = {}
    absent = present = 0
    differs: list[tuple[str | None, int]] = []
    for number, watch in watching.items():
        mask = 1 << slots[number]
        if watch.kind is Kind.SEES:
            assert watch.value is not None
            seen[watch.value] = seen.get(watch.value, 0) | mask
        elif watch.kind is Kind.ABSENT:
            absent |= mask
        elif watch.kind is Kind.PRESENT:
            present |= mask
        else:
            differs.append((watch.expected, mask))
    return RegisterStep(
        until=moment,
        bit=bit,
        sees=act.value if act.kind is Kind.SEES else None,
        seen=seen,
        absent=absent,
        present=present,
        differs=tuple(differs),
        pending=tuple(effects.values()),
        unknowns=unknowns,
    )
