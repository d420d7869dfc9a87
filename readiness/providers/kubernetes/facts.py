"""What API objects say about where data lies, whom budgets protect and who else is on a node. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from readiness.providers.kubernetes.pods import Pod, pod_of
from readiness.topology import VolumeFact

Raw = Mapping[str, Any]
_ACCESS = {"ReadWriteOnce": "RWO", "ReadWriteOncePod": "RWO", "ReadWriteMany": "RWX", "ReadOnlyMany": "ROX"}
_OWNER_LABELS = ("part-of", "instance", "name")
HOSTNAME = "kubernetes.io/hostname"


# -- volumes (S.2)


def volume_fact(
    pod: Pod, claim: Raw, volume: Raw | None, storage_class: Raw | None, nodes: Iterable[Raw]
) -> VolumeFact:
    """Where one claim of a pod keeps its data: the one node that its volume is bound to, else the pod's own.

    `kind` is the storage class with its provisioner, or the volume's own type. `volume` is None if it may not be read.
    """
    name = str((claim.get("spec") or {}).get("storageClassName") or "")
    kind = name or (_source(volume) if volume else "") or "no storage class"
    provisioner = str((storage_class or {}).get("provisioner") or "")
    only = _only_on(storage_class or {})
    if provisioner:
        kind += f" ({provisioner}{', only on ' + ' and '.join(only) if only else ''})"
    found = bound_nodes(volume, nodes) if volume else None
    where = f"claim {claim['metadata']['name']}"
    if volume is None:
        where += ", its volume may not be read"
    else:
        where += f", volume {volume['metadata']['name']}"
        where += f", bound to {' or '.join(sorted(found))}" if found else ", bound to no node"
    node = next(iter(found)) if found and len(found) == 1 else pod.node
    return VolumeFact(node, kind, _access(claim), where)


def _only_on(storage_class: Raw) -> list[str]:
    """The values of the class's allowed topologies, such as the nodes where it exists."""
    terms = storage_class.get("allowedTopologies") or []
    expressions = [e for term in terms for e in term.get("matchLabelExpressions") or []]
    return sorted({str(value) for expression in expressions for value in expression.get("values") or []})


def without_claim(pod: Pod) -> VolumeFact:
    """A pod whose data lies in no claimed volume: it goes with the pod, or lies in a folder of the node."""
    kind = "hostPath" if "hostPath" in pod.scratch else "emptyDir, scratch"
    return VolumeFact(pod.node, kind, "local", f"pod {pod.name} has no PersistentVolumeClaim")


def bound_nodes(volume: Raw, nodes: Iterable[Raw]) -> set[str] | None:
    """The nodes that the volume's node affinity admits; None if it has none. Unknown labels admit no node."""
    affinity = ((volume.get("spec") or {}).get("nodeAffinity") or {}).get("required")
    if not affinity:
        return None
    terms = affinity.get("nodeSelectorTerms") or []
    known = list(nodes)
    named = {value for term in terms for value in _hostnames(term)}
    if not known:
        return named or None
    return {node["metadata"]["name"] for node in known if any(_admits(term, node) for term in terms)}


def _hostnames(term: Raw) -> list[str]:
    wanted = [
        e
        for e in term.get("matchExpressions") or []
        if e.get("key") == HOSTNAME and e.get("operator") == "In"
    ]
    return [str(value) for expression in wanted for value in expression.get("values") or []]


def _admits(term: Raw, node: Raw) -> bool:
    labels: Mapping[str, str] = node["metadata"].get("labels") or {}
    fields = {"metadata.name": node["metadata"]["name"]}
    expressions = [(e, labels) for e in term.get("matchExpressions") or []]
    expressions += [(e, fields) for e in term.get("matchFields") or []]
    return bool(expressions) and all(_matches(expression, values) for expression, values in expressions)


def _matches(expression: Raw, values: Mapping[str, str]) -> bool:
    value, wanted = values.get(str(expression.get("key"))), expression.get("values") or []
    match expression.get("operator"):
        case "In":
            return value in wanted
        case "NotIn":
            return value not in wanted
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case _:
            return False


def _access(claim: Raw) -> str:
    modes = (claim.get("spec") or {}).get("accessModes") or []
    found = {_ACCESS.get(str(mode), str(mode)) for mode in modes}
    return next((mode for mode in ("RWX", "RWO", "ROX") if mode in found), "local")


