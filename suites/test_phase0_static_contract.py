"""Phase 0: Candidate Static Gate. What the contract says, held against the candidate; and the plan's stop
conditions.
"""

from __future__ import annotations

import pytest

from fixtures.judge import Prove
from readiness.load.rig import Rig
from readiness.plugin.session import Session
from readiness.static import contract, divergence, stops

pytestmark = [pytest.mark.phase0, pytest.mark.order(0)]


@pytest.mark.criterion("P0.1")
def test_endpoint_shape_and_audience(prove: Prove) -> None:
    prove(contract.endpoint_shape)


@pytest.mark.criterion("P0.2")
def test_credential_source_and_rotation_owner(prove: Prove) -> None:
    prove(contract.credentials)


@pytest.mark.criterion("P0.3")
def test_versioning_retention_backup_or_restore(prove: Prove, rig: Rig) -> None:
    prove(contract.durability, rig)


@pytest.mark.criterion("P0.4")
def test_failure_behaviour_in_numbers(prove: Prove) -> None:
    prove(contract.failure_behaviour)


@pytest.mark.criterion("P0.5")
def test_observability_and_alert_surface(prove: Prove) -> None:
    prove(contract.observability)


@pytest.mark.criterion("P0.6")
def test_caches_do_not_use_the_state_bucket(prove: Prove) -> None:
    prove(contract.cache_statement)


@pytest.mark.criterion("P0.7")
def test_candidate_class_is_admissible(prove: Prove) -> None:
    prove(contract.candidate_class)


@pytest.mark.criterion("S.1")
def test_stop_fewer_than_two_independent_endpoints(
    prove: Prove, rig: Rig, candidate_session: Session
) -> None:
    prove(stops.independent_endpoints, rig, candidate_session.need_faults)


@pytest.mark.criterion("S.2")
def test_stop_single_bumble_scoped_volume(prove: Prove, rig: Rig, candidate_session: Session) -> None:
    prove(stops.volumes, rig, candidate_session.need_faults)


@pytest.mark.criterion("S.3")
def test_stop_nothing_documented(prove: Prove, rig: Rig) -> None:
    prove(contract.durability, rig)


@pytest.mark.criterion("S.4")
def test_stop_divergence_without_response(prove: Prove, rig: Rig, candidate_session: Session) -> None:
    prove(divergence.divergence_response, rig, candidate_session.need_faults)


@pytest.mark.criterion("S.5")
def test_stop_proof_depends_on_caches(prove: Prove, rig: Rig, candidate_session: Session) -> None:
    prove(stops.without_caches, rig, candidate_session.need_faults)
