"""The verdict at each level. Pure: from what is published of a store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from readiness.evidence.models import ALL_LEVELS, Level
from readiness.finding import WORST_FIRST, State
from readiness.report.published.model import Criterion, Published


@dataclass(frozen=True)
class LevelVerdict:
    """What the criteria of one level add up to. `ready`: all of them are PROVED, but for those not promised."""

    level: Level
    ready: bool
    words: str


def by_level(store: Published) -> list[LevelVerdict]:
    """One for each level; empty for a page of a suite that had no levels."""
    if any(row.level is None for row in store.criteria):
        return []
    return [_of(level, [row for row in store.criteria if row.level == level]) for level in ALL_LEVELS]


def _of(level: Level, criteria: Sequence[Criterion]) -> LevelVerdict:
    asked = [row for row in criteria if row.not_promised is None]
    counted = Counter(row.state for row in asked)
    ready = bool(asked) and counted[State.PROVED] == len(asked)
    counts = [f"{counted[state]} {state}" for state in WORST_FIRST if counted[state]]
    if missing := len(criteria) - len(asked):
        counts.append(f"{missing} not promised")
    listed = all(row.expected_red or row.declared_not_run for row in asked if row.state is not State.PROVED)
    word = "READY" if ready else "NOT READY, as listed" if asked and listed else "NOT READY"
    return LevelVerdict(level, ready, f"{word}: {', '.join(counts) or 'nothing was judged'}")
