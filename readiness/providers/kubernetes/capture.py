"""Failure capture: what the API server can tell of the candidate, by reading only."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from kubernetes.client.exceptions import ApiException

from readiness.providers.kubernetes.api import Cluster, items, why
from readiness.providers.kubernetes.seats import Seats

LINES, EVENTS = 60, 80
LOG_SECONDS = {"_request_timeout": (3.0, 5.0)}
Raw = Mapping[str, Any]


def capture(cluster: Cluster, seats: Seats) -> dict[str, str]:
    """Pods, events, logs (those before a restart too), endpoints, claims, budgets; secrets are in it still."""
    core, space = cluster.core, cluster.namespace
    pods = seats.all()
    names = (
        {pod.name for pod in pods}
        | {pod.owner_name for pod in pods}
        | {c for pod in pods for c in pod.claims}
    )
    raw_pods: list[Raw] = []

    def of_pods() -> str:
        raw_pods.extend(
            cluster.read("get pod", pod.name, core.read_namespaced_pod, pod.name, space) for pod in pods
        )
        return "\n\n".join(_pod(raw) for raw in raw_pods)

    def of_events() -> str:
        return _events(items(cluster.read("list events", space, core.list_namespaced_event, space)), names)

    found = {
        "pods": _or_why_not(of_pods),
        "events": _or_why_not(of_events),
        "endpoints": _or_why_not(
            lambda: _list(cluster, "endpointslices", cluster.discovery.list_namespaced_endpoint_slice)
        ),
        "claims": _or_why_not(lambda: _list(cluster, "claims", core.list_namespaced_persistent_volume_claim)),
        "budgets": _or_why_not(
            lambda: _list(cluster, "budgets", cluster.policy.list_namespaced_pod_disruption_budget)
        ),
    }
    for raw in raw_pods:
        found |= _logs(cluster, raw)
    return found


def _or_why_not(look: Callable[[], str]) -> str:
    try:
        return look()
    except ApiException as error:
        return f"not readable: {why(error)}"
    except OSError as error:
        return f"not readable: {error}"


def _pod(raw: Raw) -> str:
    meta = raw["metadata"]
    shown = {
        "uid": meta["uid"],
        "deletionTimestamp": meta.get("deletionTimestamp"),
        "nodeName": (raw.get("spec") or {}).get("nodeName"),
        "status": raw.get("status"),
    }
    return f"{meta['name']}\n{json.dumps(shown, indent=1)}"


def _events(events: list[dict[str, Any]], names: set[str]) -> str:
    about = [event for event in events if (event.get("involvedObject") or {}).get("name") in names]
    lines = [
        f"{_when(event)} {event.get('type')} {event.get('reason')} "
        f"{event['involvedObject'].get('kind')}/{event['involvedObject'].get('name')}: {event.get('message')}"
        for event in about
    ]
    return "\n".join(sorted(lines)[-EVENTS:])


def _when(event: Raw) -> str:
    return str(
        event.get("lastTimestamp") or event.get("eventTime") or event["metadata"].get("creationTimestamp")
    )


def _list(cluster: Cluster, what: str, call: Callable[..., Any]) -> str:
    answer = cluster.read(f"list {what}", cluster.namespace, call, cluster.namespace)
    for raw in items(answer):
        raw["metadata"].pop("managedFields", None)
        raw["metadata"].pop("annotations", None)
    return "\n".join(json.dumps(raw, sort_keys=True) for raw in items(answer))


def _logs(cluster: Cluster, raw: Raw) -> dict[str, str]:
    found = {}
    name = raw["metadata"]["name"]
    for container in (raw.get("spec") or {}).get("containers") or []:
        of = f"{name}-{container['name']}"
        look = partial(_log, cluster, name, container["name"])
        found[f"log-{of}"] = _or_why_not(partial(look, previous=False))
        if _has_previous(raw, container["name"]):
            found[f"log-{of}-previous"] = _or_why_not(partial(look, previous=True))
    return found


def _log(cluster: Cluster, pod: str, container: str, *, previous: bool) -> str:
    call = cluster.core.read_namespaced_pod_log
    wanted = {"container": container, "previous": previous, "tail_lines": LINES}
    return cluster.text(
        "get log", f"{pod}/{container}", call, pod, cluster.namespace, **wanted, **LOG_SECONDS
    )


def _has_previous(raw: Raw, container: str) -> bool:
    statuses = (raw.get("status") or {}).get("containerStatuses") or []
    return any(s.get("name") == container and s.get("restartCount") for s in statuses)
