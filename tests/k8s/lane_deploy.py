"""What is in deploy/ is admitted by the real API server, with the operator's image, and says what a candidate must."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.k8s.cluster import Cluster
from tests.k8s.control import DEPLOY
from tests.k8s.lane_job import PARTS

IMAGE = "registry.example:5000/team/store:7"


def overlay(folder: Path, base: str, image: str) -> Path:
    """An operator's kustomization: the base, with an image of their own."""
    name, tag = IMAGE.rsplit(":", 1)
    text: dict[str, Any] = {"resources": [os.path.relpath(DEPLOY / base, folder)]}
    if image:
        text["images"] = [{"name": image, "newName": name, "newTag": tag}]
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(text), encoding="utf-8")
    return folder


def render(cluster: Cluster, folder: Path) -> list[dict[str, Any]]:
    return [item for item in yaml.safe_load_all(cluster.kubectl("kustomize", str(folder))) if item]


def of_kind(items: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [item for item in items if item["kind"] == kind]


@pytest.mark.parametrize(
    ("base", "image"),
    [
        ("control", "ha-control"),
        ("rustfs", "rustfs/rustfs"),
        ("suite", "readiness"),
        *((part, "") for part in PARTS[1:]),
    ],
)
def test_it_is_admitted(
    cluster: Cluster, keys: Mapping[str, str], tmp_path: Path, base: str, image: str
) -> None:
    assert keys  # the namespace is there
    folder = overlay(tmp_path, base, image)
    items = render(cluster, folder)
    message = cluster.kubectl(
        "apply", "--kustomize", str(folder), "--server-side", "--force-conflicts", "--dry-run=server"
    )
    assert message.count("serverside-applied (server dry run)") == len(items)
    images = {
        container["image"]
        for kind in ("StatefulSet", "Job")
        for item in of_kind(items, kind)
        for container in item["spec"]["template"]["spec"]["containers"]
    }
    assert images == ({IMAGE} if image else set())


@pytest.mark.parametrize(("base", "disks"), [("control", 1), ("rustfs", 2)])
def test_a_candidate_is_spread_over_nodes_and_disks(cluster: Cluster, base: str, disks: int) -> None:
    items = render(cluster, DEPLOY / base)
    (workload,) = of_kind(items, "StatefulSet")
    spec = workload["spec"]
    labels = spec["template"]["metadata"]["labels"]
    assert spec["replicas"] == 3
    assert len(spec["volumeClaimTemplates"]) == disks
    (rule,) = spec["template"]["spec"]["affinity"]["podAntiAffinity"][
        "requiredDuringSchedulingIgnoredDuringExecution"
    ]
    assert rule["topologyKey"] == "kubernetes.io/hostname"
    assert rule["labelSelector"]["matchLabels"].items() <= labels.items()
    (budget,) = of_kind(items, "PodDisruptionBudget")
    assert budget["spec"]["maxUnavailable"] == 1
    selectors = [spec["selector"]["matchLabels"], budget["spec"]["selector"]["matchLabels"]]
    services = of_kind(items, "Service")
    selectors += [service["spec"]["selector"] for service in services]
    assert all(selector and selector.items() <= labels.items() for selector in selectors)
    assert sorted(service["spec"].get("clusterIP", "") for service in services) == ["", "None"]
    (container,) = spec["template"]["spec"]["containers"]
    assert container["readinessProbe"]["httpGet"]
    assert not of_kind(items, "Secret")
    (rules,) = of_kind(items, "ConfigMap")
    assert yaml.safe_load(rules["data"]["alerts.yaml"])["groups"]


def test_the_reader_of_results_is_admitted(cluster: Cluster, keys: Mapping[str, str]) -> None:
    assert keys
    path = str(DEPLOY / "suite/reader")
    message = cluster.kubectl("apply", "--kustomize", path, "--namespace", "tofu-state", "--dry-run=server")
    assert "created (server dry run)" in message
