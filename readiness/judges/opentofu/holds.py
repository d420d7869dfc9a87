"""When each client held the lock, as the provisioners of the applies noted it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class LockHold:
    """An interval (Unix time) that lies inside the time in which one client held the lock. Open at the end: `end`
    is `begin`."""

    member: str
    begin: float
    end: float


def holds(log: str) -> list[LockHold]:
    """The intervals in a hold log (stacks/disposable/main.tf). Raises ValueError if its times cannot be read."""
    begun: dict[str, float] = {}
    found = []
    for line in log.splitlines():
        match = re.fullmatch(r"(\S+) (begin|end) (\d+\.\d+)", line.strip())
        if not match:
            raise ValueError(f"not a line of a hold log: {line!r}")
        member, what, when = match[1], match[2], float(match[3])
        if what == "begin":
            if member in begun:
                found.append(LockHold(member, begun[member], begun[member]))
            begun[member] = when
        else:
            found.append(LockHold(member, begun.pop(member), when))
    found += [LockHold(member, when, when) for member, when in begun.items()]
    return sorted(found, key=lambda hold: hold.begin)


def overlap(intervals: Iterable[LockHold]) -> tuple[LockHold, LockHold] | None:
    """Two clients that held the lock at the same time, if any did."""
    furthest: LockHold | None = None
    for hold in sorted(intervals, key=lambda hold: hold.begin):
        if furthest is not None and hold.begin < furthest.end:
            return furthest, hold
        if furthest is None or hold.end > furthest.end:
            furthest = hold
    return None


def together(first: LockHold, second: LockHold) -> str:
    """Two holders at once, in words."""
    least = min(first.end, second.end) - second.begin
    return f"{first.member} and {second.member} held the lock at the same time, for at least {least:.3f} s"


def gaps(intervals: Iterable[LockHold]) -> list[float]:
    """Seconds between one holder and the next, for the report."""
    return [
        after.begin - before.end for before, after in pairwise(sorted(intervals, key=lambda hold: hold.begin))
    ]
