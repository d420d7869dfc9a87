"""Phase 4: Implementation Gate. Green only if everything is PROVED, by direct evidence of this candidate."""

from __future__ import annotations

import pytest

from fixtures.judge import Judge
from readiness.gate import boundary, gate
from readiness.plugin.live import Live

pytestmark = [pytest.mark.phase4, pytest.mark.order(4)]


@pytest.mark.criterion("B.1")
def test_state_bucket_is_no_cache(live: Live, judge: Judge) -> None:
    judge(boundary.no_cache_objects(live))


@pytest.mark.criterion("B.2")
def test_nothing_contacted_a_cache_or_executor(live: Live, judge: Judge) -> None:
    judge(boundary.no_cache_contacts(live))


@pytest.mark.criterion("S.6")
def test_stop_proof_is_only_indirect(live: Live, judge: Judge) -> None:
    judge(gate.direct_evidence(live.run))


@pytest.mark.criterion("P4.1")
def test_every_criterion_is_proved(live: Live, judge: Judge) -> None:
    judge(gate.all_proved(live.run))


@pytest.mark.criterion("P4.2")
def test_no_stop_condition_holds(live: Live, judge: Judge) -> None:
    judge(gate.no_stop(live.run))


@pytest.mark.criterion("P4.3")
def test_evidence_is_complete_and_fresh(live: Live, judge: Judge) -> None:
    judge(gate.evidence_complete(live.run))
