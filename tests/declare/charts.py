"""What stores look like in a namespace: objects as their charts and operators make them, as they are listed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from readiness.declare.cluster_survey import Surveyed
from readiness.paths import ROOT

Raw = dict[str, Any]
Ports = Mapping[str, int]


def container(image: str, ports: Ports, env: Mapping[str, tuple[str, str]], **more: Any) -> Raw:
    refs = [
        {"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}}
        for name, (secret, key) in env.items()
    ]
    declared = [{"name": name, "containerPort": port} for name, port in ports.items()]
    return {"name": "main", "image": image, "env": refs, "ports": declared, **more}


def workload(
    name: str, labels: Mapping[str, str], *inside: Raw, replicas: int = 1, stateful: bool = True
) -> Raw:
    spec: Raw = {
        "replicas": replicas,
        "selector": {"matchLabels": dict(labels)},
        "template": {"metadata": {"labels": dict(labels)}, "spec": {"containers": list(inside)}},
    }
    return {"metadata": {"name": name}, "spec": spec | ({"serviceName": f"{name}-peers"} if stateful else {})}


def service(name: str, selector: Mapping[str, str], port: int, target: int | str, **more: Any) -> Raw:
    return {
        "metadata": {"name": name},
        "spec": {
            "clusterIP": "10.96.0.7",
            "selector": dict(selector),
            "ports": [{"name": "s3", "port": port, "targetPort": target}],
            **more,
        },
    }


def deployed(folder: str, labels: Mapping[str, str]) -> Surveyed:
    """What this repository deploys, with the labels that kustomize adds."""

    def read(name: str) -> Iterable[Raw]:
        return yaml.safe_load_all((ROOT / "deploy" / folder / name).read_text("utf-8"))

    (made,) = read("stateful-set.yaml")
    made["spec"]["selector"] = {"matchLabels": dict(labels)}
    made["spec"]["template"].setdefault("metadata", {})["labels"] = dict(labels)
    services = [each for each in read("services.yaml") if each["kind"] == "Service"]
    for each in services:
        each["spec"]["selector"] = dict(labels) | (each["spec"].get("selector") or {})
    budget = {
        "metadata": {"name": "b"},
        "spec": {"selector": {"matchLabels": dict(labels)}, "maxUnavailable": 1},
    }
    return Surveyed([made], services, [budget], [{"metadata": {"name": "state"}}], "uid-of-kube-system")


def control() -> Surveyed:
    return deployed(
        "control", {"app.kubernetes.io/name": "ha-control", "app.kubernetes.io/instance": "state"}
    )


def rustfs() -> Surveyed:
    return deployed("rustfs", {"app.kubernetes.io/name": "rustfs", "app.kubernetes.io/instance": "rustfs"})


def minio_chart(replicas: int = 4) -> Surveyed:
    labels = {"app": "minio", "release": "minio"}
    env = {"MINIO_ROOT_USER": ("minio", "rootUser"), "MINIO_ROOT_PASSWORD": ("minio", "rootPassword")}
    image = "quay.io/minio/minio:RELEASE.2024-12-18T13-15-44Z"
    made = workload(
        "minio", labels, container(image, {"http": 9000, "http-console": 9001}, env), replicas=replicas
    )
    services = [
        service("minio-console", labels, 9001, 9001),
        service("minio-svc", labels, 9000, 9000, clusterIP="None"),
        service("minio", labels, 9000, 9000),
    ]
    return Surveyed([made], services)


def minio_operator() -> Surveyed:
    labels = {"v1.min.io/tenant": "state", "v1.min.io/pool": "pool-0"}
    made = workload(
        "state-pool-0",
        labels,
        container("quay.io/minio/minio:RELEASE.2024-10-02T17-50-41Z", {"https-minio": 9000}, {}),
        container("quay.io/minio/operator-sidecar:v7.0.0", {}, {}),
        replicas=4,
    )
    services = [
        service("state-hl", {"v1.min.io/tenant": "state"}, 9000, 9000, clusterIP="None"),
        service("minio", {"v1.min.io/tenant": "state"}, 443, 9000),
    ]
    return Surveyed([made], services)


def seaweedfs() -> Surveyed:
    def part(role: str, ports: Ports, replicas: int) -> Raw:
        labels = {"app.kubernetes.io/name": "seaweedfs", "app.kubernetes.io/component": role}
        image = "chrislusf/seaweedfs:3.80"
        return workload(f"seaweedfs-{role}", labels, container(image, ports, {}), replicas=replicas)

    parts = [
        part("master", {"swfs-master": 9333}, 3),
        part("volume", {"swfs-vol": 8080}, 3),
        part("filer", {"swfs-filer": 8888, "swfs-s3": 8333}, 2),
    ]
    selector = {"app.kubernetes.io/name": "seaweedfs", "app.kubernetes.io/component": "filer"}
    return Surveyed(parts, [service("seaweedfs-s3", selector, 8333, 8333)])


def rook() -> Surveyed:
    def part(name: str, app: str, image: str = "quay.io/ceph/ceph:v19.2.1", replicas: int = 1) -> Raw:
        labels = {"app": app, "ceph_daemon_id": name}
        return workload(name, labels, container(image, {}, {}), replicas=replicas, stateful=False)

    daemons = ["rook-ceph-mon-a", "rook-ceph-mon-b", "rook-ceph-mgr-a", "rook-ceph-osd-0", "rook-ceph-osd-1"]
    parts = [part(name, name.rsplit("-", 1)[0]) for name in daemons]
    parts += [part("rook-ceph-rgw-state-a", "rook-ceph-rgw", replicas=2)]
    parts += [part("rook-ceph-operator", "rook-ceph-operator", "docker.io/rook/ceph:v1.16.4")]
    parts += [part("rook-ceph-tools", "rook-ceph-tools")]
    return Surveyed(parts, [service("rook-ceph-rgw-state", {"app": "rook-ceph-rgw"}, 80, 8080)])


def garage() -> Surveyed:
    labels = {"app.kubernetes.io/name": "garage", "app.kubernetes.io/instance": "garage"}
    ports = {"s3-api": 3900, "web-api": 3902, "admin": 3903}
    probe = {"httpGet": {"path": "/health", "port": 3903}, "periodSeconds": 30}
    inside = container("dxflrs/amd64_garage:v1.0.1", ports, {}, readinessProbe=probe)
    made = workload("garage", labels, inside, replicas=3)
    return Surveyed([made], [service("garage", labels, 3900, "s3-api")])


def versitygw() -> Surveyed:
    labels = {"app.kubernetes.io/name": "versitygw"}
    env = {"ROOT_ACCESS_KEY": ("versitygw", "accessKey"), "ROOT_SECRET_KEY": ("versitygw", "secretKey")}
    made = workload(
        "versitygw",
        labels,
        container("ghcr.io/versity/versitygw:v1.0.14", {"s3": 7070}, env),
        replicas=2,
        stateful=False,
    )
    return Surveyed([made], [service("versitygw", labels, 7070, "s3")])
