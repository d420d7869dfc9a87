"""What is observed of a candidate on a real cluster: confined by a network that enforces policies, and its bytes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import psutil
import pytest

from readiness.candidate.load import load
from readiness.errors import UsageError
from readiness.providers.kubernetes.policy import RUN
from readiness.providers.kubernetes.provider import Kubernetes
from readiness.topology import Unsupported
from tests.k8s import control
from tests.k8s.cluster import Cluster
from tests.k8s.conftest import Make
from tests.k8s.control import NAMESPACE, apply, candidate_file
from tests.k8s.keep import wait_for
from tests.k8s.look import uids
from tests.k8s.plan import NODES, SANDBOX_IMAGE

MIB = 1 << 20


def left(cluster: Cluster) -> list[str]:
    """Policies and probes of runs."""
    return [
        item["metadata"]["name"]
        for kind in ("networkpolicies", "pods")
        for item in cluster.get(kind, "--namespace", NAMESPACE, "--selector", RUN)["items"]
        if "deletionTimestamp" not in item["metadata"]
    ]


def client(provider: Kubernetes) -> Any:
    assert provider.topology.service is not None
    keys = provider.keys("admin")
    return boto3.client(
        "s3",
        endpoint_url=provider.topology.service.url,
        aws_access_key_id=keys.access_key,
        aws_secret_access_key=keys.secret_key,
        region_name="us-east-1",
    )


# -- bytes


@pytest.mark.usefixtures("whole")
def test_the_kubelets_say_that_every_node_stores_what_was_written(provider: Kubernetes) -> None:
    s3, bucket = client(provider), f"bytes-{os.getpid()}"
    s3.create_bucket(Bucket=bucket)
    before = {node: provider.stored_bytes(node) for node in NODES}
    grew, keys = dict.fromkeys(NODES, 0), list[str]()
    try:
        for objects in (1, 4, 16, 48):  # what earlier tests have deleted is filled first
            for _ in range(objects):
                keys.append(f"{len(keys)}")
                s3.put_object(Bucket=bucket, Key=keys[-1], Body=os.urandom(16 * MIB))
            grew = {node: (provider.stored_bytes(node) - before[node]) // MIB for node in NODES}
            if min(grew.values()) >= 15:
                break
    finally:
        for key in keys:
            s3.delete_object(Bucket=bucket, Key=key)
        s3.delete_bucket(Bucket=bucket)
    twice = 2 * 16 * len(keys)  # in its log and in its index, and two segments of the log of 64 MiB
    assert all(15 <= each <= twice + 128 for each in grew.values()), grew


# -- confined


@pytest.mark.usefixtures("whole")
def test_a_confined_candidate_serves_and_reaches_nothing_else(cluster: Cluster, provider: Kubernetes) -> None:
    before = uids(cluster)
    with pytest.raises(Unsupported, match="is not confined to its own pods"):
        provider.way_out("bumble")
    provider.confine()
    assert provider.whole()
    for node in NODES:
        way = provider.way_out(node)
        assert len(way.tried) == 2, way
        assert way.reached == ()
    assert client(provider).list_buckets()["ResponseMetadata"]["HTTPStatusCode"] == 200
    after = uids(cluster)
    assert {name for name in before if before[name] == after[name]} == set(), (
        "this network lets open connections go on: what a pod had open before goes only with the pod"
    )
    assert provider.heal() == []
    wait_for(lambda: not left(cluster), "no policy and no probe", 30)
    with pytest.raises(Unsupported, match="is not confined to its own pods"):
        provider.way_out("bumble")


@pytest.fixture
def unenforced(cluster: Cluster) -> Iterator[str]:
    """What enforces policies on sting stands still: those that are made meanwhile are accepted, and not enforced."""
    (process,) = [
        one
        for one in psutil.process_iter(["cmdline"])
        if (words := one.info["cmdline"])
        and words[0] == str(cluster.plan.programs.kube_router)
        and "--hostname-override=sting" in words
        and any(str(cluster.plan.folder) in word for word in words)
    ]
    process.suspend()
    yield "sting"
    process.resume()


@pytest.mark.usefixtures("whole")
def test_a_node_whose_network_does_not_enforce_the_policy_is_named(
    cluster: Cluster, unenforced: str, provider: Kubernetes
) -> None:
    with pytest.raises(
        Unsupported, match=f"does not enforce NetworkPolicy: .* probe on {unenforced} still reaches"
    ):
        provider.confine()
    with pytest.raises(Unsupported, match="does not enforce NetworkPolicy"):
        provider.way_out("bumble")
    wait_for(lambda: not left(cluster), "no policy and no probe", 30)


@pytest.mark.usefixtures("whole")
def test_a_policy_that_lets_the_pods_out_is_named(cluster: Cluster, provider: Kubernetes) -> None:
    policy = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "chart", "namespace": NAMESPACE},
        "spec": {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{}]},
    }
    apply(cluster, [policy])
    try:
        with pytest.raises(Unsupported, match="NetworkPolicy chart lets the candidate's pods out"):
            provider.confine()
    finally:
        cluster.kubectl("delete", "networkpolicy", "chart", "--namespace", NAMESPACE)
    assert left(cluster) == []


# -- a singleton behind three forwarders


@pytest.fixture
def forwarders(cluster: Cluster, keys: Mapping[str, str]) -> Iterator[None]:
    """One control with one disk, and three pods, one on each node, that only forward to it."""
    assert keys
    cluster.make_disk("bumble", "zfs")
    apply(cluster, control.volumes("zfs", "openebs-zfs", ["bumble"]))
    single = str(Path(__file__).with_name("singleton.yaml"))
    cluster.kubectl("apply", "--filename", single)
    control.wait_ready(cluster, "deployment/single", 1)
    service = control.address(cluster, "single")
    apply(cluster, [gateways(service)])
    control.wait_ready(cluster, "statefulset/gateway", 3)
    yield
    cluster.kubectl("delete", "statefulset", "gateway", "--namespace", NAMESPACE)
    cluster.kubectl("delete", "--filename", single)
    cluster.kubectl("delete", "persistentvolume", "zfs-bumble")


def gateways(service: str) -> object:
    forward = ["/bin/busybox", "nc", "-ll", "-p"]
    containers = [
        {
            "name": name,
            "image": SANDBOX_IMAGE,
            "imagePullPolicy": "Never",
            "command": [*forward, str(port), "-e", "/bin/busybox", "nc", service, str(port)],
        }
        for name, port in (("s3", 9000), ("admin", 9001))
    ]
    labels = {"app.kubernetes.io/name": "gateway"}
    spread = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": labels}}
    affinity = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [spread]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "gateway", "namespace": NAMESPACE},
        "spec": {
            "serviceName": "gateway",
            "replicas": 3,
            "podManagementPolicy": "Parallel",
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"terminationGracePeriodSeconds": 1, "affinity": affinity, "containers": containers},
            },
        },
    }


def test_three_forwarders_to_a_singleton_are_not_whole_once_they_are_confined(
    cluster: Cluster,
    keys: Mapping[str, str],
    forwarders: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("readiness.providers.kubernetes.provider.CONFINED_SECONDS", 20.0)
    path = candidate_file(cluster, tmp_path)
    text = path.read_text("utf-8")
    old = '"app.kubernetes.io/name=ha-control,app.kubernetes.io/instance=state"'
    assert old in text
    text = text.replace(old, '"app.kubernetes.io/name=gateway"').replace(
        "[kubernetes.service]\n", "[unused]\n"
    )
    text = text.replace('[unused]\nname = "state"\nport = 9000\nvia = "address"\n', "")
    text = text.replace('whole = ["python3", "control_admin.py", "whole"]\n', "")
    path.write_text(text, "utf-8")
    provider = Kubernetes(load(str(path)), run_dir=tmp_path)
    provider.start()
    try:
        with pytest.raises(Unsupported, match="it may need something that it does not declare"):
            provider.confine()
        assert left(cluster) == []
        assert provider.stored_bytes("honey") < MIB, "a forwarder has nothing but the token of its account"
    finally:
        provider.stop()


# -- one run at a time, and which cluster


@pytest.mark.usefixtures("whole")
def test_a_second_run_is_kept_off_and_a_pinned_cluster_is_the_only_one(
    cluster: Cluster, provider: Kubernetes, make: Make
) -> None:
    uid = cluster.get("namespace", "kube-system")["metadata"]["uid"]
    assert provider.versions()["cluster uid"] == uid
    assert provider.lock
    second = make(("namespace =", f'cluster_uid = "{uid}"\nnamespace ='))
    with pytest.raises(UsageError, match=r"run .* is still going on against this candidate \(lease"):
        second.start()
    other = make(("namespace =", 'cluster_uid = "another"\nnamespace ='))
    with pytest.raises(UsageError, match=rf"has the uid {uid}, and kubernetes\.cluster_uid is another"):
        other.start()


def test_a_selector_that_reaches_a_protected_stack_is_refused(make: Make) -> None:
    guarded = make(('crash = "delete"', 'protected = ["state"]'))  # the control's own label: instance=state
    with pytest.raises(UsageError, match="reaches pods of protected stacks"):
        guarded.start()


def test_the_rights_on_nodes_may_be_given_by_name(cluster: Cluster, keys: Mapping[str, str]) -> None:
    assert keys
    parts = [control.DEPLOY / f"suite/{name}.yaml" for name in ("service-account", "role")]
    for path in parts:
        cluster.kubectl("apply", "--namespace", NAMESPACE, "--filename", str(path))
    cluster.kubectl("apply", "--kustomize", str(control.DEPLOY / "suite/nodes-by-name"))
    try:
        account = f"system:serviceaccount:{NAMESPACE}:readiness"

        def may(name: str) -> str:
            asked = {"verb": "patch", "resource": "nodes", "name": name}
            review = {
                "apiVersion": "authorization.k8s.io/v1",
                "kind": "SubjectAccessReview",
                "spec": {"user": account, "resourceAttributes": asked},
            }
            path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
            message = cluster.kubectl("create", "--raw", path, "--filename", "-", text=json.dumps(review))
            return str(json.loads(message)["status"]["allowed"])

        assert [may(node) for node in NODES] == ["True"] * 3
        assert may("another") == "False"
    finally:
        cluster.kubectl("delete", "--kustomize", str(control.DEPLOY / "suite/nodes-by-name"))
        for path in reversed(parts):
            cluster.kubectl("delete", "--namespace", NAMESPACE, "--filename", str(path))
