"""One judgement applied to many records: those that are spoiled, impossible or doubtful prove nothing, and say why."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from readiness.checkers.guard import guarded
from readiness.evidence.scenario import DOUBT, ScenarioRecord
from readiness.finding import Finding, State, impossible, merge, refuted, unknown

OfRecord = Callable[[ScenarioRecord], Finding]


def each(records: Iterable[ScenarioRecord], judgement: OfRecord) -> Finding:
    """The judgement over all records, each named in its reasons and measured values.

    A spoiled record is UNKNOWN. One whose fault the provider cannot do is NOT RUN with the reason.
    """
    return merge([_one(record, judgement) for record in records] or [unknown("no scenario was played")])


def each_of_all(records: Iterable[ScenarioRecord], *judgements: OfRecord) -> Finding:
    """Every judgement over all records."""
    return each(records, lambda record: merge(judge(record) for judge in judgements))


def needs(records: Sequence[ScenarioRecord], what: str, *judgements: OfRecord) -> Finding:
    """The judgements over all records; a candidate too small for the scenario is refuted: it cannot survive
    what it cannot undergo.
    """
    return (
        each_of_all(records, *judgements)
        if records
        else refuted(f"the candidate does not have the {what} that this needs")
    )


def bound(record: ScenarioRecord) -> ScenarioRecord:
    """The record with the answers that bind the store marked as such.

    The contract's readiness rule excuses what an instance answers that the fault was done to. Whoever had to serve
    through the fault is judged by every answer: calling itself not ready excuses none. Without a fault on any node that
    is every endpoint.
    """
    faulted = bool(record.nodes) or any(event.nodes for event in record.events)
    through = frozenset(record.endpoints_through)
    return replace(
        record,
        history=[
            op if op.in_service or (faulted and op.endpoint not in through) else replace(op, in_service=True)
            for op in record.history
        ],
    )


def _one(record: ScenarioRecord, judgement: OfRecord) -> Finding:
    if record.unsupported:
        why = f"{record.name}: {record.unsupported}"
        return impossible(why) if record.impossible else Finding(State.NOT_RUN, why)
    found = unknown(record.spoiled) if record.spoiled else guarded(judgement, bound(record))
    if doubt := record.notes.get(DOUBT):
        found = merge([found, unknown(doubt)])
    measured = {f"{record.name}: {name}": value for name, value in found.measured.items()}
    return replace(found, reason=f"{record.name}: {found.reason}", measured=measured)
