"""Pods as the API describes them, and which of them is the instance of a name now. Pure functions of API objects."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_ORDERED = "StatefulSet"


@dataclass(frozen=True)
class Pod:
    """What matters about a pod. `started` is the latest start of its containers, in seconds since the epoch."""

    name: str
    uid: str
    namespace: str
    node: str
    address: str
    host: str
    phase: str
    ready: bool
    terminating: bool
    owner: str
    owner_name: str
    started: float | None
    grace: float
    claims: tuple[str, ...]
    scratch: tuple[str, ...]
    created: str
    labels: tuple[tuple[str, str], ...] = ()

    @property
    def ordinal(self) -> str:
        """The number at the end of a StatefulSet pod's name."""
        return self.name.rsplit("-", 1)[-1]

    def label(self, key: str) -> str | None:
        """That label."""
        return dict(self.labels).get(key)


def pod_of(raw: Mapping[str, Any]) -> Pod:
    """The pod that this API object describes."""
    meta, spec, status = raw["metadata"], raw.get("spec") or {}, raw.get("status") or {}
    owners = [owner for owner in meta.get("ownerReferences") or [] if owner.get("controller")]
    owner: Mapping[str, Any] = owners[0] if owners else {}
    volumes = spec.get("volumes") or []
    statuses = status.get("containerStatuses") or []
    starts = [c["state"]["running"].get("startedAt") for c in statuses if "running" in (c.get("state") or {})]
    terminating = "deletionTimestamp" in meta
    return Pod(
        name=meta["name"],
        uid=meta["uid"],
        namespace=meta.get("namespace", ""),
        node=spec.get("nodeName", ""),
        address=status.get("podIP", ""),
        host=status.get("hostIP", ""),
        phase=status.get("phase", ""),
        ready=not terminating and _condition(status, "Ready"),
        terminating=terminating,
        owner=owner.get("kind", ""),
        owner_name=owner.get("name", ""),
        started=max((_epoch(start) for start in starts if start), default=None),
        grace=float(spec.get("terminationGracePeriodSeconds") or 30),
        claims=tuple(
            v["persistentVolumeClaim"]["claimName"] for v in volumes if "persistentVolumeClaim" in v
        ),
        scratch=tuple(sorted({kind for v in volumes for kind in ("emptyDir", "hostPath") if kind in v})),
        created=str(meta.get("creationTimestamp", "")),
        labels=tuple(sorted((meta.get("labels") or {}).items())),
    )


def _condition(status: Mapping[str, Any], kind: str) -> bool:
    return any(c.get("type") == kind and c.get("status") == "True" for c in status.get("conditions") or [])


def _epoch(timestamp: str) -> float:
    return datetime.datetime.fromisoformat(timestamp).timestamp()


@dataclass(frozen=True)
class Seat:
    """One instance: a place that one pod after the other takes. A StatefulSet names it; else its node does."""

    instance: str
    kind: str
    node: str
    pod: str | None


def seats_of(kind: str, pods: Iterable[Pod]) -> list[Seat]:
    """The instances of that kind, one a pod. Raises ValueError if two cannot be told apart."""
    seats = [
        Seat(pod.name, kind, pod.node, pod.name)
        if pod.owner == _ORDERED
        else Seat(f"{kind}-{pod.node}", kind, pod.node, None)
        for pod in sorted(pods, key=lambda pod: (pod.name, pod.uid))
    ]
    names = [seat.instance for seat in seats]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"two pods of kind {kind} are on node {twice[0].removeprefix(kind + '-')}")
    return seats


def sitting(seat: Seat, pods: Iterable[Pod]) -> Pod | None:
    """The pod of that seat among those of its kind; one without a node, or that is going, for want of another."""
    here = [
        pod
        for pod in pods
        if (pod.name == seat.pod if seat.pod else pod.owner != _ORDERED and pod.node in (seat.node, ""))
    ]
    return max(here, key=lambda pod: (bool(pod.node), not pod.terminating, pod.created), default=None)
