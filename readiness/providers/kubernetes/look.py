"""What a cluster says of a candidate besides its pods: volumes, budgets, alert rules, versions, its nodes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from kubernetes import client
from kubernetes.client.exceptions import ApiException

from readiness.errors import UsageError
from readiness.providers.kubernetes.api import Cluster, items, why
from readiness.providers.kubernetes.facts import (
    budgets_of,
    guarded_by,
    unhealthy,
    volume_fact,
    without_claim,
)
from readiness.providers.kubernetes.holds import cordoned, hold_of
from readiness.providers.kubernetes.pods import Pod
from readiness.providers.kubernetes.rights import IDENTITY
from readiness.providers.kubernetes.wipe import claims_of
from readiness.topology import VolumeFact

Raw = Mapping[str, Any]


def volumes(cluster: Cluster, pods: Iterable[Pod]) -> tuple[VolumeFact, ...]:
    """Where the data of these pods lies, as claims, volumes, storage classes and nodes say. Raises OSError."""
    try:
        nodes = items(cluster.read("list nodes", "all", cluster.core.list_node))
    except ApiException:
        nodes = []  # the volume's own words must do
    facts: list[VolumeFact] = []
    try:
        for pod in pods:
            claims = claims_of(cluster, pod)
            facts += [volume_fact(pod, c.raw, c.volume, c.storage_class, nodes) for c in claims]
            if not claims:
                facts.append(without_claim(pod))
    except ApiException as error:
        raise OSError(f"the volumes cannot be read: {why(error)}") from None
    return tuple(dict.fromkeys(facts))


def budget_problem(cluster: Cluster, pods: list[Pod]) -> str | None:
    """What the budgets that protect these pods lack to be healthy; None if nothing."""
    found = budgets(cluster, pods)
    return next((problem for budget in found if (problem := unhealthy(budget))), None)


def budgets(cluster: Cluster, pods: list[Pod]) -> list[Raw]:
    """The PodDisruptionBudgets that protect any of these pods."""
    answer = cluster.ask(cluster.policy.list_namespaced_pod_disruption_budget, cluster.namespace)
    return budgets_of(items(answer), pods)


def alert_rules(cluster: Cluster, reference: str) -> str | None:
    """The text of "ConfigMap/NAME/KEY" or "PrometheusRule/NAME"; None if it is the name of a file. Raises OSError."""
    kind, _, rest = reference.partition("/")
    try:
        if kind == "ConfigMap":
            name, _, key = rest.partition("/")
            call = cluster.core.read_namespaced_config_map
            data = cluster.read("get configmap", name, call, name, cluster.namespace).get("data") or {}
            if key not in data:
                has = ", ".join(sorted(data)) or "none"
                raise OSError(f'ConfigMap {name} has no key "{key}"; it has {has}')
            return str(data[key])
        if kind == "PrometheusRule":
            where = ("monitoring.coreos.com", "v1", cluster.namespace, "prometheusrules", rest)
            get = cluster.custom.get_namespaced_custom_object
            return json.dumps(cluster.read("get prometheusrule", rest, get, *where))
    except ApiException as error:
        raise OSError(f"{reference}: {why(error)}") from None
    return None


def versions(cluster: Cluster, raw_pods: Iterable[Raw]) -> dict[str, str]:
    """The cluster's version, and for each container the images that run, with the digests that the nodes report."""
    try:
        answer = cluster.read("get version", "cluster", client.VersionApi(cluster.api).get_code)
        kubernetes = str(answer.get("gitVersion"))
    except (ApiException, OSError) as error:
        kubernetes = f"unknown: {error}"
    found: dict[str, set[str]] = {}
    for raw in raw_pods:
        for status in (raw.get("status") or {}).get("containerStatuses") or []:
            image = f"{status.get('image', '')} {status.get('imageID', '')}".strip()
            found.setdefault(str(status["name"]), set()).add(image)
    return {"kubernetes": kubernetes} | {name: ", ".join(sorted(seen)) for name, seen in found.items()}


def cluster_uid(cluster: Cluster) -> str | None:
    """What distinguishes this cluster from every other: the uid of its namespace kube-system. None if it may not be
    read.
    """
    try:
        found = cluster.read("get namespace", IDENTITY, cluster.core.read_namespace, IDENTITY)
    except ApiException as error:
        if error.status in (401, 403):
            return None
        raise
    return str(found["metadata"]["uid"])


def check_cluster(uid: str | None, pinned: str | None, context: str) -> None:
    """Raises UsageError if this is not the cluster that the candidate file pins."""
    if pinned is None or uid == pinned:
        return
    what = f"has the uid {uid}" if uid else f"does not let its uid be read (right: get namespaces {IDENTITY})"
    raise UsageError(
        f'the cluster of context "{context}" {what}, and kubernetes.cluster_uid is {pinned}: correct the context, or '
        "the pin if the cluster was made anew"
    )


def check_protected(pods: Iterable[Pod], protected: Iterable[str]) -> None:
    """Raises UsageError if a selector reaches pods of a protected stack: they would be deleted as the candidate's."""
    if found := guarded_by(pods, protected):
        raise UsageError(
            f"kubernetes.pods: the selector reaches pods of protected stacks ({', '.join(found[:3])}): they would be "
            "deleted and evicted as the candidate's own; correct kubernetes.namespace or the selector, or take the "
            "stack out of kubernetes.protected if it is the candidate"
        )


def check_nodes(cluster: Cluster, nodes: Iterable[str], context: str) -> None:
    """Raises UsageError if one of these nodes is cordoned already: a pod that leaves it would not come back."""
    for name in nodes:
        node = cluster.read("get node", name, cluster.core.read_node, name)
        if hold := hold_of(node):
            raise UsageError(
                f"node {name} is held by another run ({hold.run}); if that is over: python -m "
                f"readiness.providers.kubernetes.undo --context {context} --node {name}"
            )
        if cordoned(node):
            raise UsageError(
                f"node {name} is cordoned: a pod that leaves it would not come back; uncordon it first"
            )
