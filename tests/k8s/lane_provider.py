"""The provider `kubernetes` against a real API server: what it finds, what its faults do, and that they are undone."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from readiness.candidate.load import load
from readiness.cli import undo as undo_command
from readiness.errors import UsageError
from readiness.evidence.calls import changing
from readiness.finding import State
from readiness.judges.alerts import Named, Watches
from readiness.judges.stops import judge_volumes
from readiness.providers.kubernetes import undo as kubernetes_undo
from readiness.providers.kubernetes.holds import NodeHolds
from readiness.providers.kubernetes.plan import plan
from readiness.providers.kubernetes.provider import Kubernetes
from readiness.static.alerts import read as read_rules
from readiness.topology import Unsupported
from tests.k8s.cluster import ROOT, Cluster
from tests.k8s.conftest import Make
from tests.k8s.control import IMAGE, apply, candidate_file
from tests.k8s.keep import wait_for
from tests.k8s.look import on, schedulable, uids
from tests.k8s.plan import CONTEXT, NODES

pytestmark = pytest.mark.usefixtures("whole")


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
    rules = read_rules(provider.alert_rules() or "")
    watches = Watches([Named(rule.alert, rule.record, rule.expr) for rule in rules])
    assert any(watches.metric(metric.name) for metric in loaded.candidate.contract.observability.metrics)
    assert "control_etcd_has_leader" in provider.metrics("state-0", "/metrics")
    assert provider.versions()["kubernetes"].startswith("v1.")


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
    assert provider.driver.why_not("bumble") is None
    provider.stop()  # one run at a time
    named = make(('crash = "delete"', 'allow_nodes = ["honey"]'))
    named.start()
    assert named.driver.why_not("honey") is None
    assert neighbour in str(named.driver.why_not("honey", taint=True))  # a taint would evict it
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
from readiness.providers.kubernetes.provider import Kubernetes
provider = Kubernetes(load(sys.argv[1]), run_dir=Path(sys.argv[2]))
provider.start()
proof = provider.drain("bumble")
print("fired" if proof.fired else proof.observed, flush=True)
time.sleep(600)
"""


def test_a_killed_run_leaves_no_node_cordoned_and_is_closed_by_undo(
    cluster: Cluster, keys: Mapping[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert keys
    arguments = [sys.executable, "-c", HOLDER, str(candidate_file(cluster, tmp_path)), str(tmp_path)]
    with subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "fired\n"
            assert not schedulable(cluster)
        finally:
            holder.kill()
    wait_for(lambda: schedulable(cluster), "nodes that are schedulable", 60)
    path = str(tmp_path / "control-on-kubernetes.toml")
    with pytest.raises(UsageError, match=r"drain bumble; lease .*undo it first with: .* undo --candidate"):
        Kubernetes(load(path), run_dir=tmp_path).start()
    assert undo_command.main(["--candidate", path]) == 0
    assert "undone: drain bumble" in capsys.readouterr().out
    assert undo_command.main(["--candidate", path]) == 0
    assert capsys.readouterr().out == "nothing is left to undo\n"


def test_a_mark_of_a_dead_run_is_said_and_undone_by_hand(
    cluster: Cluster, make: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = make()
    NodeHolds(gone.driver.cluster, "a-run-that-is-gone", lambda _node: None, lambda _node: None).hold(
        "sting", "drain"
    )
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
