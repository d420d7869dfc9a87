"""Phase 1: Scratch S3 Proof. Only scratch buckets of this run are written; no active stack points at the
candidate.
"""

from __future__ import annotations

import pytest

from fixtures.judge import Judge, Prove
from readiness.load.rig import Rig
from readiness.plugin.session import Session
from readiness.scratch import access, backups, completions, conditions, listings, objects, rotation, uploads

pytestmark = [pytest.mark.phase1, pytest.mark.order(1)]


# Before anything is done to the candidate.
@pytest.mark.criterion("P1.8")
def test_no_active_stack_points_at_the_candidate(candidate_session: Session, judge: Judge) -> None:
    judge(candidate_session.active_stacks)


@pytest.mark.criterion("P1.1")
def test_list_buckets(prove: Prove, rig: Rig) -> None:
    prove(objects.list_buckets, rig)


@pytest.mark.criterion("P1.2")
def test_head_bucket(prove: Prove, rig: Rig) -> None:
    prove(objects.head_bucket, rig)


@pytest.mark.criterion("P1.3")
def test_bounded_object_write_read_delete(prove: Prove, rig: Rig) -> None:
    prove(objects.objects, rig)


@pytest.mark.criterion("P1.4")
def test_head_after_one_pod_restart(prove: Prove) -> None:
    prove()


@pytest.mark.criterion("P1.5")
def test_head_through_node_maintenance(prove: Prove) -> None:
    prove()


@pytest.mark.criterion("P1.6")
def test_head_through_node_unavailability(prove: Prove) -> None:
    prove()


@pytest.mark.criterion("P1.7")
def test_failure_capture_is_non_destructive(prove: Prove) -> None:
    prove()


@pytest.mark.criterion("P1.9")
def test_index_and_clients_agree(prove: Prove, rig: Rig) -> None:
    prove(listings.pages, rig)


@pytest.mark.criterion("P1.10")
def test_read_after_write_across_endpoints(prove: Prove, rig: Rig) -> None:
    prove(objects.read_after_write, rig)


@pytest.mark.criterion("P1.11")
def test_conditional_create_has_one_winner(prove: Prove, rig: Rig) -> None:
    prove(conditions.create_races, rig)


@pytest.mark.criterion("P1.12")
def test_if_match_refuses_a_stale_etag(prove: Prove, rig: Rig) -> None:
    prove(conditions.if_match, rig)


@pytest.mark.criterion("P1.13")
def test_nothing_acknowledged_is_lost(prove: Prove) -> None:
    prove()


@pytest.mark.criterion("P1.14")
def test_outage_within_rto(prove: Prove) -> None:
    prove()


@pytest.mark.criterion("P1.15")
def test_versions_survive_and_can_be_restored(prove: Prove, rig: Rig) -> None:
    prove(backups.kept_or_backed_up, rig)


@pytest.mark.criterion("P1.16")
def test_wrong_credentials_are_refused(prove: Prove, rig: Rig) -> None:
    prove(access.credentials, rig)


@pytest.mark.criterion("P1.17")
def test_damaged_uploads_are_refused(prove: Prove, rig: Rig) -> None:
    prove(uploads.damaged_uploads, rig)


@pytest.mark.criterion("P1.18")
def test_rotation_without_an_outage(prove: Prove, rig: Rig, candidate_session: Session) -> None:
    if candidate_session.subject.contract.credentials.rotation != "none":
        candidate_session.need_faults()  # credentials are added to the store and retired
    prove(rotation.rotation, rig)


@pytest.mark.criterion("P1.19")
def test_emptied_node_is_made_whole(prove: Prove) -> None:
    prove()


@pytest.mark.criterion("P1.20")
def test_two_nodes_lost(prove: Prove) -> None:
    prove()


@pytest.mark.criterion("P1.21")
def test_all_instances_killed_at_once(prove: Prove) -> None:
    prove()


@pytest.mark.criterion("P1.22")
def test_power_cut_of_all_nodes(prove: Prove) -> None:
    prove()


@pytest.mark.criterion("P1.23")
def test_power_cut_of_one_node_then_the_loss_of_another(prove: Prove) -> None:
    prove()


@pytest.mark.criterion("P1.24")
def test_split_brain(prove: Prove) -> None:
    prove()


@pytest.mark.criterion("P1.25")
def test_full_disk(prove: Prove) -> None:
    prove()


@pytest.mark.criterion("P1.26")
def test_limping_node(prove: Prove) -> None:
    prove()


@pytest.mark.criterion("P1.27")
def test_rolling_upgrade(prove: Prove) -> None:
    prove()


@pytest.mark.criterion("P1.28")
def test_mixed_writes_lose_nothing(prove: Prove) -> None:
    prove()


@pytest.mark.criterion("P1.29")
def test_uploads_damaged_under_other_checksums_are_refused(prove: Prove, rig: Rig) -> None:
    prove(uploads.damaged_by_others, rig)


@pytest.mark.criterion("P1.30")
def test_multipart_uploads_are_completed_on_a_condition(prove: Prove, rig: Rig) -> None:
    prove(completions.conditional_completions, rig)
