"""The control as deploy/control has it: spread, bound to its disks, replaced, and guarded by its budget."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from typing import Any

import pytest

from readiness.providers.engine import probe
from tests.k8s.cluster import Cluster
from tests.k8s.control import NAMESPACE, address, wait_ready
from tests.k8s.keep import wait_for
from tests.k8s.plan import NODES

pytestmark = pytest.mark.usefixtures("whole")
SET = "statefulset/state"


def pods(cluster: Cluster) -> dict[str, Any]:
    """The control's pods by name."""
    found = cluster.get("pods", "--namespace", NAMESPACE, "--selector", "app.kubernetes.io/name=ha-control")
    return {pod["metadata"]["name"]: pod for pod in found["items"]}


def test_one_pod_with_a_disk_of_its_own_on_each_node(cluster: Cluster) -> None:
    found = pods(cluster)
    assert sorted(found) == ["state-0", "state-1", "state-2"]
    assert sorted(pod["spec"]["nodeName"] for pod in found.values()) == sorted(NODES)
    for name, pod in found.items():
        claim = cluster.get("pvc", f"data-{name}", "--namespace", NAMESPACE)
        assert claim["spec"]["volumeName"] == f"state-{pod['spec']['nodeName']}"
        assert cluster.files(pod["spec"]["nodeName"]) > 0


def test_the_service_leads_to_a_member_of_three(cluster: Cluster) -> None:
    service = address(cluster, "state")
    wait_for(lambda: probe.status(f"http://{service}:9001/readyz", 5) == 200, "kube-proxy's rules")
    members = probe.call_json(f"http://{service}:9001/members", 5)
    assert members["whole"] is True
    assert sorted(member["name"] for member in members["members"]) == ["state-0", "state-1", "state-2"]


def test_a_deleted_pod_is_replaced_on_its_node_with_its_data(cluster: Cluster) -> None:
    before = pods(cluster)["state-1"]
    cluster.kubectl("delete", "pod", "state-1", "--namespace", NAMESPACE)
    wait_ready(cluster, SET, 3)
    after = pods(cluster)["state-1"]
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    assert after["spec"]["nodeName"] == before["spec"]["nodeName"]
    metrics = probe.call(f"http://{after['status']['podIP']}:9001/metrics", 5)
    assert "control_etcd_has_leader 1" in metrics


def evict(cluster: Cluster, pod: str) -> int:
    """The status that the Eviction API answers: 201, or 429 while the budget forbids it."""
    body = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": pod, "namespace": NAMESPACE},
    }
    path = f"/api/v1/namespaces/{NAMESPACE}/pods/{pod}/eviction"
    try:
        cluster.kubectl("create", "--raw", path, "-f", "-", text=json.dumps(body))
    except subprocess.CalledProcessError as error:
        if "disruption budget" in error.stderr:
            return 429
        raise
    return 201


def has_no_node(cluster: Cluster, pod: str) -> bool:
    """Whether the pod was made again and waits for a node."""
    found = pods(cluster).get(pod)
    return found is not None and "nodeName" not in found["spec"]


def test_an_eviction_waits_for_the_budget(cluster: Cluster) -> None:
    here = {pod["spec"]["nodeName"]: name for name, pod in pods(cluster).items()}
    cluster.kubectl("cordon", "bumble")
    try:
        # The budget's status lags.
        wait_for(lambda: evict(cluster, here["bumble"]) == 201, "the first eviction")
        wait_for(lambda: has_no_node(cluster, here["bumble"]), "a pod without a node")
        assert evict(cluster, here["honey"]) == 429
        assert pods(cluster)[here["honey"]]["spec"]["nodeName"] == "honey"
    finally:
        cluster.kubectl("uncordon", "bumble")
    wait_ready(cluster, SET, 3)
    wait_for(lambda: evict(cluster, here["honey"]) == 201, "an eviction with everything ready")


def log(cluster: Cluster, pod: str) -> str:
    """What the pod has written; nothing if it has not begun yet."""
    try:
        return cluster.kubectl("logs", pod, "--namespace", NAMESPACE)
    except subprocess.CalledProcessError:
        return ""


def test_an_emptied_disk_joins_only_after_the_procedure(cluster: Cluster, keys: Mapping[str, str]) -> None:
    here = {pod["spec"]["nodeName"]: name for name, pod in pods(cluster).items()}
    name = here["sting"]
    cluster.kubectl("cordon", "sting")
    try:
        cluster.kubectl("delete", "pod", name, "--namespace", NAMESPACE)
        cluster.wipe_node("sting")
        assert cluster.files("sting") == 0
    finally:
        cluster.kubectl("uncordon", "sting")
    wait_for(lambda: "knows it as a member that had data" in log(cluster, name), "a pod that waits")
    service = address(cluster, "state")
    probe.call(
        f"http://{service}:9001/members/replace",
        30,
        method="POST",
        body={"name": name, "peer_url": f"http://{name}.state-peers:9002"},
        token=keys["admin-token"],
    )
    wait_ready(cluster, SET, 3)
    assert cluster.files("sting") > 0