def _source(volume: Raw) -> str:
    spec = volume.get("spec") or {}
    if "csi" in spec:
        return str(spec["csi"].get("driver") or "csi")
    return next(
        (kind for kind in ("local", "hostPath", "nfs", "iscsi", "fc", "rbd", "cephfs") if kind in spec), ""
    )


def kept(claim: Raw, volume: Raw | None, storage_class: Raw | None, pod: Pod) -> str | None:
    """Why deleting this claim would not leave its node with an empty disk; None if it would."""
    name = claim["metadata"]["name"]
    if pod.owner != "StatefulSet":
        return f"claim {name} is not made again: its pod is not one of a StatefulSet"
    if volume is None:
        return f"the volume of claim {name} may not be read"
    if (volume.get("spec") or {}).get("persistentVolumeReclaimPolicy") != "Delete":
        return f"the volume of claim {name} is kept when the claim is deleted (reclaim policy is not Delete)"
    provisioner = str((storage_class or {}).get("provisioner") or "kubernetes.io/no-provisioner")
    if provisioner == "kubernetes.io/no-provisioner":
        return f"nothing provisions another volume for claim {name}"
    return None


# -- budgets


def selects(selector: Raw | None, pod: Pod) -> bool:
    """Whether a label selector of the policy API selects the pod. An empty one selects all, none selects nothing."""
    if selector is None:
        return False
    labels = dict(pod.labels)
    exact = all(labels.get(key) == value for key, value in (selector.get("matchLabels") or {}).items())
    return exact and all(
        _matches(expression, labels) for expression in selector.get("matchExpressions") or []
    )


def budgets_of(budgets: Iterable[Raw], pods: Iterable[Pod]) -> list[Raw]:
    """The PodDisruptionBudgets that protect any of these pods."""
    those = list(pods)
    return [b for b in budgets if any(selects((b.get("spec") or {}).get("selector"), pod) for pod in those)]


def unhealthy(budget: Raw) -> str | None:
    """What a budget lacks to be healthy; None if nothing, and the controller has seen its latest form."""
    name, status = budget["metadata"]["name"], budget.get("status") or {}
    generation = int(budget["metadata"].get("generation") or 0)
    if int(status.get("observedGeneration") or 0) < generation:
        return f"budget {name} was not looked at since it changed"
    healthy, expected = int(status.get("currentHealthy") or 0), int(status.get("expectedPods") or 0)
    return f"budget {name}: {healthy} of {expected} pods healthy" if healthy < expected else None


# -- who else is on a node


def left_alone(node: str, others: Iterable[Raw], protected: Iterable[str], taint: str | None) -> str | None:
    """Why no fault is done to a node with these pods that are not the candidate's; None if one may be.

    `taint`: the key of a NoExecute taint that it would get, None for a fault without one.
    """
    raw_pods = list(others)
    if found := guarded_by(map(pod_of, raw_pods), protected):
        return (
            f"node {node} runs pods of protected stacks ({', '.join(found[:3])}): it is left alone unless "
            "kubernetes.allow_nodes names it"
        )
    if evicted := evicted_by(raw_pods, taint) if taint else []:
        return (
            f"a NoExecute taint of node {node} would evict others than the candidate ({', '.join(evicted[:3])}): "
            'use kubernetes.crash = "delete"'
        )
    return None


def guarded_by(pods: Iterable[Pod], protected: Iterable[str]) -> list[str]:
    """Pods of protected stacks among these: by namespace, or by the label that says what they are part of."""
    stacks = set(protected)
    return [
        f"{pod.namespace}/{pod.name}"
        for pod in pods
        if pod.namespace in stacks
        or stacks & {pod.label(f"app.kubernetes.io/{key}") for key in _OWNER_LABELS}
    ]


def evicted_by(raw_pods: Iterable[Raw], taint: str) -> list[str]:
    """Pods that a NoExecute taint of that key would evict: all that do not tolerate it."""
    return [
        f"{raw['metadata'].get('namespace', '')}/{raw['metadata']['name']}"
        for raw in raw_pods
        if not any(_tolerates(t, taint) for t in (raw.get("spec") or {}).get("tolerations") or [])
    ]


def _tolerates(toleration: Raw, taint: str) -> bool:
    if (
        toleration.get("effect") not in (None, "", "NoExecute")
        or toleration.get("tolerationSeconds") is not None
    ):
        return False
    everything = not toleration.get("key") and toleration.get("operator") == "Exists"
    return everything or (toleration.get("key") == taint and toleration.get("operator") == "Exists")
