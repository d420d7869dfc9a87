"""Phase 1: Scratch S3 Proof. Only scratch buckets of this run are written; no active stack points at the
candidate.
"""

from __future__ import annotations

import pytest

from fixtures.judge import Judge
from readiness.campaign.campaign import Campaign
from readiness.campaign.criteria import from_records
from readiness.campaign.judgements import RTO
from readiness.plugin.live import Live
from readiness.scratch import access, conditions, listings, objects, uploads, versions
from readiness.scratch.active import stacks_point_elsewhere

pytestmark = [pytest.mark.phase1, pytest.mark.order(1)]


@pytest.mark.criterion("P1.1")
def test_list_buckets(live: Live, judge: Judge) -> None:
    judge(objects.list_buckets(live))


@pytest.mark.criterion("P1.2")
def test_head_bucket(live: Live, judge: Judge) -> None:
    judge(objects.head_bucket(live))


@pytest.mark.criterion("P1.3")
def test_bounded_object_write_read_delete(live: Live, judge: Judge) -> None:
    judge(objects.objects(live))


@pytest.mark.criterion("P1.4")
def test_head_after_one_pod_restart(campaign: Campaign, rto: RTO, judge: Judge) -> None:
    judge(from_records(campaign, "P1.4", rto))


@pytest.mark.criterion("P1.5")
def test_head_through_node_maintenance(campaign: Campaign, rto: RTO, judge: Judge) -> None:
    judge(from_records(campaign, "P1.5", rto))


@pytest.mark.criterion("P1.6")
def test_head_through_node_unavailability(campaign: Campaign, rto: RTO, judge: Judge) -> None:
    judge(from_records(campaign, "P1.6", rto))


@pytest.mark.criterion("P1.7")
def test_failure_capture_is_non_destructive(campaign: Campaign, rto: RTO, judge: Judge) -> None:
    judge(from_records(campaign, "P1.7", rto))


@pytest.mark.criterion("P1.8")
def test_no_active_stack_points_at_the_candidate(live: Live, judge: Judge) -> None:
    judge(stacks_point_elsewhere(live))


@pytest.mark.criterion("P1.9")
def test_index_and_clients_agree(live: Live, campaign: Campaign, rto: RTO, judge: Judge) -> None:
    judge(listings.pages(live), from_records(campaign, "P1.9", rto))


@pytest.mark.criterion("P1.10")
def test_read_after_write_across_endpoints(live: Live, judge: Judge) -> None:
    judge(objects.read_after_write(live))


@pytest.mark.criterion("P1.11")
def test_conditional_create_has_one_winner(live: Live, campaign: Campaign, rto: RTO, judge: Judge) -> None:
    judge(conditions.create_races(live), from_records(campaign, "P1.11", rto))


@pytest.mark.criterion("P1.12")
def test_if_match_refuses_a_stale_etag(live: Live, judge: Judge) -> None:
    judge(conditions.if_match(live))


@pytest.mark.criterion("P1.13")
def test_nothing_acknowledged_is_lost(campaign: Campaign, rto: RTO, judge: Judge) -> None:
    judge(from_records(campaign, "P1.13", rto))


@pytest.mark.criterion("P1.14")
def test_outage_within_rto(campaign: Campaign, rto: RTO, judge: Judge) -> None:
    judge(from_records(campaign, "P1.14", rto))


@pytest.mark.criterion("P1.15")
def test_versions_survive_and_can_be_restored(live: Live, judge: Judge) -> None:
    judge(versions.versions(live))


@pytest.mark.criterion("P1.16")
def test_wrong_credentials_are_refused(live: Live, judge: Judge) -> None:
    judge(access.credentials(live))


@pytest.mark.criterion("P1.17")
def test_damaged_uploads_are_refused(live: Live, judge: Judge) -> None:
    judge(uploads.damaged_uploads(live))


@pytest.mark.criterion("P1.18")
def test_rotation_without_an_outage(live: Live, judge: Judge) -> None:
    judge(access.rotation(live))


@pytest.mark.criterion("P1.19")
def test_emptied_node_is_made_whole(campaign: Campaign, rto: RTO, judge: Judge) -> None:
    judge(from_records(campaign, "P1.19", rto))


@pytest.mark.criterion("P1.20")
def test_two_nodes_lost(campaign: Campaign, rto: RTO, judge: Judge) -> None:
    judge(from_records(campaign, "P1.20", rto))


@pytest.mark.criterion("P1.21")
def test_all_instances_killed_at_once(campaign: Campaign, rto: RTO, judge: Judge) -> None:
    judge(from_records(campaign, "P1.21", rto))
