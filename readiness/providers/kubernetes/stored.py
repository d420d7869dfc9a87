"""How many bytes a node stores of the candidate: the kubelet's volume statistics, read through the API server.

Source: `/stats/summary` of the kubelet (k8s.io/kubelet/pkg/apis/stats/v1alpha1), which it renews once a minute by
default (`volumeStatsAggPeriod`). `usedBytes` is that of the volume's whole file system for most kinds of volumes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kubernetes.client.exceptions import ApiException

from readiness.providers.kubernetes.api import Cluster, why
from readiness.providers.kubernetes.pods import Pod

Raw = Mapping[str, Any]
FRESH_SECONDS, INTERVAL = 150.0, 0.5


@dataclass(frozen=True)
class Measured:
    """One volume as its kubelet has measured it. `at` is the kubelet's own time stamp, only compared with another one
    of that kubelet.
    """

    name: str
    used: int
    at: str


def measured(summary: Raw, pods: Iterable[Pod]) -> dict[str, Measured]:
    """The claimed volumes of these pods, by claim; of pods without a claim every volume, by pod and volume."""
    of = {pod.uid: pod for pod in pods}
    found = {}
    for entry in summary.get("pods") or []:
        pod = of.get((entry.get("podRef") or {}).get("uid", ""))
        for volume in (entry.get("volume") or []) if pod else []:
            claim = (volume.get("pvcRef") or {}).get("name")
            if "usedBytes" not in volume or (pod and pod.claims and not claim):
                continue
            name = (
                f"claim {claim}" if claim else f"volume {volume.get('name')} of pod {pod.name if pod else ''}"
            )
            found[name] = Measured(name, int(volume["usedBytes"]), str(volume.get("time", "")))
    return found


def shared(pods: Iterable[Pod]) -> dict[str, list[str]]:
    """Claims that pods of several nodes use, each with those nodes: what such a volume stores is of no one node."""
    nodes: dict[str, set[str]] = {}
    for pod in pods:
        for claim in pod.claims if pod.node else ():
            nodes.setdefault(claim, set()).add(pod.node)
    return {claim: sorted(found) for claim, found in nodes.items() if len(found) > 1}


def stored_bytes(cluster: Cluster, node: str, pods: Callable[[], list[Pod]]) -> int:
    """What the candidate's volumes on that node take, measured after this was called. Raises OSError."""
    if both := shared(pods()):
        claim, nodes = next(iter(both.items()))
        raise OSError(f"claim {claim} is mounted on {' and '.join(nodes)}: what it stores is of no one node")

    def look() -> dict[str, Measured]:
        here = [pod for pod in pods() if pod.node == node]
        if not here:
            raise OSError(f"no pod of the candidate is on {node}: its volumes are not measured")
        return measured(_summary(cluster, node), here)

    first, deadline = look(), time.monotonic() + FRESH_SECONDS
    while time.monotonic() < deadline:
        now = look()
        if now and all(one.at != first[name].at for name, one in now.items() if name in first):
            return sum(one.used for one in now.values())
        time.sleep(INTERVAL)
    if not first:
        raise OSError(f"the kubelet of {node} gives no statistics of the candidate's volumes")
    raise OSError(f"the kubelet of {node} measured the candidate's volumes not once in {FRESH_SECONDS:g} s")


def _summary(cluster: Cluster, node: str) -> Raw:
    call = cluster.core.connect_get_node_proxy_with_path
    try:
        found: Raw = cluster.read("get volume statistics", node, call, node, "stats/summary")
    except ApiException as error:
        raise OSError(f"the volume statistics of {node} cannot be read: {why(error)}") from None
    return found
