"""What the tests look at: the control's pods, the nodes, one instance's address, and what a run says in the end."""

from __future__ import annotations

import json
from pathlib import Path

from readiness.providers.kubernetes.holds import MARK
from readiness.providers.kubernetes.provider import Kubernetes
from tests.k8s.cluster import Cluster
from tests.k8s.control import NAMESPACE


def observed(found: dict[str, tuple[str, str]]) -> None:
    """S.1, S.2 and S.5 are PROVED by what was observed: no way out of the candidate's pods, and bytes that grew."""
    for id_ in ("S.1", "S.2", "S.5"):
        state, reason = found[id_]
        assert state == "PROVED"
        assert "no node's network has a way out" in reason
    assert "the bytes stored grew on 3 of 3 nodes" in found["S.2"][1]


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


def states(runs: Path, phases: range = range(5)) -> dict[str, tuple[str, str]]:
    """Every criterion's state and reason, of those phases, from the one evidence folder."""
    (folder,) = [path for path in runs.iterdir() if path.is_dir()]
    verdict = json.loads((folder / "verdict.json").read_text())
    return {row["id"]: (row["state"], row["reason"]) for row in verdict["criteria"] if row["phase"] in phases}
