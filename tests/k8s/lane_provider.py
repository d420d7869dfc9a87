"""The provider `kubernetes` against a real API server: what it finds, what its faults do, and that they are undone."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

import pytest

from readiness.candidate.load import load
from readiness.errors import UsageError
from readiness.finding import State
from readiness.providers import kubernetes_undo, probe
from readiness.providers.base import Proof, Unsupported, changing
from readiness.providers.kubernetes import Kubernetes
from readiness.providers.kubernetes_forward import Forwarder, Place
from readiness.providers.kubernetes_nodes import MARK, Nodes
from readiness.providers.kubernetes_plan import plan
from readiness.providers.kubernetes_tunnel import dial
from readiness.static.contract import alert_rules
from readiness.static.stops import judge_volumes
from tests.k8s.cluster import ROOT, Cluster
from tests.k8s.control import IMAGE, NAMESPACE, apply, candidate_file, environment
from tests.k8s.keep import wait_for
from tests.k8s.plan import CONTEXT, NODES

pytestmark = pytest.mark.usefixtures("whole")
Make = Callable[..., Kubernetes]


@pytest.fixture
def make(
    cluster: Cluster, keys: Mapping[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Make]:
    """Providers of the lane's candidate file with these texts replaced; stopped at the end."""
    for name, value in environment(cluster, keys).items():
        monkeypatch.setenv(name, value)
    made: list[Kubernetes] = []

    def build(*changes: tuple[str, str]) -> Kubernetes:
        path = candidate_file(cluster, tmp_path)
        text = path.read_text("utf-8")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path.write_text(text, "utf-8")
        made.append(Kubernetes(load(str(path)), run_dir=tmp_path))
        return made[-1]

    yield build
    for provider in made:
        provider.stop()
    assert schedulable(cluster)


@pytest.fixture
def provider(make: Make) -> Kubernetes:
    """Started."""
    started = make()
    started.start()
    return started


def schedulable(cluster: Cluster) -> bool:
    """Whether no node is cordoned or marked."""
    return all(
        not node["spec"].get("unschedulable") and MARK not in node["metadata"].get("annotations", {})
        for node in cluster.get("nodes")["items"]
    )


def uids(cluster: Cluster) -> dict[str, str]:
    """The uid of each of the control's pods."""
    found = cluster.get("pods", "--namespace", NAMESPACE, "--selector", "app.kubernetes.io/name=ha-control")
    return {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in found["items"]}


def on(provider: Kubernetes, node: str) -> str:
    """The instance of that node."""
    (instance,) = provider.topology.on(node)
    return instance.name


def url_of(provider: Kubernetes, instance: str) -> str:
    return next(f"{e.admin_url}/readyz" for e in provider.topology.endpoints if e.instance == instance)


# -- finding


def test_a_dry_run_says_what_would_be_done_and_changes_nothing(cluster: Cluster, make: Make) -> None:
    before, provider = uids(cluster), make()
    lines = "\n".join(plan(provider))
    assert f'context "{CONTEXT}"' in lines
    for node in NODES:
        assert f"node {node}: drain: cordon it, evict state-" in lines
        assert f"volume on {node}: state-local" in lines
    assert "as budget state allows" in lines
    assert changing(provider.recorded_calls()) == []
    assert uids(cluster) == before


def test_what_is_found(provider: Kubernetes, keys: Mapping[str, str], tmp_path: Path) -> None:
    topology = provider.topology
    assert topology.nodes == tuple(sorted(NODES))
    assert [instance.name for instance in topology.instances] == ["state-0", "state-1", "state-2"]
    assert all(provider.in_service(instance.name) for instance in topology.instances)
    wait_for(provider.whole, "a whole candidate")
    assert topology.service is not None
    assert provider.keys("admin").secret_key == keys["admin-secret"]
    assert provider.keys("read_only").access_key == keys["read-only-access"]
    facts = provider.volumes()
    assert {(fact.node, fact.access) for fact in facts} == {(node, "RWO") for node in NODES}
    assert judge_volumes(facts).state is State.PROVED
    loaded = load(str(tmp_path / "control-on-kubernetes.toml"))
    assert alert_rules(loaded, provider.alert_rules()).state is State.PROVED
    assert "control_etcd_has_leader" in provider.metrics("state-0", "/metrics")
    assert provider.versions()["kubernetes"].startswith("v1.")


