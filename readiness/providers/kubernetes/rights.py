"""What the account may do, and which part of a run needs it. Asking changes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from readiness.candidate.declared_kubernetes import DeclaredCluster
from readiness.providers.kubernetes.api import Cluster
from readiness.providers.kubernetes.lease import NAME as LEASE_NAME

EACH_NODE = "*"
IDENTITY = "kube-system"
"""The namespace whose uid tells one cluster from another: it is as old as the cluster, and is never recreated."""


@dataclass(frozen=True)
class Right:
    """One rule of a Role, or with `everywhere` of a ClusterRole. `name`: a rule with that `resourceNames` is enough;
    `EACH_NODE` stands for the names of the candidate's nodes.
    """

    verb: str
    resource: str
    group: str = ""
    everywhere: bool = False
    name: str = ""

    @property
    def text(self) -> str:
        """The right in words."""
        where = " in the whole cluster" if self.everywhere else ""
        named = f" {self.name}" if self.name and self.name != EACH_NODE else ""
        return f"{self.verb} {self.resource}{'.' + self.group if self.group else ''}{named}{where}"


_SEE_PODS = (Right("get", "pods"), Right("list", "pods"), Right("watch", "pods"))
_NODES = tuple(Right(verb, "nodes", everywhere=True, name=EACH_NODE) for verb in ("get", "patch"))
_OTHERS = (Right("list", "pods", everywhere=True),)
SLICES = "discovery.k8s.io"
BASE = "to run at all"
BYTES, CLUSTER, LEASE = "bytes", "cluster", "lease"
ISOLATION, POLICIES = "isolation", "networking.k8s.io"


def needed(declared: DeclaredCluster) -> dict[str, tuple[Right, ...]]:
    """What each part of a run with this candidate needs."""
    service = declared.service
    base = list(_SEE_PODS)
    if "port-forward" in {*(pods.via for pods in declared.pods), service.via if service else ""}:
        base += [Right("get", "pods/portforward"), Right("create", "pods/portforward")]
    if service and service.via in ("address", "port-forward"):
        base += [Right("list", "endpointslices", SLICES), Right("watch", "endpointslices", SLICES)]
    if (service and service.via != "url") or any(pods.service for pods in declared.pods):
        base.append(Right("get", "services"))
    crash = () if declared.crash == "taint" else (Right("delete", "pods"),)
    return {
        BASE: tuple(base),
        "volumes": (
            Right("get", "persistentvolumeclaims"),
            Right("list", "nodes", everywhere=True),
            Right("get", "persistentvolumes", everywhere=True),
            Right("get", "storageclasses", "storage.k8s.io", everywhere=True),
        ),
        "whole": (Right("list", "poddisruptionbudgets", "policy"),),
        "capture": (
            Right("get", "pods/log"),
            Right("list", "events"),
            Right("list", "endpointslices", SLICES),
            Right("list", "persistentvolumeclaims"),
            Right("list", "poddisruptionbudgets", "policy"),
        ),
        "restart": (Right("delete", "pods"),),
        "drain": (Right("create", "pods/eviction"), *_NODES, *_OTHERS),
        "kill": (*crash, *_NODES, *_OTHERS),
        "wipe": (Right("delete", "persistentvolumeclaims"), Right("delete", "pods")),
        BYTES: ()
        if declared.hooks.bytes
        else (Right("get", "nodes/proxy", everywhere=True, name=EACH_NODE),),
        LEASE: tuple(
            Right(verb, "leases", "coordination.k8s.io", name=LEASE_NAME if verb != "create" else "")
            for verb in ("create", "get", "update", "delete")
        ),
        ISOLATION: (
            *(Right(verb, "networkpolicies", POLICIES) for verb in ("create", "delete", "list")),
            *(Right(verb, "pods") for verb in ("create", "delete")),
            Right("get", "pods/log"),
        )
        if declared.isolation
        else (),
        CLUSTER: (Right("get", "namespaces", everywhere=True, name=IDENTITY),),
    }


class Rights:
    """What the account may do: asked once, at the start, first what a run cannot do without."""

    def __init__(self, cluster: Cluster, declared: DeclaredCluster) -> None:
        self._cluster = cluster
        self.needed = needed(declared)
        self._may: dict[Right, bool] = {}
        self._ask(self.needed[BASE], ())

    def ask(self, nodes: Iterable[str]) -> None:
        """Ask for everything else, now that the candidate's nodes are known. Raises ApiException."""
        for rights in self.needed.values():
            self._ask(rights, tuple(nodes))

    def missing(self, part: str) -> list[str]:
        """The rights that this part of a run needs and the account has not."""
        return [right.text for right in self.needed[part] if not self._may[right]]

    def table(self) -> Iterable[tuple[str, list[str]]]:
        """Every part with the rights that it lacks."""
        return [(part, self.missing(part)) for part in self.needed]

    def _ask(self, rights: Iterable[Right], nodes: tuple[str, ...]) -> None:
        for right in rights:
            if right not in self._may:
                self._may[right] = self._allowed(right, nodes)

    def _allowed(self, right: Right, nodes: tuple[str, ...]) -> bool:
        def may(name: str | None) -> bool:
            return self._cluster.may(
                right.verb, right.group, right.resource, everywhere=right.everywhere, name=name
            )

        names = nodes if right.name == EACH_NODE else (right.name,) if right.name else ()
        return may(None) or (bool(names) and all(may(name) for name in names))
