"""API objects as an API server gives them, without what no test looks at."""

from typing import Any

Raw = dict[str, Any]


def pod(
    name: str = "state-0",
    node: str | None = "bumble",
    *,
    owner: str = "StatefulSet",
    ready: bool = True,
    labels: dict[str, str] | None = None,
    claims: tuple[str, ...] = ("data-state-0",),
    namespace: str = "tofu-state",
    **more: Any,
) -> Raw:
    """A pod of a set, ready on a node; node None: it waits for one."""
    meta: Raw = {
        "name": name,
        "namespace": namespace,
        "uid": more.get("uid", f"uid-of-{name}"),
        "labels": labels if labels is not None else {"app.kubernetes.io/name": "ha-control"},
        "creationTimestamp": more.get("created", "2026-11-24T12:00:00Z"),
        "ownerReferences": [{"kind": owner, "name": name.rsplit("-", 1)[0], "controller": True}],
    }
    if more.get("terminating"):
        meta["deletionTimestamp"] = "2026-11-24T12:05:00Z"
    volumes = [{"name": claim, "persistentVolumeClaim": {"claimName": claim}} for claim in claims]
    volumes += [{"name": kind, kind: {}} for kind in more.get("scratch", ())]
    spec: Raw = {
        "volumes": volumes,
        "terminationGracePeriodSeconds": 10,
        "tolerations": more.get("tolerations", []),
    }
    if node:
        spec["nodeName"] = node
    status: Raw = {"phase": "Running" if node else "Pending"}
    if node:
        status |= {
            "podIP": "10.0.0.7",
            "hostIP": "192.0.2.7",
            "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
            "containerStatuses": [
                {
                    "name": "control",
                    "restartCount": 1,
                    "image": "control:1",
                    "imageID": "sha256:aa",
                    "state": {"running": {"startedAt": "2026-11-24T12:00:03Z"}},
                }
            ],
        }
    return {"metadata": meta, "spec": spec, "status": status}


def claim(name: str = "data-state-0", of_class: str = "openebs-zfs", mode: str = "ReadWriteOnce") -> Raw:
    """A bound claim."""
    spec = {"storageClassName": of_class, "accessModes": [mode], "volumeName": f"pv-{name}"}
    return {"metadata": {"name": name, "uid": f"uid-of-{name}"}, "spec": spec, "status": {"phase": "Bound"}}


def volume(
    name: str = "pv-data-state-0",
    on: tuple[str, ...] = ("bumble",),
    key: str = "kubernetes.io/hostname",
    **spec: Any,
) -> Raw:
    """A volume bound to nodes of that label; `on` empty: bound to none."""
    if on:
        expression = {"key": key, "operator": "In", "values": list(on)}
        spec["nodeAffinity"] = {"required": {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}}
    return {"metadata": {"name": name}, "spec": {"persistentVolumeReclaimPolicy": "Delete"} | spec}


def node(name: str, zone: str = "cellar", **more: Any) -> Raw:
    """A node. `spec` and `annotations` as they are given."""
    labels = {"kubernetes.io/hostname": name, "topology.kubernetes.io/zone": zone}
    meta = {
        "name": name,
        "labels": labels,
        "resourceVersion": "41",
        "annotations": more.get("annotations", {}),
    }
    return {"metadata": meta, "spec": more.get("spec", {})}


NODES = [node("bumble"), node("honey"), node("sting", zone="attic")]


def storage_class(provisioner: str, only_on: tuple[str, ...] = ()) -> Raw:
    """A storage class, perhaps of a few nodes only."""
    made: Raw = {"metadata": {"name": "any"}, "provisioner": provisioner}
    if only_on:
        terms = [{"matchLabelExpressions": [{"key": "kubernetes.io/hostname", "values": list(only_on)}]}]
        made["allowedTopologies"] = terms
    return made


def budget(healthy: int = 3, expected: int = 3, *, seen: int = 2, selector: Raw | None = None) -> Raw:
    """A disruption budget over the control's pods."""
    selector = {"matchLabels": {"app.kubernetes.io/name": "ha-control"}} if selector is None else selector
    return {
        "metadata": {"name": "state", "generation": 2},
        "spec": {"selector": selector},
        "status": {"currentHealthy": healthy, "expectedPods": expected, "observedGeneration": seen},
    }
