"""The faults of the provider `kubernetes` on a real cluster: that they happen, are seen, and are undone."""

from __future__ import annotations

import threading
import time
from functools import partial

import pytest

from readiness.providers.engine import probe
from readiness.providers.kubernetes.forward import Forwarder, Place
from readiness.providers.kubernetes.holds import MARK, TAINT
from readiness.providers.kubernetes.provider import Kubernetes
from readiness.providers.kubernetes.tunnel import dial
from readiness.topology import Proof, Unsupported
from tests.k8s.cluster import Cluster
from tests.k8s.conftest import Make
from tests.k8s.control import NAMESPACE
from tests.k8s.keep import wait_for
from tests.k8s.look import on, schedulable, uids, url_of
from tests.k8s.plan import NODES

pytestmark = pytest.mark.usefixtures("whole")


def test_a_restart_is_seen_and_the_endpoint_follows_the_new_pod(
    cluster: Cluster, provider: Kubernetes
) -> None:
    before, url = uids(cluster), url_of(provider, "state-1")
    proof = provider.restart("state-1")
    assert proof.fired, proof.observed
    assert uids(cluster)["state-1"] != before["state-1"]
    wait_for(lambda: provider.in_service("state-1"), "state-1 in service", 60)
    assert probe.status(url, 2) == 200
    since = provider.started_at("state-1")
    assert since is not None
    assert since <= time.monotonic()
    wait_for(provider.whole, "a whole candidate", 60)


def test_a_killed_pod_stays_away_until_it_may_return(cluster: Cluster, provider: Kubernetes) -> None:
    killed = on(provider, "honey")
    url = url_of(provider, killed)
    proof = provider.kill(killed)
    assert proof.fired, proof.observed
    assert not provider.in_service(killed)
    assert probe.status(url, 2) is None
    node = cluster.get("node", "honey")
    assert node["spec"]["unschedulable"] is True
    assert MARK in node["metadata"]["annotations"]
    provider.start_instance(killed)
    assert schedulable(cluster)
    provider.start_instance(killed)  # undone already
    wait_for(provider.whole, "a whole candidate", 60)


def test_a_tainted_node_ends_its_pod_and_takes_it_again(cluster: Cluster, make: Make) -> None:
    provider = make(('crash = "delete"', 'crash = "taint"'))
    provider.start()
    node = next(node for node in NODES if not provider.driver.why_not(node, taint=True))
    killed, before = on(provider, node), uids(cluster)
    proof = provider.kill(killed)
    assert proof.fired, proof.observed
    (taint,) = (taint for taint in cluster.get("node", node)["spec"]["taints"] if taint["key"] == TAINT)
    assert taint["effect"] == "NoExecute"
    assert not provider.in_service(killed)
    provider.start_instance(killed)
    assert schedulable(cluster)
    assert "taints" not in cluster.get("node", node)["spec"]
    wait_for(provider.whole, "a whole candidate", 60)
    assert uids(cluster)[killed] != before[killed]


def test_a_drain_waits_for_the_budget(cluster: Cluster, provider: Kubernetes) -> None:
    """While one pod is away the budget allows no eviction; the drain waits and goes on once that pod is back."""
    away = on(provider, "sting")
    assert provider.kill(away).fired
    found: list[Proof] = []
    drain = threading.Thread(target=lambda: found.append(provider.drain("bumble")))
    drain.start()
    wait_for(
        lambda: sum("evict pod" in call for call in provider.recorded_calls()) >= 2, "a refused eviction"
    )
    assert not found
    assert (
        cluster.get("pod", on(provider, "bumble"), "--namespace", NAMESPACE)["spec"]["nodeName"] == "bumble"
    )
    provider.start_instance(away)
    drain.join(90)
    (proof,) = found
    assert proof.fired, proof.observed
    assert "budgets made it wait" in proof.observed
    assert not provider.in_service(on(provider, "bumble"))
    provider.restore("bumble")
    assert schedulable(cluster)
    wait_for(provider.whole, "a whole candidate", 60)


def test_a_drain_that_a_budget_never_allows_did_not_happen(make: Make) -> None:
    provider = make(('crash = "delete"', "drain_seconds = 3"))
    provider.start()
    away = on(provider, "sting")
    assert provider.kill(away).fired
    proof = provider.drain("bumble")
    assert not proof.fired
    assert "refused for 3 s" in proof.observed
    provider.restore("bumble")
    provider.start_instance(away)
    wait_for(provider.whole, "a whole candidate", 60)


def test_a_frozen_node_is_silent_and_thaws(provider: Kubernetes) -> None:
    frozen = on(provider, "sting")
    proof = provider.freeze(frozen)
    try:
        assert proof.fired, proof.observed
        assert probe.status(url_of(provider, frozen), 1) is None
    finally:
        provider.thaw(frozen)
    wait_for(provider.whole, "a whole candidate", 90)


def test_through_the_api_server_an_endpoint_follows_its_pod(make: Make) -> None:
    provider = make(('via = "address"', 'via = "port-forward"'))
    topology = provider.start()
    assert topology.service is not None
    assert all(probe.status(url_of(provider, i.name), 5) == 200 for i in topology.instances)
    url = url_of(provider, "state-2")
    assert provider.restart("state-2").fired
    wait_for(lambda: provider.in_service("state-2"), "state-2 in service", 60)
    assert probe.status(url, 5) == 200
    wait_for(provider.whole, "a whole candidate", 60)


def test_a_port_where_nobody_listens_is_a_reset(provider: Kubernetes) -> None:
    pod = provider.driver.seats.running("state-0")
    forwarder = Forwarder(partial(dial, provider.driver.cluster))
    try:
        port = forwarder.listen(lambda: Place(pod.uid, pod.name, pod.address, 9))
        with pytest.raises(ConnectionError):
            probe.ask(f"http://127.0.0.1:{port}/", 10)
    finally:
        forwarder.stop()


def test_a_disk_that_cannot_be_emptied_through_its_claim_is_left_alone(cluster: Cluster, make: Make) -> None:
    provider = make(("wipe = [", "# wipe = ["), ("files = [", "# files = ["))
    provider.start()
    killed = on(provider, "sting")
    with pytest.raises(
        RuntimeError, match="runs: the data of sting is removed only while the node is stopped"
    ):
        provider.wipe("sting")
    assert provider.kill(killed).fired
    with pytest.raises(Unsupported, match="is kept when the claim is deleted"):
        provider.wipe("sting")
    assert cluster.files("sting") > 0
    provider.start_instance(killed)
    wait_for(provider.whole, "a whole candidate", 60)