# -- faults


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
    pod = provider.state.running("state-0")
    forwarder = Forwarder(partial(dial, provider.cluster))
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
    with pytest.raises(RuntimeError, match="runs: the data of sting is removed only while it is away"):
        provider.wipe("sting")
    assert provider.kill(killed).fired
    with pytest.raises(Unsupported, match="is kept when the claim is deleted"):
        provider.wipe("sting")
    assert cluster.files("sting") > 0
    provider.start_instance(killed)
    wait_for(provider.whole, "a whole candidate", 60)


# -- who else is there


@pytest.fixture
def neighbour(cluster: Cluster) -> Iterator[str]:
    """A pod of a protected stack on honey."""
    container = {"name": "server", "image": IMAGE, "imagePullPolicy": "Never", "args": ["version"]}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "server", "namespace": "attic"},
        "spec": {"nodeName": "honey", "containers": [container]},
    }
    apply(cluster, [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "attic"}}])
    wait_for(lambda: cluster.get("serviceaccounts", "--namespace", "attic")["items"], "its default account")
    apply(cluster, [pod])
    yield "attic/server"
    cluster.kubectl("delete", "namespace", "attic", "--grace-period=1")


def test_a_node_of_a_protected_stack_is_left_alone_unless_it_is_named(
    cluster: Cluster, neighbour: str, make: Make
) -> None:
    provider = make()
    provider.start()
    with pytest.raises(Unsupported, match=neighbour):
        provider.drain("honey")
    with pytest.raises(Unsupported, match=neighbour):
        provider.kill(on(provider, "honey"))
    assert schedulable(cluster)
    assert provider.why_not("bumble") is None
    named = make(('crash = "delete"', 'allow_nodes = ["honey"]'))
    named.start()
    assert named.why_not("honey") is None
    assert neighbour in str(named.why_not("honey", taint=True))  # a taint would evict it
    assert named.drain("honey").fired
    named.restore("honey")
    assert cluster.get("pod", "server", "--namespace", "attic")["metadata"].get("deletionTimestamp") is None
    wait_for(named.whole, "a whole candidate", 60)


# -- capture and undo


def test_a_capture_reads_only_and_tells_no_secret(provider: Kubernetes, keys: Mapping[str, str]) -> None:
    begun = len(provider.recorded_calls())
    found = provider.capture()
    calls = provider.recorded_calls()[begun:]
    assert len(calls) > 8
    assert changing(calls) == []
    assert {"pods", "events", "endpoints", "claims", "budgets", "log-state-0-control"} <= found.keys()
    assert not [name for name, text in found.items() if text.startswith("not readable")]
    text = "\n".join(found.values())
    assert "state-0" in found["events"]
    assert not [name for name, value in keys.items() if "secret" in name and value in text]


HOLDER = """
import sys, time
from pathlib import Path
from readiness.candidate.load import load
from readiness.providers.kubernetes import Kubernetes
provider = Kubernetes(load(sys.argv[1]), run_dir=Path(sys.argv[2]))
provider.start()
proof = provider.drain("bumble")
print("fired" if proof.fired else proof.observed, flush=True)
time.sleep(600)
"""


def test_a_killed_run_leaves_no_node_cordoned(cluster: Cluster, tmp_path: Path) -> None:
    arguments = [sys.executable, "-c", HOLDER, str(candidate_file(cluster, tmp_path)), str(tmp_path)]
    with subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "fired\n"
            assert not schedulable(cluster)
        finally:
            holder.kill()
    wait_for(lambda: schedulable(cluster), "nodes that are schedulable", 60)


def test_a_mark_of_a_dead_run_is_said_and_undone_by_hand(
    cluster: Cluster, make: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = make()
    Nodes(gone.cluster, "a-run-that-is-gone", lambda _node: None, lambda _node: None).hold("sting", "drain")
    with pytest.raises(UsageError, match=r"node sting is held by another run \(a-run-that-is-gone\)"):
        gone.start()
    undo = ["--context", CONTEXT, "--kubeconfig", str(cluster.kubeconfig()), "--node", "sting"]
    assert kubernetes_undo.main([*undo, "--run", "another"]) == 0
    assert not schedulable(cluster)
    assert kubernetes_undo.main(undo) == 0
    assert schedulable(cluster)
    assert kubernetes_undo.main(undo) == 0
    assert capsys.readouterr().out.splitlines() == [
        "node sting is held by no such run: nothing to undo",
        "node sting is uncordoned",
        "node sting is held by no such run: nothing to undo",
    ]
