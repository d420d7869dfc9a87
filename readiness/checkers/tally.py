"""Counts what is wrong: how often, when first and last, through which endpoint; what binds the store, what not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from readiness.checkers.render import joined, render, tallied
from readiness.finding import Finding, proved_by, refuted, unknown
from readiness.grounds import Doubt, DoubtKind, Summary, Violation


@dataclass(slots=True)
class _Wrong:
    times: int = 0
    outside: int = 0
    first: float = 0.0
    last: float = 0.0
    endpoints: Counter[str] = field(default_factory=Counter)
    earliest: Violation | None = None


class Tally:
    """The wrong answers, counted by the measured values that `measures` names.

    An answer of an instance that was not in service is counted apart and refutes nothing.
    """

    def __init__(self, *measures: str) -> None:
        self._wrong = {measure: _Wrong() for measure in measures}
        self.measured: dict[str, float | int | str | bool | None] = {}

    def add(self, violation: Violation) -> None:
        """Notes a wrong answer."""
        op, wrong = violation.answer, self._wrong[violation.measure]
        if not op.in_service:
            wrong.outside += 1
            return
        if not wrong.times or op.completed < wrong.first:
            wrong.first, wrong.earliest = op.completed, violation
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

    def finding(self, right: Summary, observations: int, doubts: Sequence[Doubt] = ()) -> Finding:
        """REFUTED if anything is wrong; else UNKNOWN with doubts or no observations; else PROVED: `right`."""
        self._report()
        wrong = [(each.earliest, each) for each in self._wrong.values() if each.earliest is not None]
        if wrong:
            return refuted(
                "; ".join(
                    tallied(found, each.times, (each.first, each.last), each.endpoints.most_common())
                    for found, each in wrong
                ),
                observations=max(observations, 1),
                witness=wrong[0][0].operations,
                measured=self.measured,
                grounds=[found for found, _ in wrong],
            )
        if observations <= 0 and not doubts:
            doubts = [Doubt(DoubtKind.NOTHING_OBSERVED)]
        if doubts:
            return unknown(joined(doubts), observations=observations, measured=self.measured, grounds=doubts)
        return proved_by(render(right), observations, self.measured, (right,))
