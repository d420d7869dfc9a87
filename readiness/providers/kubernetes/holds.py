"""Cordoning and tainting a node so that it is always undone: the change and the mark that says how are one patch.

The mark is an annotation of the node itself. Whoever finds it can undo what was done, also after the machine that did
it is gone: `python -m readiness.providers.kubernetes.undo --context CONTEXT --node NODE`.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kubernetes.client.exceptions import ApiException

from readiness.providers.kubernetes.api import CONFLICT, Cluster

MARK = "tofu-state-readiness/held"
TAINT = "tofu-state-readiness/crash"
TRIES, PAUSE = 20, 0.2
Note = Callable[[str], None]
_MERGE = {"_content_type": "application/merge-patch+json"}


class Cordoned(RuntimeError):
    """The node was cordoned by someone else: what leaves it would not come back, and it is not ours to uncordon."""


@dataclass(frozen=True)
class Hold:
    """What the mark of a node says: which run holds it, and since when (seconds since the epoch)."""

    run: str
    since: float

    @property
    def text(self) -> str:
        """The mark as it is written to the node."""
        return json.dumps({"run": self.run, "since": round(self.since, 3)}, sort_keys=True)


def hold_of(node: Mapping[str, Any]) -> Hold | None:
    """The mark of the node, None if it has none. One that cannot be read is of an unknown run."""
    annotation = (node["metadata"].get("annotations") or {}).get(MARK)
    if annotation is None:
        return None
    try:
        read = json.loads(annotation)
        return Hold(str(read["run"]), float(read["since"]))
    except (ValueError, KeyError, TypeError):
        return Hold("unknown", 0.0)


def cordoned(node: Mapping[str, Any]) -> bool:
    """Whether nothing is scheduled to it."""
    return bool((node.get("spec") or {}).get("unschedulable"))


def held(node: Mapping[str, Any], hold: Hold, *, taint: bool) -> dict[str, Any]:
    """The patch that cordons (and taints) the node and marks it, all or nothing. Raises Cordoned."""
    name, before = node["metadata"]["name"], hold_of(node)
    if before is not None and before.run != hold.run:
        raise Cordoned(f"node {name} is held by another run ({before.run}); {_by_hand(name)}")
    if before is None and cordoned(node):
        raise Cordoned(f"node {name} is cordoned, not by this run: uncordon it first")
    spec: dict[str, Any] = {"unschedulable": True}
    if taint:
        spec["taints"] = [*_others(node), {"key": TAINT, "effect": "NoExecute"}]
    return {"metadata": {"annotations": {MARK: hold.text}, "resourceVersion": _version(node)}, "spec": spec}


def released(node: Mapping[str, Any], run: str | None) -> dict[str, Any] | None:
    """The patch that undoes a hold of that run (None: of any run); None if there is nothing to undo."""
    found = hold_of(node)
    if found is None or (run is not None and found.run != run):
        return None
    meta = {"annotations": {MARK: None}, "resourceVersion": _version(node)}
    spec: dict[str, Any] = {"unschedulable": None}
    others = _others(node)
    if len(others) < len((node.get("spec") or {}).get("taints") or []):
        spec["taints"] = others or None
    return {"metadata": meta, "spec": spec}


def _by_hand(node: str) -> str:
    return (
        f"if that run is over: python -m readiness.providers.kubernetes.undo --context CONTEXT --node {node}"
    )


def _version(node: Mapping[str, Any]) -> str:
    return str(node["metadata"]["resourceVersion"])


def _others(node: Mapping[str, Any]) -> list[Any]:
    return [taint for taint in (node.get("spec") or {}).get("taints") or [] if taint.get("key") != TAINT]


class NodeHolds:
    """The holds of one run. Several faults may hold one node; it is released with the last of them. Thread-safe.

    `will_undo` is told of a node before it is changed, and must see to it that it is released however the run ends;
    `undone` is told once it was released.
    """

    def __init__(self, cluster: Cluster, run: str, will_undo: Note, undone: Note) -> None:
        self._cluster, self.run = cluster, run
        self._will_undo, self._undone = will_undo, undone
        self._reasons: dict[str, set[str]] = {}
        self._done: set[str] = set()
        self._lock = threading.RLock()

    def hold(self, name: str, reason: str, *, taint: bool = False) -> None:
        """Cordon (and taint) the node for that reason. Raises Cordoned or ApiException."""
        with self._lock:
            self._will_undo(name)
            self._reasons.setdefault(name, set()).add(reason)
            if taint or name not in self._done:
                self._patch("cordon and taint" if taint else "cordon", name, taint=taint)
                self._done.add(name)

    def release(self, name: str, reason: str | None = None) -> bool:
        """That reason is over (None: every reason is); True if nothing holds the node now and it was released."""
        with self._lock:
            reasons = self._reasons.get(name)
            if not reasons:
                return False
            reasons.difference_update({reason} if reason else set(reasons))
            if reasons:
                return False
            reasons.add(reason or "release")  # until it has succeeded
            release(self._cluster, name, self.run)
            self._done.discard(name)
            self._reasons.pop(name)
            self._undone(name)
            return True

    def holds(self, name: str, reason: str | None = None) -> bool:
        """Whether this run holds the node, for that reason (None: for any)."""
        with self._lock:
            reasons = self._reasons.get(name, set())
            return reason in reasons if reason else bool(reasons)

    def held(self) -> tuple[str, ...]:
        """The nodes that this run holds."""
        with self._lock:
            return tuple(self._reasons)

    def _patch(self, verb: str, name: str, *, taint: bool) -> None:
        hold = Hold(self.run, time.time())
        _until_accepted(self._cluster, verb, name, lambda node: held(node, hold, taint=taint))


def release(cluster: Cluster, name: str, run: str | None) -> bool:
    """Uncordon and untaint the node if that run (None: any run) holds it; False if there was nothing to undo."""
    return _until_accepted(cluster, "uncordon", name, lambda node: released(node, run))


def _until_accepted(cluster: Cluster, verb: str, name: str, patch_of: Any) -> bool:
    """Patch what was read; again if the node has changed meanwhile."""
    for left in range(TRIES - 1, -1, -1):
        patch = patch_of(cluster.ask(cluster.core.read_node, name))
        if patch is None:
            return False
        try:
            cluster.write(verb, name, cluster.core.patch_node, name, patch, **_MERGE)
            return True
        except ApiException as error:
            if error.status != CONFLICT or not left:
                raise
            time.sleep(PAUSE)
    raise AssertionError("unreachable")
