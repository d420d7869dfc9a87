"""The faults of the provider `kubernetes` on a cluster on paper: what is done, what is proved, and the undo."""

from pathlib import Path

import pytest

from readiness.providers.commands.runner import Runner
from readiness.providers.engine.record import Record
from readiness.providers.kubernetes import driver
from readiness.redact import Redactor
from readiness.topology import Unsupported
from tests.providers.kubernetes.fake_cluster import FakeKubernetes
from tests.providers.kubernetes.objects import pod


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path, Record(), Redactor())


@pytest.fixture
def provider(runner: Runner) -> FakeKubernetes:
    return FakeKubernetes(runner)


def left(provider: FakeKubernetes) -> list[tuple[str, str]]:
    return [(undo.verb, undo.target) for undo in provider.journal.left()]


def test_a_restart_deletes_the_pod_and_waits_for_another(provider: FakeKubernetes) -> None:
    proof = provider.restart("state-0")
    assert proof.fired
    assert (
        "pod state-0 (uid uid-of-s) was deleted, is gone, replaced by state-0 (uid uid-1-of)"
        in proof.observed
    )
    assert provider.cluster.calls == ["delete pod state-0"]
    assert left(provider) == []


def test_a_killed_pod_waits_for_its_cordoned_node_until_it_may_return(provider: FakeKubernetes) -> None:
    proof = provider.kill("state-0")
    assert proof.fired
    assert "its node bumble was cordoned; pod state-0 (uid uid-of-s) is gone" in proof.observed
    assert provider.cluster.calls == ["cordon bumble", "kill pod state-0"]
    assert provider.cluster.cordoned("bumble")
    assert not provider.driver.runs("state-0")
    assert left(provider) == [("start_instance", "state-0")]
    provider.start_instance("state-0")
    provider.start_instance("state-0")
    assert provider.cluster.calls[2:] == ["uncordon bumble"]
    assert not provider.cluster.cordoned("bumble")
    assert left(provider) == []


def test_a_pod_that_was_forced_away_was_not_seen_to_end(
    provider: FakeKubernetes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "KUBELET_SECONDS", 0.0)
    provider.cluster.stuck = {"state-0"}
    proof = provider.kill("state-0")
    assert not proof.fired
    assert "did not report its end" in proof.observed
    assert provider.cluster.calls[-1] == "force-delete pod state-0"
    provider.start_instance("state-0")
    assert not provider.cluster.cordoned("bumble")


def test_a_drain_waits_for_the_budget_and_is_undone_with_the_node(
    provider: FakeKubernetes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "RETRY_SECONDS", 0.0)
    provider.cluster.budget = 2
    proof = provider.drain("honey")
    assert proof.fired
    assert "1 of 1 pods evicted and gone; budgets made it wait 2 times" in proof.observed
    provider.restore("honey")
    assert not provider.cluster.cordoned("honey")
    assert left(provider) == []


def test_a_drain_that_the_budget_never_allows_did_not_happen(runner: Runner) -> None:
    provider = FakeKubernetes(runner, drain_seconds=0.01)
    provider.cluster.budget = 10**6
    proof = provider.drain("honey")
    assert not proof.fired
    assert "refused for 0.01 s: state-1" in proof.observed
    provider.restore("honey")
    assert not provider.cluster.cordoned("honey")


def test_what_is_refused_is_not_done(runner: Runner, provider: FakeKubernetes) -> None:
    provider.lacks = {"restart", "wipe"}
    provider.cluster.others = [
        pod("attic-0", "honey", labels={"app.kubernetes.io/name": "attic"}, namespace="attic", uid="x")
    ]
    with pytest.raises(Unsupported, match="restart: the account lacks the right to delete pods"):
        provider.restart("state-0")
    with pytest.raises(Unsupported, match="attic"):
        provider.kill("state-1")
    with pytest.raises(Unsupported, match="attic"):
        provider.drain("honey")
    with pytest.raises(Unsupported, match=r"^freeze: .*kubernetes\.hooks\.freeze is not declared"):
        provider.freeze("state-0")
    with pytest.raises(Unsupported, match=r"^unplug: .*kubernetes\.hooks\.unplug is not declared"):
        provider.unplug("honey")
    with pytest.raises(Unsupported, match=r"^repair: .*kubernetes\.hooks\.repair is not declared"):
        provider.repair("honey")
    assert provider.cluster.calls == []
    assert left(provider) == []
    assert not [line for line in provider.recorded_calls() if " write " in line]


def test_a_disk_is_emptied_only_while_its_pods_are_away(provider: FakeKubernetes) -> None:
    with pytest.raises(RuntimeError, match="state-0 runs: the data of bumble is removed only while the node"):
        provider.wipe("bumble")


def test_a_pod_that_has_moved_is_not_hit(provider: FakeKubernetes) -> None:
    provider.cluster.pods["state-0"] = pod("state-0", "honey")
    with pytest.raises(RuntimeError, match="has moved from bumble"):
        provider.kill("state-0")
    assert provider.cluster.calls == []


def test_in_service_needs_a_ready_pod_on_its_own_node(provider: FakeKubernetes) -> None:
    assert provider.driver.ready("state-0")
    provider.cluster.pods["state-0"] = pod("state-0", "bumble", ready=False)
    assert not provider.driver.ready("state-0")
    provider.cluster.pods["state-0"] = pod("state-0", "honey")
    assert not provider.driver.ready("state-0")
