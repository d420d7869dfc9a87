"""One scenario in numbers, endpoint by endpoint: what was asked, how fast it was answered, the longest outage."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from readiness.checkers.outage import outage_windows
from readiness.evidence.scenario import ScenarioRecord
from readiness.grounds import Window
from readiness.history import Op, Outcome
from readiness.judges.outage import probed
from readiness.judges.records import bound


@dataclass(frozen=True)
class Lane:
    """One endpoint through one scenario, in numbers: the row of the table below the picture.

    `window` is the outage that may have lasted longest, None if there was none; some outage lasted at least `lower`
    seconds. Both are by the rule of P1.14. `back`: seconds from the first fault until an instance that was out of
    service answered again.
    """

    endpoint: str
    must_serve: bool
    counts: dict[str, int]
    median_ms: float | None
    p99_ms: float | None
    window: Window | None
    lower: float
    back: float | None

    @property
    def outage(self) -> str:
        """The longest outage with its bounds, in words."""
        if self.window is None:
            return "none"
        if self.window.upper == math.inf:
            unseen = "end" if self.window.opened else "begin"
            return f"at least {self.lower:.2f} s; its {unseen} was not observed"
        return f"{self.lower:.2f} to {self.window.upper:.2f} s"


def lanes(record: ScenarioRecord, response_seconds: float) -> list[Lane]:
    """Every endpoint that was asked, in the order of first use."""
    probes = bound(record).of("probe")
    made = []
    for endpoint, ops in by_endpoint(record.history).items():
        windows = _due(record, endpoint, outage_windows(probes, endpoint, response_seconds=response_seconds))
        worst = max(windows, key=lambda w: (w.upper, w.lower), default=None)
        took = sorted(op.completed - op.invoked for op in ops if op.ok and op.in_service)
        made.append(
            Lane(
                endpoint,
                endpoint in record.endpoints_through,
                {str(kind): sum(op.outcome is kind for op in ops) for kind in Outcome},
                median(took) * 1000 if took else None,
                took[max(0, math.ceil(len(took) * 0.99) - 1)] * 1000 if took else None,
                worst,
                max((window.lower for window in windows), default=0.0),
                _back(record, ops),
            )
        )
    return made


def _due(record: ScenarioRecord, endpoint: str, windows: Sequence[Window]) -> Sequence[Window]:
    """Those in which answers were due: of an endpoint that has to serve through a fault, what P1.14 judges."""
    if not record.events or endpoint not in record.endpoints_through:
        return windows
    begin, end = probed(record)
    return [each for each in windows if each.at_least[1] >= begin and each.at_least[0] <= end]


def _back(record: ScenarioRecord, ops: Sequence[Op]) -> float | None:
    """Seconds from the first fault to the first answer of an instance that was out of service meanwhile."""
    since = record.events[0].injecting if record.events else math.inf
    after = [op for op in ops if op.invoked >= since]
    if all(op.in_service for op in after):
        return None
    away = next(op.invoked for op in after if not op.in_service)
    served = (op.completed for op in after if op.in_service and op.ok and op.invoked > away)
    return min(served, default=math.inf) - since


def by_endpoint(history: Iterable[Op]) -> dict[str, list[Op]]:
    """The operations by the endpoint that was asked, the service last."""
    found: dict[str, list[Op]] = {}
    for op in history:
        if op.endpoint:
            found.setdefault(op.endpoint, []).append(op)
    return dict(sorted(found.items(), key=lambda each: (each[0] == "service", each[0])))
