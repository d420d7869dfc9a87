"""Phase 2: Disposable OpenTofu Proof. Real `tofu`, `stacks/disposable`, state in a scratch bucket."""

from __future__ import annotations

import pytest

from fixtures.judge import Prove
from readiness import faults
from readiness.campaign.opentofu import TofuCampaign
from readiness.stacks.used import Used
from readiness.subject import Subject
from readiness.tofu import basics
from readiness.tofu.env import Disposable
from readiness.tofu.rollback import restore_and_forward
from readiness.tofu.settings import backend_settings
from readiness.tofu.stale import stale_lock

pytestmark = [pytest.mark.phase2, pytest.mark.order(2)]


@pytest.mark.criterion("P2.1")
def test_backend_init_from_repo_managed_config(env: Disposable, prove: Prove) -> None:
    prove(basics.init_everywhere, env)


@pytest.mark.criterion("P2.2")
def test_first_state_write(env: Disposable, prove: Prove) -> None:
    prove(basics.first_write, env)


@pytest.mark.criterion("P2.3")
def test_no_op_plan(env: Disposable, prove: Prove) -> None:
    prove(basics.no_op_plan, env)


@pytest.mark.criterion("P2.4")
def test_no_op_plan_after_pod_restart(tofu_campaign: TofuCampaign, subject: Subject, prove: Prove) -> None:
    one_of_each = {instance.kind: instance for instance in subject.topology.instances}.values()
    restarts = [faults.restart(instance.name, instance.node) for instance in one_of_each]
    prove(tofu_campaign.plans_through, restarts)


@pytest.mark.criterion("P2.5")
def test_no_op_plan_through_node_maintenance(
    tofu_campaign: TofuCampaign, subject: Subject, prove: Prove
) -> None:
    drains = [faults.drain(subject.topology, node) for node in subject.topology.nodes]
    prove(tofu_campaign.plans_through, drains)


@pytest.mark.criterion("P2.6")
def test_no_op_plan_through_node_unavailability(
    tofu_campaign: TofuCampaign, subject: Subject, prove: Prove
) -> None:
    nodes = subject.topology.nodes
    lost = [kind(subject.topology, node) for kind in (faults.crash, faults.silence) for node in nodes]
    prove(tofu_campaign.plans_through, lost, faults.crash(subject.topology, nodes[-1]))


@pytest.mark.criterion("P2.7")
def test_restore_and_rollback(env: Disposable, prove: Prove) -> None:
    prove(restore_and_forward, env)


@pytest.mark.criterion("P2.8")
def test_concurrent_applies_hold_one_lock(tofu_campaign: TofuCampaign, prove: Prove) -> None:
    prove(tofu_campaign.contention)


@pytest.mark.criterion("P2.9")
def test_apply_hit_by_a_fault(tofu_campaign: TofuCampaign, prove: Prove) -> None:
    prove(tofu_campaign.hit_midway)


@pytest.mark.criterion("P2.10")
def test_stale_lock_is_visible_and_freed(env: Disposable, prove: Prove) -> None:
    prove(stale_lock, env)


@pytest.mark.criterion("P2.11")
def test_state_is_identical_through_every_endpoint(env: Disposable, prove: Prove) -> None:
    prove(basics.pull_everywhere, env)


@pytest.mark.criterion("P2.12")
def test_large_state(env: Disposable, prove: Prove) -> None:
    prove(basics.large_state, env)


@pytest.mark.criterion("P2.13")
def test_apply_just_before_a_power_cut(tofu_campaign: TofuCampaign, prove: Prove) -> None:
    prove(tofu_campaign.power_cuts)


@pytest.mark.criterion("P2.14")
def test_concurrent_applies_on_both_sides_of_a_split(tofu_campaign: TofuCampaign, prove: Prove) -> None:
    prove(tofu_campaign.split_contention)


@pytest.mark.criterion("P2.15")
def test_backend_settings_of_protected_stacks(env: Disposable, used_settings: Used, prove: Prove) -> None:
    prove(backend_settings, env, used_settings.settings, used_settings.unknown)
