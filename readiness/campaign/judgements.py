"""From records to findings: pure, and repeatable offline from the stored histories."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from readiness.campaign.record import DOUBT, NOT_WHOLE, Record
from readiness.campaign.stage import SETTLE
from readiness.checkers.agreement import check_agreement
from readiness.checkers.guard import guarded
from readiness.checkers.index import check_listing
from readiness.checkers.linearizability import check_linearizable
from readiness.checkers.losses import check_false_absent, check_nothing_lost, check_stale
from readiness.checkers.outage import check_outage
from readiness.checkers.races import check_mutual_exclusion, check_one_winner
from readiness.checkers.traffic import check_enough
from readiness.finding import Finding, State, merge, proved, refuted, unknown
from readiness.history import WRITES, Op, Verb
from readiness.providers.base import changing
from readiness.topology import FaultKind

PROBE_STREAM_INTERVAL = 0.4
MINIMUM_PROBES, MINIMUM_ROUNDS, MINIMUM_ANSWERS = 5, 2, 5
RTO = dict[FaultKind, float]


OPTIONAL = "unplug:"


def each(records: Iterable[Record], judgement: Callable[[Record], Finding]) -> Finding:
    """The judgement over all records, each named in its reasons and measured values.

    A record that is spoilt is UNKNOWN. One whose fault the provider cannot do is NOT RUN with the reason; an
    unplugged network is looked at where it can be done, and else left out.
    """
    parts: list[Finding] = []
    left_out: list[Finding] = []
    for record in records:
        if record.unsupported:
            found = Finding(State.NOT_RUN, f"{record.name}: {record.unsupported}")
            (left_out if record.name.startswith(OPTIONAL) else parts).append(found)
            continue
        found = unknown(record.spoiled) if record.spoiled else guarded(judgement, record)
        if doubt := record.notes.get(DOUBT):
            found = merge([found, unknown(doubt)])
        measured = {f"{record.name}: {name}": value for name, value in found.measured.items()}
        parts.append(replace(found, reason=f"{record.name}: {found.reason}", measured=measured))
    return merge(parts or left_out) if parts or left_out else unknown("no scenario was played")


def possible(records: Sequence[Record]) -> bool:
    """Whether the provider can do that kind of fault at all."""
    return any(record.unsupported is None for record in records)


def needs(records: Sequence[Record], what: str, judgement: Callable[[Record], Finding]) -> Finding:
    """The judgement over all records; a candidate too small for the scenario is refuted: it cannot survive
    what it cannot undergo.
    """
    return (
        each(records, judgement) if records else refuted(f"the candidate has not the {what} that this takes")
    )


def made_whole(record: Record) -> Finding:
    """The candidate was whole again after the fault."""
    if record.whole:
        return proved("whole again", 1)
    return refuted(record.notes.get(NOT_WHOLE, "not whole again after the fault was healed"))


def heads(record: Record, rto: RTO) -> Finding:
    """Bucket and object HEAD, with both libraries: through every endpoint that had to serve while the fault
    held (a restart: after it), and through every endpoint once the candidate is whole; none of them ever
    denied an object that exists.
    """
    if record.kind is not FaultKind.RESTART and not record.endpoints_through:
        return refuted("no endpoint is left to serve HEAD while the node is away")
    parts = [made_whole(record)]
    if record.kind is not FaultKind.RESTART:
        parts.append(_snapshot_heads(record, "during", record.endpoints_through))
        parts.append(_outage(record, rto, lambda op: op.verb is Verb.HEAD))
    if record.whole:
        parts.append(_snapshot_heads(record, "after", sorted({op.endpoint for op in record.of("bucket")})))
    head_only = [op for op in record.history if op.verb in WRITES or op.verb is Verb.HEAD]
    parts.append(guarded(check_false_absent, head_only))
    return merge(parts)


def _snapshot_heads(record: Record, label: str, endpoints: Sequence[str]) -> Finding:
    name = f"{label}:{record.name}"
    ops = [
        o
        for o in record.of("matrix", "bucket")
        if o.process == name and o.verb in (Verb.HEAD, Verb.HEAD_BUCKET)
    ]
    for endpoint in endpoints:
        here = [op for op in ops if op.endpoint == endpoint]
        if not here:
            return refuted(
                f"{endpoint} was not in service for HEAD {label} the fault",
                measured={f"heads {label}": len(ops)},
            )
        for op in here:
            if not op.ok or op.status != 200:
                what = f"HEAD {op.bucket}/{op.key}".rstrip("/")
                said = op.error or f"HTTP {op.status}"
                return refuted(
                    f"{what} through {endpoint} with {op.library} {label} the fault: {said}", witness=[op]
                )
    return proved(f"{len(ops)} HEADs {label} the fault", len(ops))


def outage(record: Record, rto: RTO) -> Finding:
    """Every endpoint that had to serve was without answers no longer than the RTO; a restarted one was back
    within it.
    """
    parts = []
    if record.endpoints_through:
        parts.append(_outage(record, rto, lambda _op: True))
    elif record.kind is not FaultKind.RESTART:
        parts.append(refuted("no endpoint is left to serve while the node is away"))
    if record.kind is FaultKind.RESTART:
        parts.append(_back(record, rto[FaultKind.RESTART]))
    return merge(parts)


def _outage(record: Record, rto: RTO, wanted: Callable[[Op], bool]) -> Finding:
    event = record.events[0]
    assert record.kind is not None
    end = min(record.ended, max(e.whole or e.healed or record.ended for e in record.events) + SETTLE / 2)
    return guarded(
        check_outage,
        # Whoever has to serve through the fault is judged by its answers: being called not ready excuses nothing.
        [replace(op, in_service=True) for op in record.of("probe") if wanted(op)],
        endpoints=record.endpoints_through,
        rto_seconds=rto[record.kind],
        during=(event.injecting, end),
        minimum_probes=MINIMUM_PROBES,
        interval_seconds=PROBE_STREAM_INTERVAL,
    )


def _back(record: Record, seconds: float) -> Finding:
    event = record.events[0]
    away = {op.endpoint for op in record.of("probe") if not op.in_service and op.invoked >= event.injecting}
    parts = []
    for endpoint in sorted(away):
        good = [
            op.completed
            for op in record.of("probe")
            if op.endpoint == endpoint and op.in_service and op.ok and op.invoked > event.injecting
        ]
        took = min(good) - event.injecting if good else None
        measured = {f"back_{endpoint}": round(took, 3) if took else None}
        if took is None or took > seconds:
            said = "never" if took is None else f"after {took:.2f} s"
            parts.append(refuted(f"{endpoint} was back {said}, {seconds:g} s promised", measured=measured))
        else:
            parts.append(proved(f"{endpoint} back after {took:.2f} s", len(good), **measured))
    return merge(parts) if parts else unknown("no endpoint was seen to go away")


def safety(record: Record) -> Finding:
    """Nothing acknowledged is lost, nothing deleted returns, every key is linearizable, every lock has one
    holder.
    """
    parts = [
        guarded(check_linearizable, record.history),
        _lost(record),
        guarded(check_false_absent, record.history),
        guarded(check_stale, record.history),
        _traffic(record),
    ]
    locks = guarded(check_mutual_exclusion, record.of("lock"))
    return merge([*parts, locks])


def denials(record: Record) -> Finding:
    """No endpoint in service denied an object that exists, or gave an old body."""
    return merge([guarded(check_false_absent, record.history), guarded(check_stale, record.history)])


def _lost(record: Record) -> Finding:
    """check_nothing_lost over groups of keys that were read back through the same endpoints."""
    final = record.of("final")
    read_by: dict[tuple[str, str], set[str]] = {}
    for op in final:
        if op.verb is Verb.READ:
            read_by.setdefault((op.bucket, op.key), set()).add(op.endpoint)
    groups: dict[frozenset[str], set[tuple[str, str]]] = {}
    for op in record.history:
        if op.acknowledged:
            at = (op.bucket, op.key)
            groups.setdefault(frozenset(read_by.get(at, ())), set()).add(at)
    if not groups:
        return unknown("no write was acknowledged")
    parts = []
    for endpoints, keys in groups.items():
        if not endpoints:
            parts.append(unknown(f"{len(keys)} objects with acknowledged writes were not read back"))
            continue
        history = [op for op in record.history if (op.bucket, op.key) in keys]
        reads = [op for op in final if (op.bucket, op.key) in keys]
        parts.append(guarded(check_nothing_lost, history, reads))
    return merge(parts)


def _traffic(record: Record) -> Finding:
    fired = record.fired
    if not record.events or fired is None:
        return guarded(
            check_enough, record.history, {"steady": (record.begun, record.ended)}, MINIMUM_ANSWERS
        )
    first, last = record.events[0], record.events[-1]
    windows = {"before": (record.begun, first.injecting)}
    due = {}
    held = (last.healing or fired) - fired
    if held > 1 and record.endpoints_through:
        windows["during"] = (fired, last.healing or fired)
        due["during"] = record.endpoints_through
    if record.whole:
        windows["after"] = (last.whole or last.healed or fired, record.ended)
    return guarded(check_enough, record.history, windows, MINIMUM_ANSWERS, endpoints=due)


def agreement(record: Record) -> Finding:
    """LIST, HEAD, GET, versions and both libraries agree in every snapshot, and every LIST under load showed
    what was there.
    """
    return merge([guarded(check_agreement, record.history), guarded(check_listing, record.history)])


def winners(record: Record) -> Finding:
    """Every race had one winner; while a fault held there were enough races to tell."""
    parts = [guarded(check_one_winner, record.of("race"), minimum=MINIMUM_ROUNDS)]
    if record.fired is not None and record.endpoints_through:
        until = record.events[-1].healing or record.ended
        during = {op.key for op in record.of("race") if record.fired <= op.invoked <= until}
        held = [op for op in record.of("race") if op.key in during]
        parts.append(guarded(check_one_winner, held, minimum=MINIMUM_ROUNDS))
    elif record.fired is not None:
        parts.append(refuted("no endpoint is left to create anything while the node is away"))
    return merge(parts)


def capture(record: Record) -> Finding:
    """The failure capture read, and changed nothing: only read verbs, the objects and their versions as
    before, no secret in it.
    """
    captured = record.captured
    if captured is None or not captured.texts:
        return unknown("no failure was captured")
    writes = changing(captured.calls)
    if writes:
        return refuted(f"failure capture did more than read: {'; '.join(writes[:5])}")
    if captured.before != captured.after:
        changed = sorted(set(captured.before) ^ set(captured.after))
        return refuted(f"objects changed during failure capture: {', '.join(changed[:5])}")
    if captured.secrets_found:
        return refuted(f"{captured.secrets_found} captured texts held a secret")
    reason = (
        f"{captured.texts} texts captured while the node was away; {len(captured.before)} objects as before"
    )
    return proved(reason, captured.texts + len(captured.before), calls=len(captured.calls))
