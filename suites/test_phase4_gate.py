"""Phase 4: Implementation Gate. Green only if everything is PROVED, by direct evidence of this candidate."""

from __future__ import annotations

import pytest

from fixtures.judge import Judge, Prove
from readiness.gate import boundary, gate
from readiness.gate.gate import GateFindings
from readiness.load.rig import Rig
from readiness.plugin.session import Session

pytestmark = [pytest.mark.phase4, pytest.mark.order(4)]


@pytest.mark.criterion("B.1")
def test_state_bucket_is_no_cache(prove: Prove, rig: Rig) -> None:
    prove(boundary.no_cache_objects, rig)


@pytest.mark.criterion("B.2")
def test_nothing_contacted_a_cache_or_executor(prove: Prove, candidate_session: Session) -> None:
    prove(boundary.no_cache_contacts, candidate_session.tofu_peers)


@pytest.mark.criterion("S.6")
def test_stop_proof_is_only_indirect(found: GateFindings, judge: Judge) -> None:
    judge(gate.direct_evidence(found))


@pytest.mark.criterion("P4.1")
def test_every_criterion_is_proved(found: GateFindings, judge: Judge) -> None:
    judge(gate.all_proved(found))


@pytest.mark.criterion("P4.2")
def test_no_stop_condition_holds(found: GateFindings, judge: Judge) -> None:
    judge(gate.no_stop(found))


@pytest.mark.criterion("P4.3")
def test_evidence_is_complete_and_fresh(found: GateFindings, judge: Judge) -> None:
    judge(gate.evidence_complete(found))
