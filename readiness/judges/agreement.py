"""Do LIST, HEAD, GET, versions and both client libraries agree; has every race one winner?"""

from __future__ import annotations

from dataclasses import replace

from readiness.checkers.agreement import check_agreement
from readiness.checkers.guard import guarded
from readiness.checkers.index import check_listing
from readiness.checkers.races import check_one_winner
from readiness.evidence.scenario import ScenarioRecord
from readiness.finding import Finding, merge, refuted

MINIMUM_ROUNDS = 2


def agreement(record: ScenarioRecord) -> Finding:
    """LIST, HEAD, GET, versions and both libraries agree in every snapshot, and every LIST under load showed
    what was there.
    """
    return merge([guarded(check_agreement, record.history), guarded(check_listing, record.history)])


def winners(record: ScenarioRecord) -> Finding:
    """Every race had one winner; while a fault held there were enough races to tell."""
    parts = [guarded(check_one_winner, record.of("race"), minimum=MINIMUM_ROUNDS)]
    if record.fired is not None and record.endpoints_through:
        until = record.events[-1].healing or record.ended
        during = {op.key for op in record.of("race") if record.fired <= op.invoked <= until}
        held = [op for op in record.of("race") if op.key in during]
        found = guarded(check_one_winner, held, minimum=MINIMUM_ROUNDS)
        measured = {f"{name}_during_the_fault": value for name, value in found.measured.items()}
        parts.append(replace(found, measured=measured))
    elif record.fired is not None:
        parts.append(refuted("no endpoint is left to create anything while the node is away"))
    return merge(parts)
