"""Was there enough traffic for a silence to mean something?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from readiness.checkers.words import count
from readiness.finding import Finding, Measured, proved, unknown
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
    short: list[str] = []
    total = 0
    for window, (start, end) in windows.items():
        inside = [op for op in history if op.in_service and start <= op.invoked <= end]
        answers = Counter(op.endpoint for op in inside if op.ok and op.completed <= end)
        due = sorted((endpoints or {}).get(window) or {op.endpoint for op in inside})
        if not due:
            short.append(f"nothing in {window}")
        for endpoint in due:
            measured[f"{window}_through_{endpoint}"] = answers[endpoint]
            total += answers[endpoint]
            if answers[endpoint] < max(minimum, 1):
                short.append(f"{answers[endpoint]} through {endpoint} in {window}")
    told: Measured = measured
    if not windows:
        return unknown("no window to judge")
    if short:
        reason = f"too little traffic, {max(minimum, 1)} answers needed: {'; '.join(short)}"
        return unknown(reason, observations=total, measured=told)
    return proved(f"{count(total, 'answer')} in {count(len(windows), 'window')}", total, **measured)
