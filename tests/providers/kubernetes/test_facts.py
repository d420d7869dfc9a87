"""Facts from API objects: volumes for S.2, budgets, and who else is on a node."""

from typing import Any

import pytest

from readiness.finding import State
from readiness.judges.stops import judge_volumes
from readiness.providers.kubernetes.facts import (
    bound_nodes,
    budgets_of,
    evicted_by,
    guarded_by,
    kept,
    left_alone,
    selects,
    unhealthy,
    volume_fact,
    without_claim,
)
from readiness.providers.kubernetes.holds import TAINT
from readiness.providers.kubernetes.pods import pod_of
from readiness.topology import VolumeFact
from tests.providers.kubernetes.objects import NODES, budget, claim, pod, storage_class, volume


def fact(
    name: str, node: str, of_class: str, provisioner: str, *on: str, mode: str = "ReadWriteOnce", **more: Any
) -> VolumeFact:
    """The fact of the claim of a pod on that node, whose volume is bound to the nodes `on`."""
    one = pod_of(pod(name, node))
    return volume_fact(
        one, claim(f"data-{name}", of_class, mode), volume(on=on, **more), storage_class(provisioner), NODES
    )


def test_a_singleton_on_the_zfs_of_bumble_is_refused() -> None:
    found = fact("rustfs-0", "bumble", "openebs-zfs", "zfs.csi.openebs.io", "bumble")
    assert (found.node, found.kind, found.access) == ("bumble", "openebs-zfs (zfs.csi.openebs.io)", "RWO")
    assert "bound to bumble" in found.path
    assert judge_volumes([found]).state is State.REFUTED


def test_three_pods_whose_zfs_volumes_are_all_on_bumble_are_refused() -> None:
    """The pods say three nodes; the volumes say one: OpenEBS ZFS exists only there."""
    facts = [
        fact(f"rustfs-{i}", n, "openebs-zfs", "zfs.csi.openebs.io", "bumble")
        for i, n in enumerate(("bumble", "honey", "sting"))
    ]
    assert {f.node for f in facts} == {"bumble"}
    assert judge_volumes(facts).state is State.REFUTED


def test_local_path_is_scratch_by_its_provisioner_whatever_the_class_is_called() -> None:
    facts = [
        fact(f"state-{i}", n, "fast", "rancher.io/local-path", n) for i, n in enumerate(("honey", "sting"))
    ]
    assert facts[0].kind == "fast (rancher.io/local-path)"
    assert judge_volumes(facts).state is State.REFUTED


def test_a_local_disk_on_each_node_is_admitted() -> None:
    facts = [
        fact(f"state-{i}", n, "state-local", "kubernetes.io/no-provisioner", n, local={"path": "/mnt"})
        for i, n in enumerate(("bumble", "honey", "sting"))
    ]
    assert judge_volumes(facts).state is State.PROVED


def test_a_class_says_where_alone_it_exists() -> None:
    found = volume_fact(
        pod_of(pod()), claim(), volume(), storage_class("zfs.csi.openebs.io", ("bumble",)), NODES
    )
    assert found.kind == "openebs-zfs (zfs.csi.openebs.io, only on bumble)"


def test_a_shared_volume_is_bound_to_no_node() -> None:
    found = fact("state-0", "honey", "nfs", "nfs.csi.k8s.io", mode="ReadWriteMany")
    assert (found.node, found.access) == ("honey", "RWX")
    assert judge_volumes([found]).state is State.PROVED


def test_a_volume_that_may_not_be_read_is_said_to_be_so() -> None:
    found = volume_fact(pod_of(pod(node="sting")), claim(), None, None, [])
    assert found == VolumeFact(
        "sting", "openebs-zfs", "RWO", "claim data-state-0, its volume may not be read"
    )


@pytest.mark.parametrize(
    ("scratch", "kind"),
    [((), "emptyDir, scratch"), (("emptyDir",), "emptyDir, scratch"), (("hostPath",), "hostPath")],
)
def test_a_pod_without_a_claim(scratch: tuple[str, ...], kind: str) -> None:
    found = without_claim(pod_of(pod(claims=(), scratch=scratch)))
    assert (found.node, found.kind) == ("bumble", kind)


