"""How long an endpoint gave no answer, compared with the promise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from readiness.checkers.guard import guarded
from readiness.checkers.outage import check_outage
from readiness.evidence.scenario import SETTLE, ScenarioRecord
from readiness.evidence.seen import Promises
from readiness.finding import Finding, Measured, merge, proved, refuted, unknown
from readiness.history import Op
from readiness.topology import FaultKind

PROBE_STREAM_INTERVAL = 0.4
MINIMUM_PROBES = 5


def outage(record: ScenarioRecord, promises: Promises) -> Finding:
    """Every endpoint that had to serve was without answers no longer than the RTO; a restarted one was back
    within it.
    """
    parts = []
    if record.endpoints_through:
        parts.append(longest_outage(record, promises, lambda _op: True))
    elif record.kind is not FaultKind.RESTART:
        parts.append(refuted("no endpoint is left to serve while the node is away"))
    if record.kind is FaultKind.RESTART:
        parts += _back(record, promises.rto[FaultKind.RESTART]) or _never_away(record, promises)
    return merge(parts) if parts else unknown("no endpoint was asked")


def longest_outage(record: ScenarioRecord, promises: Promises, wanted: Callable[[Op], bool]) -> Finding:
    """How long the wanted probes of each endpoint that had to serve were not answered in the time promised, against the
    RTO in seconds.
    """
    assert record.kind is not None
    probes = [op for op in record.of("probe") if wanted(op)]
    return within(promises, record.kind, probes, record.endpoints_through, probed(record))


def probed(record: ScenarioRecord) -> tuple[float, float]:
    """The time in which probes are due, on the run's clock: the load ends some time after the candidate is whole for
    the last time.
    """
    whole = max(event.whole or event.healed or record.ended for event in record.events)
    return record.events[0].injecting, min(record.ended, whole + SETTLE / 2)


def within(
    promises: Promises,
    kind: FaultKind,
    probes: Sequence[Op],
    endpoints: Sequence[str],
    during: tuple[float, float],
) -> Finding:
    """Whether each of these endpoints answered in that time as is promised for a fault of that kind."""
    return guarded(
        check_outage,
        probes,
        endpoints=endpoints,
        rto_seconds=promises.rto[kind],
        response_seconds=promises.response_seconds,
        during=during,
        minimum_probes=MINIMUM_PROBES,
        interval_seconds=PROBE_STREAM_INTERVAL,
    )


def over(parts: Sequence[Finding]) -> Finding:
    """One finding of findings of `within` over several times: of each endpoint the longest outage, whose upper bound is
    None if that of any was not observed, and the least share of answered probes; counts are added up.
    """
    return replace(merge(parts), measured=_over(parts))


def _over(parts: Sequence[Finding]) -> Measured:
    values: dict[str, list[float | None]] = {}
    for part in parts:
        for name, value in part.measured.items():
            if value is None or isinstance(value, int | float):
                values.setdefault(name, []).append(value)
    return {name: _together(name, each) for name, each in values.items()}


def _together(name: str, values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    if name.startswith("available_"):
        return min(known, default=None)
    if name == "rto_seconds" or name.startswith("outage_"):
        return max(known) if len(known) == len(values) else None
    return sum(known)


def _never_away(record: ScenarioRecord, promises: Promises) -> list[Finding]:
    """What was restarted answers no client (a monitor, a member of etcd), or was back before anybody looked: endpoints
    that might have been away had to serve, since none was seen to be.
    """
    probes = record.of("probe")
    others = sorted({op.endpoint for op in probes} - set(record.endpoints_through))
    return [within(promises, FaultKind.RESTART, probes, others, probed(record))] if others else []


def _back(record: ScenarioRecord, seconds: float) -> list[Finding]:
    """How soon each endpoint that was seen away was back."""
    event = record.events[0]
    away = {op.endpoint for op in record.of("probe") if not op.in_service and op.invoked >= event.injecting}
    parts = []
    for endpoint in sorted(away):
        good = [
            op.completed
            for op in record.of("probe")
            if op.endpoint == endpoint and op.in_service and op.ok and op.invoked > event.injecting
        ]
        asked_until = max(op.invoked for op in record.of("probe") if op.endpoint == endpoint)
        if not good and asked_until - event.injecting < seconds:
            parts.append(unknown(f"{endpoint} was not asked for the whole {seconds:g} s promised"))
            continue
        took = min(good) - event.injecting if good else None
        measured = {f"back_{endpoint}": round(took, 3) if took else None}
        if took is None or took > seconds:
            when = "never back" if took is None else f"back after {took:.2f} s"
            parts.append(refuted(f"{endpoint} was {when}, {seconds:g} s promised", measured=measured))
        else:
            parts.append(proved(f"{endpoint} back after {took:.2f} s", len(good), **measured))
    return parts
