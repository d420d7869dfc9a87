"""How long was an endpoint not available? Bounds from probes at fixed times, never a point.

A probe stream is one endpoint, verb and kind of connection. Each probe tells one thing: whether a request
*sent at that time* was answered within the response time. A window is a longest run of failed probes, in the
order they were sent:

- it lasted **at least** from the sending of its first failed probe to the sending of its last: at both a
  client got no answer;
- it lasted **at most** from the sending of the last probe before that was answered, to the answer of the
  first one after.

The truth is between; nobody looked in the gaps. A wrong answer (404 for an object that exists) is an answer:
other checkers refute it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from readiness.checkers.render import joined, render
from readiness.finding import Finding, proved_by, refuted, unknown
from readiness.grounds import Doubt, DoubtKind, Summary, SummaryKind, Violation, ViolationKind, Window
from readiness.history import Op

Stream = tuple[str, str, str]
"""Endpoint, verb, kind of connection."""

RIGHT_OR_WRONG = (404, 412)
"""Statuses over 399 that are answers, not errors."""


def answered(op: Op, response_seconds: float) -> bool:
    """The probe was answered in time, and not with an error."""
    right = op.status is None or op.status < 400 or op.status in RIGHT_OR_WRONG
    return op.ok and right and op.completed - op.invoked <= response_seconds


def streams(history: Iterable[Op]) -> dict[Stream, list[Op]]:
    """The probes of each stream, in the order they were sent."""
    found: dict[Stream, list[Op]] = {}
    for op in sorted(history, key=lambda op: (op.invoked, op.index)):
        if op.workload == "probe":
            found.setdefault((op.endpoint, str(op.verb), op.connection), []).append(op)
    return found


def outage_windows(history: Sequence[Op], endpoint: str, *, response_seconds: float) -> list[Window]:
    """The windows of every stream of `endpoint`, in the order they began.

    A probe of an instance that was not in service says nothing; it ends a window at its sending, because
    nobody may be sent there from then on.
    """
    found = [
        window
        for stream, probes in streams(history).items()
        if stream[0] == endpoint
        for window in _windows(stream, probes, response_seconds)
    ]
    return sorted(found, key=lambda window: window.at_least)


def _windows(stream: Stream, probes: Sequence[Op], response_seconds: float) -> Iterable[Window]:
    """The windows of one stream."""
    failed: list[Op] = []
    begin: float | None = None
    for op in probes:
        if op.in_service and not answered(op, response_seconds):
            failed.append(op)
            continue
        if failed:
            end = op.completed if op.in_service else op.invoked
            yield _window(stream, failed, begin, end, closed=True)
            failed = []
        begin = op.invoked
    if failed:
        yield _window(stream, failed, begin, max(op.completed for op in probes), closed=False)


def _window(stream: Stream, failed: Sequence[Op], begin: float | None, end: float, *, closed: bool) -> Window:
    first, last = failed[0], failed[-1]
    return Window(
        *stream,
        at_least=(first.invoked, last.invoked),
        at_most=(first.invoked if begin is None else begin, end),
        failures=len(failed),
        opened=begin is not None,
        closed=closed,
        first=first,
        last=last,
    )


def check_outage(
    history: Sequence[Op],
    *,
    endpoints: Sequence[str],
    rto_seconds: float,
    during: tuple[float, float],
    minimum_probes: int,
    response_seconds: float,
    interval_seconds: float = 0.1,
) -> Finding:
    """Whether no stream of `endpoints` was without answers longer than `rto_seconds` at a time, `during` the
    fault.

    REFUTED only if some window *at least* lasted longer: no gap between probes can excuse it. PROVED only if
    all *at most* lasted no longer. In between, or if a window's begin or end was not observed, UNKNOWN: it
    cannot be told. UNKNOWN also if a stream stopped (a gap of more than five intervals, or fewer than
    `minimum_probes` in service): a client that did not ask has seen no outage. Windows count one by one;
    `available_...` tells the share of probes answered, whatever their order.
    """
    found = streams(history)
    kinds = sorted({(verb, connection) for _, verb, connection in found})
    start, end = during
    measured: dict[str, float | int | str | bool | None] = {}
    doubts: list[Doubt] = []
    windows: list[Window] = []
    probes = 0
    for endpoint in endpoints:
        asked = good = 0
        for verb, connection in kinds:
            stream = (endpoint, verb, connection)
            every = found.get(stream, [])
            inside = [op for op in every if start <= op.invoked <= end]
            serving = [op for op in inside if op.in_service]
            asked += len(serving)
            good += sum(answered(op, response_seconds) for op in serving)
            doubts += _stopped(stream, inside, len(serving), minimum_probes, during, 5 * interval_seconds)
            seen = [
                window
                for window in _windows(stream, every, response_seconds)
                if window.at_least[1] >= start and window.at_least[0] <= end
            ]
            windows += seen
            _measure(measured, stream, seen)
        measured[f"available_{endpoint}"] = round(good / asked, 4) if asked else None
        probes += asked
    measured |= {"probes": probes, "windows": len(windows), "rto_seconds": rto_seconds}
    return _judged(windows, rto_seconds, doubts, probes, measured)


def _judged(
    windows: list[Window],
    rto_seconds: float,
    doubts: list[Doubt],
    probes: int,
    measured: dict[str, float | int | str | bool | None],
) -> Finding:
    worst = max(windows, key=lambda window: window.lower, default=None)
    if worst is not None and worst.lower > rto_seconds:
        too_long = Violation(
            ViolationKind.OUTAGE, worst.first, others=(worst.last,), window=worst, limit=rto_seconds
        )
        return refuted(
            render(too_long),
            observations=probes,
            witness=(worst.first, worst.last),
            measured=measured,
            grounds=[too_long],
        )
    doubts = [
        *doubts,
        *(
            Doubt(DoubtKind.OUTAGE_BETWEEN_BOUNDS, needed=rto_seconds, window=window)
            for window in windows
            if window.upper > rto_seconds
        ),
    ]
    if not doubts and not probes:
        doubts = [Doubt(DoubtKind.NO_PROBE)]
    if doubts:
        return unknown(joined(doubts, most=3), observations=probes, measured=measured, grounds=doubts)
    right = Summary(SummaryKind.NO_OUTAGE, (probes,))
    if windows:
        longest = max(window.upper for window in windows)
        right = Summary(SummaryKind.SHORT_OUTAGES, (probes, longest, rto_seconds))
    return proved_by(render(right), probes, measured, (right,))


def _stopped(
    stream: Stream,
    inside: Sequence[Op],
    serving: int,
    minimum: int,
    during: tuple[float, float],
    longest: float,
) -> list[Doubt]:
    """Why the probes of a stream do not suffice."""
    name = " ".join(each for each in stream if each)
    if serving < max(minimum, 1):
        return [Doubt(DoubtKind.FEW_PROBES, name, counted=serving, needed=max(minimum, 1))]
    times = [during[0], *(op.invoked for op in inside), during[1]]
    gap, since = max((later - earlier, earlier) for earlier, later in pairwise(times))
    return [Doubt(DoubtKind.PROBES_STOPPED, name, seconds=(gap, since))] if gap > longest else []


def _measure(
    measured: dict[str, float | int | str | bool | None], stream: Stream, windows: Sequence[Window]
) -> None:
    """The bounds of the stream's worst window, 0 if there is none; the upper one is None if it was not observed."""
    name = "_".join(each for each in stream if each)
    worst = max(windows, key=lambda window: (window.upper, window.lower), default=None)
    upper = worst.upper if worst else 0.0
    measured[f"outage_{name}_at_least_s"] = round(max((w.lower for w in windows), default=0.0), 3)
    measured[f"outage_{name}_at_most_s"] = round(upper, 3) if upper != float("inf") else None
