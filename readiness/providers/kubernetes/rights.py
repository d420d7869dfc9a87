"""What the account may do, and which part of a run needs it. Asking changes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from readiness.candidate.declared_kubernetes import DeclaredCluster
from readiness.providers.kubernetes.api import Cluster


@dataclass(frozen=True)
class Right:
    """One rule of a Role, or with `everywhere` of a ClusterRole."""

    verb: str
    resource: str
    group: str = ""
    everywhere: bool = False

    @property
    def text(self) -> str:
        """As one would say it."""
        where = " in the whole cluster" if self.everywhere else ""
        return f"{self.verb} {self.resource}{'.' + self.group if self.group else ''}{where}"


_SEE_PODS = (Right("get", "pods"), Right("list", "pods"), Right("watch", "pods"))
_NODES = tuple(Right(verb, "nodes", everywhere=True) for verb in ("get", "patch"))
_OTHERS = (Right("list", "pods", everywhere=True),)
SLICES = "discovery.k8s.io"
BASE = "to run at all"


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
    }


class Rights:
    """Asked once, at the start."""

    def __init__(self, cluster: Cluster, declared: DeclaredCluster) -> None:
        self.needed = needed(declared)
        every = dict.fromkeys(right for rights in self.needed.values() for right in rights)
        self._may = {
            right: cluster.may(right.verb, right.group, right.resource, everywhere=right.everywhere)
            for right in every
        }

    def missing(self, part: str) -> list[str]:
        """The rights that this part of a run needs and the account has not."""
        return [right.text for right in self.needed[part] if not self._may[right]]

    def table(self) -> Iterable[tuple[str, list[str]]]:
        """Every part with what is missing to it."""
        return [(part, self.missing(part)) for part in self.needed]