def test_an_affinity_is_resolved_against_the_labels_of_nodes() -> None:
    assert bound_nodes(volume(on=("cellar",), key="topology.kubernetes.io/zone"), NODES) == {
        "bumble",
        "honey",
    }
    assert bound_nodes(volume(on=("attic",), key="topology.kubernetes.io/zone"), NODES) == {"sting"}
    assert bound_nodes(volume(on=("nobody",)), NODES) == set()
    assert bound_nodes(volume(on=()), NODES) is None
    assert bound_nodes(volume(on=("honey",)), []) == {
        "honey"
    }  # nodes may not be listed: the host name must do
    assert bound_nodes(volume(on=("attic",), key="topology.kubernetes.io/zone"), []) is None


@pytest.mark.parametrize(
    ("of", "of_volume", "provisioner", "message"),
    [
        (pod(), volume(), "zfs.csi.openebs.io", None),
        (pod(owner="ReplicaSet"), volume(), "zfs.csi.openebs.io", "not made again"),
        (pod(), volume(persistentVolumeReclaimPolicy="Retain"), "zfs.csi.openebs.io", "is kept"),
        (pod(), volume(), "kubernetes.io/no-provisioner", "nothing provisions"),
        (pod(), None, "zfs.csi.openebs.io", "may not be read"),
    ],
)
def test_when_deleting_a_claim_empties_the_disk(
    of: Any, of_volume: Any, provisioner: str, message: str | None
) -> None:
    found = kept(claim(), of_volume, storage_class(provisioner), pod_of(of))
    assert found is None if message is None else message in str(found)


# -- budgets


def test_a_budget_is_healthy_when_all_its_pods_are_and_it_was_looked_at() -> None:
    assert unhealthy(budget()) is None
    assert unhealthy(budget(healthy=2)) == "budget state: 2 of 3 pods healthy"
    assert unhealthy(budget(seen=1)) == "budget state was not looked at since it changed"


def test_a_budget_protects_the_pods_that_it_selects() -> None:
    one = pod_of(pod())
    assert budgets_of([budget()], [one])
    assert not budgets_of([budget(selector={"matchLabels": {"app.kubernetes.io/name": "attic"}})], [one])
    assert selects({}, one)
    assert not selects(None, one)
    assert selects({"matchExpressions": [{"key": "app.kubernetes.io/name", "operator": "Exists"}]}, one)
    assert not selects(
        {
            "matchExpressions": [
                {"key": "app.kubernetes.io/name", "operator": "NotIn", "values": ["ha-control"]}
            ]
        },
        one,
    )
    assert not selects({"matchExpressions": [{"key": "x", "operator": "In", "values": ["y"]}]}, one)


# -- who else is on a node


def test_pods_of_protected_stacks_are_known_by_namespace_and_by_label() -> None:
    others = [
        pod_of(pod("server-0", namespace="attic")),
        pod_of(pod("runner-x", namespace="ci", labels={"app.kubernetes.io/part-of": "arc-runners"})),
        pod_of(pod("dns-0", namespace="kube-system", labels={"k8s-app": "attic-like"})),
    ]
    assert guarded_by(others, ("attic", "arc-runners")) == ["attic/server-0", "ci/runner-x"]
    assert guarded_by(others, ()) == []


@pytest.mark.parametrize(
    ("toleration", "stays"),
    [
        ({"operator": "Exists"}, True),
        ({"key": TAINT, "operator": "Exists", "effect": "NoExecute"}, True),
        ({"key": TAINT, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 60}, False),
        ({"key": TAINT, "operator": "Exists", "effect": "NoSchedule"}, False),
        ({"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute"}, False),
        ({"key": TAINT, "operator": "Equal", "value": "x"}, False),
    ],
)
def test_a_taint_evicts_all_that_do_not_tolerate_it(toleration: dict[str, Any], stays: bool) -> None:
    raw = pod("other-0", namespace="ci", tolerations=[toleration])
    assert evicted_by([raw], TAINT) == ([] if stays else ["ci/other-0"])


def test_why_a_node_is_left_alone_is_said_for_a_taint_too() -> None:
    others = [pod("server-0", namespace="attic")]
    assert "protected stacks (attic/server-0)" in str(left_alone("honey", others, ("attic",), None))
    assert left_alone("honey", others, (), None) is None
    assert "would evict others than the candidate (attic/server-0)" in str(
        left_alone("honey", others, (), TAINT)
    )
    assert left_alone("honey", [], ("attic",), TAINT) is None
