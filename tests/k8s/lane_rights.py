"""A ServiceAccount with exactly what deploy/suite grants can do all that the provider needs, and nothing else."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from readiness.candidate.load import load
from readiness.providers.kubernetes.rights import BYTES, ISOLATION, needed
from tests.k8s.cluster import Cluster
from tests.k8s.control import DEPLOY, NAMESPACE, apply, candidate_file, secret

ACCOUNT = f"{NAMESPACE}.readiness"
Rule = tuple[str, str, str]  # verb, group, resource

# What every account may do: ask who it is and what it may. Kubernetes' own role system:basic-user.
EVERYBODY = {
    ("create", "authorization.k8s.io", "selfsubjectaccessreviews"),
    ("create", "authorization.k8s.io", "selfsubjectrulesreviews"),
    ("create", "authentication.k8s.io", "selfsubjectreviews"),
}
ELSEWHERE = (BYTES, ISOLATION)
"""Parts whose rights are granted by roles of their own."""
# Read by name: one Secret, one ConfigMap.
BY_NAME = {("get", "", "secrets"), ("get", "", "configmaps")}


@pytest.fixture(scope="module")
def account(cluster: Cluster, keys: Mapping[str, str]) -> Iterator[str]:
    """The account of deploy/suite, without the optional rights on nodes; there is a Secret that is not its business."""
    assert keys
    for name in ("service-account", "role"):
        cluster.kubectl("apply", "--namespace", NAMESPACE, "--filename", str(DEPLOY / f"suite/{name}.yaml"))
    apply(cluster, [secret("not-yours", {"a": "b"})])
    cluster.service_account(NAMESPACE, "readiness")
    yield ACCOUNT
    for name in ("role", "service-account"):
        cluster.kubectl("delete", "--namespace", NAMESPACE, "--filename", str(DEPLOY / f"suite/{name}.yaml"))
    cluster.kubectl("delete", "secret", "not-yours", "--namespace", NAMESPACE)


@pytest.fixture
def on_nodes(cluster: Cluster, account: str) -> Iterator[str]:
    """The same account with the optional rights on nodes."""
    cluster.kubectl("apply", "--kustomize", str(DEPLOY / "suite/nodes"))
    yield account
    cluster.kubectl("delete", "--kustomize", str(DEPLOY / "suite/nodes"))


def granted(cluster: Cluster, user: str, namespace: str) -> set[Rule]:
    """All rules that hold for the user there, as the API server says."""
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": namespace},
    }
    path = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"
    message = json.loads(
        cluster.kubectl("create", "--raw", path, "--filename", "-", user=user, text=json.dumps(review))
    )
    assert not message["status"].get("incomplete")
    return {
        (verb, group, resource)
        for rule in message["status"]["resourceRules"]
        for verb in rule["verbs"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    } - EVERYBODY


def wanted(cluster: Cluster, folder: Path) -> tuple[set[Rule], set[Rule]]:
    """What the provider says it needs for this candidate: in the namespace, and in the whole cluster."""
    declared = load(str(candidate_file(cluster, folder))).candidate.kubernetes
    assert declared is not None
    parts = {part: rights for part, rights in needed(declared).items() if part not in (*ELSEWHERE, "wipe")}
    rights = {right for rights in parts.values() for right in rights}
    inside = {(right.verb, right.group, right.resource) for right in rights if not right.everywhere}
    return inside | BY_NAME, {
        (right.verb, right.group, right.resource) for right in rights if right.everywhere
    }


def test_the_role_grants_what_is_needed_and_no_more(cluster: Cluster, account: str, tmp_path: Path) -> None:
    inside, _ = wanted(cluster, tmp_path)
    assert granted(cluster, account, NAMESPACE) == inside
    assert granted(cluster, account, "default") == set()


def test_the_cluster_role_grants_what_faults_on_nodes_need_and_no_more(
    cluster: Cluster, on_nodes: str, tmp_path: Path
) -> None:
    _, everywhere = wanted(cluster, tmp_path)
    assert granted(cluster, on_nodes, "default") == everywhere


@pytest.mark.parametrize(("folder", "part"), [("isolation", ISOLATION), ("volume-statistics", BYTES)])
def test_an_optional_role_grants_its_part_and_no_more(
    cluster: Cluster, account: str, tmp_path: Path, folder: str, part: str
) -> None:
    declared = load(str(candidate_file(cluster, tmp_path))).candidate.kubernetes
    assert declared is not None
    before = {place: granted(cluster, account, place) for place in (NAMESPACE, "default")}
    cluster.kubectl("apply", "--kustomize", str(DEPLOY / "suite" / folder))
    try:
        after = {place: granted(cluster, account, place) for place in (NAMESPACE, "default")}
    finally:
        cluster.kubectl("delete", "--kustomize", str(DEPLOY / "suite" / folder))
    wanted = {(right.verb, right.group, right.resource): right.everywhere for right in needed(declared)[part]}
    everywhere = {rule for rule, cluster_wide in wanted.items() if cluster_wide}
    assert after["default"] - before["default"] == everywhere
    assert after[NAMESPACE] - before[NAMESPACE] == set(wanted) - before[NAMESPACE]


def refused(cluster: Cluster, user: str, *words: str) -> bool:
    """Whether the API server forbids that call."""
    try:
        cluster.kubectl(*words, user=user)
    except subprocess.CalledProcessError as error:
        if "(Forbidden)" not in error.stderr:
            raise
        return True
    return False


@pytest.mark.parametrize(
    "words",
    [
        ("get", "pods", "--namespace", NAMESPACE),
        ("get", "secret", "state-keys", "--namespace", NAMESPACE),
        ("get", "configmap", "state-alerts", "--namespace", NAMESPACE),
        ("logs", "state-0", "--namespace", NAMESPACE, "--tail", "1"),
    ],
)
def test_calls_that_it_may_make(cluster: Cluster, account: str, words: tuple[str, ...]) -> None:
    assert not refused(cluster, account, *words)


@pytest.mark.parametrize(
    "words",
    [
        ("get", "secret", "not-yours", "--namespace", NAMESPACE),
        ("get", "secrets", "--namespace", NAMESPACE),
        ("get", "pods", "--namespace", "default"),
        ("delete", "statefulset", "state", "--namespace", NAMESPACE),
        ("delete", "pvc", "data-state-0", "--namespace", NAMESPACE),
        ("scale", "statefulset", "state", "--replicas", "0", "--namespace", NAMESPACE),
        ("exec", "state-0", "--namespace", NAMESPACE, "--", "/ha-control", "version"),
        ("cordon", "bumble"),
        ("get", "nodes"),
    ],
)
def test_calls_that_it_may_not_make(cluster: Cluster, account: str, words: tuple[str, ...]) -> None:
    assert refused(cluster, account, *words)
