"""Counts what is wrong: how often, when first and last, through which endpoint; what binds the store, what not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from readiness.checkers.words import at
from readiness.finding import Finding, proved, refuted, unknown
from readiness.history import Op


@dataclass(slots=True)
class _Wrong:
    times: int = 0
    outside: int = 0
    first: float = 0.0
    last: float = 0.0
    endpoints: Counter[str] = field(default_factory=Counter)
    sentence: str = ""
    witness: tuple[Op, ...] = ()


class Tally:
    """The wrong answers of each kind (`kinds` maps a kind's name to the plain noun for one of it).

    An answer of an instance that was not in service is counted apart and refutes nothing.
    """

    def __init__(self, kinds: dict[str, str]) -> None:
        self._nouns = kinds
        self._wrong = {kind: _Wrong() for kind in kinds}
        self.measured: dict[str, float | int | str | bool | None] = {}

    def add(self, kind: str, op: Op, sentence: str, others: Iterable[Op] = ()) -> None:
        """Notes that `op` was answered wrongly; `others` are the operations that show it."""
        wrong = self._wrong[kind]
        if not op.in_service:
            wrong.outside += 1
            return
        if not wrong.times or op.completed < wrong.first:
            wrong.first, wrong.sentence = op.completed, sentence
            wrong.witness = tuple(sorted({*others, op}, key=lambda each: (each.invoked, each.index)))
        wrong.last = max(wrong.last, op.completed)
        wrong.times += 1
        wrong.endpoints[op.endpoint] += 1

    def _report(self) -> None:
        for kind, wrong in self._wrong.items():
            self.measured[kind] = wrong.times
            self.measured[f"{kind}_outside_service"] = wrong.outside
            if wrong.times:
                self.measured[f"{kind}_first_s"] = round(wrong.first, 3)
                self.measured[f"{kind}_last_s"] = round(wrong.last, 3)
                for endpoint, times in sorted(wrong.endpoints.items()):
                    self.measured[f"{kind}_through_{endpoint}"] = times

    def _told(self, kind: str, wrong: _Wrong) -> str:
        if wrong.times == 1:
            return f"{self._nouns[kind]}: {wrong.sentence}"
        through = ", ".join(
            f"{times} through {endpoint}" for endpoint, times in wrong.endpoints.most_common()
        )
        span = f"{at(wrong.first)} to {at(wrong.last)}"
        return f"{self._nouns[kind]}, {wrong.times} times ({span}; {through}); first: {wrong.sentence}"

    def finding(self, right: str, observations: int, doubts: Sequence[str] = ()) -> Finding:
        """REFUTED if anything is wrong; else UNKNOWN with doubts or no observations; else PROVED: `right`."""
        self._report()
        wrong = {kind: wrong for kind, wrong in self._wrong.items() if wrong.times}
        if wrong:
            return refuted(
                "; ".join(self._told(kind, each) for kind, each in wrong.items()),
                observations=max(observations, 1),
                witness=next(iter(wrong.values())).witness,
                measured=self.measured,
            )
        if doubts:
            return unknown("; ".join(doubts), observations=observations, measured=self.measured)
        if observations <= 0:
            return unknown("nothing was observed that could show it", measured=self.measured)
        return proved(right, observations, **self.measured)
