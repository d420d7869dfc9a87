"""Phase 0: Candidate Static Gate. What the contract says, held against the candidate; and the plan's stop
conditions.
"""

from __future__ import annotations

import pytest

from fixtures.judge import Judge
from readiness.plugin.live import Live
from readiness.static import contract, stops

pytestmark = [pytest.mark.phase0, pytest.mark.order(0)]


@pytest.mark.criterion("P0.1")
def test_endpoint_shape_and_audience(live: Live, judge: Judge) -> None:
    judge(contract.endpoint_shape(live))


@pytest.mark.criterion("P0.2")
def test_credential_source_and_rotation_owner(live: Live, judge: Judge) -> None:
    judge(contract.credentials(live))


@pytest.mark.criterion("P0.3")
def test_versioning_retention_backup_or_restore(live: Live, judge: Judge) -> None:
    judge(contract.durability(live))


@pytest.mark.criterion("P0.4")
def test_failure_behaviour_in_numbers(live: Live, judge: Judge) -> None:
    judge(contract.failure_behaviour(live))


@pytest.mark.criterion("P0.5")
def test_observability_and_alert_surface(live: Live, judge: Judge) -> None:
    judge(contract.observability(live))


@pytest.mark.criterion("P0.6")
def test_caches_do_not_use_the_state_bucket(live: Live, judge: Judge) -> None:
    judge(contract.cache_statement(live))


@pytest.mark.criterion("P0.7")
def test_candidate_class_is_admissible(live: Live, judge: Judge) -> None:
    judge(contract.candidate_class(live))


@pytest.mark.criterion("S.1")
def test_stop_fewer_than_two_independent_endpoints(live: Live, judge: Judge) -> None:
    judge(stops.independent_endpoints(live))


@pytest.mark.criterion("S.2")
def test_stop_single_bumble_scoped_volume(live: Live, judge: Judge) -> None:
    judge(stops.volumes(live))


@pytest.mark.criterion("S.3")
def test_stop_nothing_documented(live: Live, judge: Judge) -> None:
    judge(stops.documented(live))


@pytest.mark.criterion("S.4")
def test_stop_divergence_without_response(live: Live, judge: Judge) -> None:
    judge(stops.divergence_response(live))


@pytest.mark.criterion("S.5")
def test_stop_proof_depends_on_caches(live: Live, judge: Judge) -> None:
    judge(stops.without_caches(live))
