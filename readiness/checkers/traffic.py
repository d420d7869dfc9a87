"""Was there enough traffic for a silence to mean something?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from readiness.checkers.render import joined, render
from readiness.finding import Finding, proved_by, unknown
from readiness.grounds import Doubt, DoubtKind, Summary, SummaryKind
from readiness.history import Op


def check_enough(
    history: Sequence[Op],
    windows: Mapping[str, tuple[float, float]],
    minimum: int,
    *,
    endpoints: Mapping[str, Collection[str]] | None = None,
) -> Finding:
    """Whether each window has at least `minimum` definite answers through each endpoint in service.

    An answer belongs to the window in which it was both asked and given. `endpoints` names the endpoints that
    must have traffic in a window; for windows that it does not name, those are all endpoints asked while in
    service. Never REFUTED: it says nothing of the store.
    """
    measured: dict[str, float | int | str | bool | None] = {}
    short: list[Doubt] = []
    total, needed = 0, max(minimum, 1)
    for window, (start, end) in windows.items():
        inside = [op for op in history if op.in_service and start <= op.invoked <= end]
        answers = Counter(op.endpoint for op in inside if op.ok and op.completed <= end)
        due = sorted((endpoints or {}).get(window) or {op.endpoint for op in inside})
        if not due:
            short.append(Doubt(DoubtKind.NO_TRAFFIC, window, needed=needed))
        for endpoint in due:
            measured[f"{window}_through_{endpoint}"] = answers[endpoint]
            total += answers[endpoint]
            if answers[endpoint] < needed:
                few = Doubt(
                    DoubtKind.LITTLE_TRAFFIC, window, endpoint, counted=answers[endpoint], needed=needed
                )
                short.append(few)
    if not windows:
        short = [Doubt(DoubtKind.NO_WINDOW)]
    if short:
        return unknown(joined(short), observations=total, measured=measured, grounds=short)
    right = Summary(SummaryKind.TRAFFIC, (total, len(windows)))
    return proved_by(render(right), total, measured, (right,))
