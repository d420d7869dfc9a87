"""What a namespace holds of a store, listed and never changed: what a candidate file is proposed from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from kubernetes import client
from kubernetes.client.exceptions import ApiException

from readiness.declare.known_stores import Raw
from readiness.errors import UsageError
from readiness.providers.engine.record import Record
from readiness.providers.kubernetes.api import FORBIDDEN, NOT_FOUND, Cluster, client_of, items

_RULES = ("monitoring.coreos.com", "v1", "prometheusrules")


@dataclass(frozen=True)
class Surveyed:
    """The objects, as the API server gives them. Secrets are not read: pods say which of their keys they use.
    `budgets`: None where this account may not list them.
    """

    workloads: Sequence[Raw]
    services: Sequence[Raw] = ()
    budgets: Sequence[Raw] | None = ()
    rules: Sequence[Raw] = ()
    cluster_uid: str | None = None


def survey(context: str | None, kubeconfig: str | None, namespace: str) -> Surveyed:
    """Lists them. Raises UsageError where the cluster or the namespace cannot be read."""
    cluster = Cluster(client_of(context, kubeconfig), namespace, Record())
    apps = client.AppsV1Api(cluster.api)
    return Surveyed(
        [
            *_listed(cluster, "stateful sets", apps.list_namespaced_stateful_set),
            *_listed(cluster, "deployments", apps.list_namespaced_deployment),
        ],
        _listed(cluster, "services", cluster.core.list_namespaced_service),
        _budgets(cluster),
        _rules(cluster),
        _uid(cluster),
    )


def _listed(cluster: Cluster, what: str, call: Callable[..., Any]) -> list[dict[str, Any]]:
    try:
        return items(cluster.read("list", what, call, cluster.namespace))
    except ApiException as error:
        raise UsageError(f"the {what} of namespace {cluster.namespace} cannot be listed: {error}") from None
    except OSError as error:
        raise UsageError(str(error)) from None


def _budgets(cluster: Cluster) -> list[dict[str, Any]] | None:
    """None where this account may not list them."""
    call = cluster.policy.list_namespaced_pod_disruption_budget
    try:
        return items(cluster.read("list", "disruption budgets", call, cluster.namespace))
    except (ApiException, OSError):
        return None


def _rules(cluster: Cluster) -> list[dict[str, Any]]:
    """The objects of that kind, None where the cluster does not know it or does not show it."""
    group, version, plural = _RULES
    try:
        call = cluster.custom.list_namespaced_custom_object
        return items(cluster.read("list", plural, call, group, version, cluster.namespace, plural))
    except ApiException as error:
        if error.status in (FORBIDDEN, NOT_FOUND):
            return []
        raise UsageError(f"the {plural} of {cluster.namespace} cannot be listed: {error}") from None


def _uid(cluster: Cluster) -> str | None:
    try:
        found = cluster.read("get namespace", "kube-system", cluster.core.read_namespace, "kube-system")
    except (ApiException, OSError):
        return None
    return str(found["metadata"]["uid"])
