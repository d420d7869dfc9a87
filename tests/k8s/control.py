"""The control on the cluster: its image, its disks, its Secret, and the candidate's file that leads to it."""

from __future__ import annotations

import base64
import json
import os
import secrets
import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from readiness import obtain
from tests.k8s.cluster import ROOT, Cluster
from tests.k8s.image import pack
from tests.k8s.keep import wait_for
from tests.k8s.plan import CONTEXT, NODES, SANDBOX_IMAGE

DEPLOY = ROOT / "deploy"
NAMESPACE = "tofu-state"
IMAGE = "docker.io/library/ha-control:1.0.0"
DISK = "state"
CACHES = "caches"
SILENCE_SECONDS = 25
MORE_MEMORY = {
    "op": "replace",
    "path": "/spec/template/spec/containers/0/resources/limits/memory",
    "value": "4Gi",
}
"""The disks of this cluster are in memory, so that what a pod stores counts against its limit."""


def install(cluster: Cluster) -> Mapping[str, str]:
    """Deploy the control and wait until all three pods are ready. Returns what is in its Secret."""
    archive = cluster.plan.folder / "control.tar"
    pack(archive, IMAGE, {"/ha-control": obtain.control()}, ["/ha-control"])
    cluster.import_image(archive)
    for node in NODES:
        cluster.make_disk(node, DISK)
    cluster.kubectl("apply", "--filename", str(DEPLOY / "control/namespace.yaml"))
    keys = _keys_there(cluster) or _new_keys()  # pods that run already have the old ones
    apply(cluster, [*volumes(DISK, "state-local"), secret("state-keys", keys)])
    cluster.kubectl("apply", "--kustomize", str(overlay(cluster.plan.folder / "control", "control", IMAGE)))
    cluster.kubectl("apply", "--filename", str(Path(__file__).with_name("cache.yaml")))
    wait_ready(cluster, "deployment/cache", 1, CACHES)
    wait_ready(cluster, "statefulset/state", 3)
    return keys


def overlay(folder: Path, base: str, image: str) -> Path:
    """A kustomization of that folder of deploy/ with the image that the lane has made, which has no digest to be pulled
    by.
    """
    folder.mkdir(exist_ok=True)
    name, tag = image.rsplit(":", 1)
    images = [{"name": name.rsplit("/", 1)[-1], "newName": name, "newTag": tag}]
    text = {
        "resources": [os.path.relpath(DEPLOY / base, folder.resolve())],
        "images": images,
        "patches": [{"patch": yaml.safe_dump([MORE_MEMORY]), "target": {"kind": "StatefulSet"}}],
    }
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(text), "utf-8")
    return folder


def _new_keys() -> dict[str, str]:
    return {
        "admin-access": f"admin{secrets.token_hex(6)}",
        "admin-secret": secrets.token_urlsafe(24),
        "read-only-access": f"reader{secrets.token_hex(6)}",
        "read-only-secret": secrets.token_urlsafe(24),
        "admin-token": secrets.token_urlsafe(24),
    }


def _keys_there(cluster: Cluster) -> dict[str, str]:
    """What the Secret of a control that was deployed before holds; empty if there is none."""
    found = cluster.get("secrets", "--namespace", NAMESPACE, "--field-selector", "metadata.name=state-keys")
    return {
        key: base64.b64decode(value).decode() for raw in found["items"] for key, value in raw["data"].items()
    }


def volumes(disk: str, storage_class: str, nodes: Iterable[str] = NODES) -> list[object]:
    """One local volume on each of the nodes."""
    return [
        {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": f"{disk}-{node}"},
            "spec": {
                "capacity": {"storage": "20Gi"},
                "accessModes": ["ReadWriteOnce"],
                "persistentVolumeReclaimPolicy": "Retain",
                "storageClassName": storage_class,
                "local": {"path": f"/mnt/disks/{disk}"},
                "nodeAffinity": {
                    "required": {
                        "nodeSelectorTerms": [
                            {
                                "matchExpressions": [
                                    {"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}
                                ]
                            }
                        ]
                    }
                },
            },
        }
        for node in nodes
    ]


def secret(name: str, values: Mapping[str, str], namespace: str = NAMESPACE) -> object:
    """A Secret."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace},
        "data": {key: base64.b64encode(value.encode()).decode() for key, value in values.items()},
    }


def apply(cluster: Cluster, objects: Iterable[object]) -> None:
    """Create or change these objects."""
    items = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
    cluster.kubectl("apply", "-f", "-", text=json.dumps(items))


def wait_ready(cluster: Cluster, workload: str, replicas: int, namespace: str = NAMESPACE) -> None:
    """Wait until a StatefulSet or Deployment has that many pods, all ready (its status lags). Raises TimeoutError."""
    labels = cluster.get(workload, "--namespace", namespace)["spec"]["selector"]["matchLabels"]
    selector = ",".join(f"{key}={value}" for key, value in labels.items())

    def ready() -> bool:
        pods = cluster.get("pods", "--namespace", namespace, "--selector", selector)["items"]
        return len(pods) == replicas and all(map(is_ready, pods))

    wait_for(ready, f"{replicas} ready pods of {workload}", 120)


def is_ready(pod: Mapping[str, Any]) -> bool:
    """Whether the pod is ready and stays."""
    conditions = pod["status"].get("conditions", ())
    ready = any((entry["type"], entry["status"]) == ("Ready", "True") for entry in conditions)
    return ready and "deletionTimestamp" not in pod["metadata"]


def candidate_file(cluster: Cluster, folder: Path) -> Path:
    """The candidate's file of deploy/suite, but reached from this machine, and with the hooks that the cluster has."""
    text = (DEPLOY / "suite/candidate.toml").read_text(encoding="utf-8")
    text = text.replace(
        'context = "in-cluster"',
        f"context = {json.dumps(CONTEXT)}\nkubeconfig = {json.dumps(str(cluster.kubeconfig()))}",
    )
    # What the file promises is for the usual grace of the node monitor, 40 s; here it is 12 s.
    text = text.replace("silence = 50", f"silence = {SILENCE_SECONDS}")
    text = isolated(cluster, text)
    cache = f"http://{address(cluster, 'cache', CACHES)}"
    text = text.replace('["http://attic.attic.svc"]', json.dumps([cache]))
    program = ["env", f"PYTHONPATH={ROOT}", sys.executable, "-m", "tests.k8s.cluster"]
    hooks = "\n".join(
        f"{verb} = {json.dumps([*program, '--dir', str(cluster.plan.folder), verb, '{node}'])}"
        for verb in ("freeze", "thaw", "unplug", "plug", "wipe", "files")
    )
    shutil.copy(DEPLOY / "suite/control_admin.py", folder)
    path = folder / "control-on-kubernetes.toml"
    path.write_text(text.replace("[kubernetes.hooks]\n", f"[kubernetes.hooks]\n{hooks}\n"), "utf-8")
    return path


def isolated(cluster: Cluster, text: str) -> str:
    """That candidate's file with the lane's image of probes, its name server, and where its kube-proxy masquerades."""
    usual = 'image = "docker.io/library/busybox@sha256:name-the-digest-of-your-image"'
    assert usual in text
    networks = "".join(f'\n{name} = ["{cluster.plan.control_plane}/32"]' for name in ("dns", "allow_from"))
    return text.replace(usual, f'image = "{SANDBOX_IMAGE}"{networks}')


def environment(cluster: Cluster, keys: Mapping[str, str]) -> dict[str, str]:
    """What control_admin.py needs in the environment of a run."""
    service = address(cluster, "state")
    return {"CONTROL_ADMIN": f"http://{service}:9001", "CONTROL_ADMIN_TOKEN": keys["admin-token"]}


def address(cluster: Cluster, service: str, namespace: str = NAMESPACE) -> str:
    """The cluster's address of a Service."""
    return str(cluster.get("service", service, "--namespace", namespace)["spec"]["clusterIP"])
