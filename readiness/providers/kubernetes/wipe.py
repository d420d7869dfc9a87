"""Emptying the disk of a node whose pods are away: through the claims where the storage allows it, else by a hook."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kubernetes import client
from kubernetes.client.exceptions import ApiException

from readiness.providers.kubernetes.api import CONFLICT, NOT_FOUND, Cluster
from readiness.providers.kubernetes.facts import kept
from readiness.providers.kubernetes.pods import Pod
from readiness.providers.kubernetes.seats import Seats
from readiness.topology import Proof, Unsupported

CLAIM_SECONDS, INTERVAL = 60.0, 0.2
Raw = Mapping[str, Any]


@dataclass(frozen=True)
class Claim:
    """A claim with its volume and storage class; None for one of them that there is not, or that may not be read."""

    pod: Pod
    raw: Raw
    volume: Raw | None
    storage_class: Raw | None

    @property
    def name(self) -> str:
        """The claim's name."""
        return str(self.raw["metadata"]["name"])


def claims_of(cluster: Cluster, pod: Pod) -> list[Claim]:
    """The claims of that pod, each with its facts. Raises ApiException for a claim that may not be read."""
    found = []
    for name in pod.claims:
        call = cluster.core.read_namespaced_persistent_volume_claim
        raw = cluster.read("get claim", name, call, name, cluster.namespace)
        spec = raw.get("spec") or {}
        volume = _if_allowed(cluster, "volume", cluster.core.read_persistent_volume, spec.get("volumeName"))
        of_class = _if_allowed(
            cluster, "class", cluster.storage.read_storage_class, spec.get("storageClassName")
        )
        found.append(Claim(pod, raw, volume, of_class))
    return found


def _if_allowed(cluster: Cluster, what: str, call: Any, name: str | None) -> Raw | None:
    if not name:
        return None
    try:
        found: Raw = cluster.read(f"get {what}", name, call, name)
    except ApiException as error:
        if error.status in (403, NOT_FOUND):
            return None
        raise
    return found


def wipe(cluster: Cluster, seats: Seats, node: str, pods: list[Pod]) -> Proof:
    """Delete the claims of these pods, which wait for their node, and the pods, whose controller makes both anew.

    Raises Unsupported, and has deleted nothing then, if that would not empty the disk.
    """
    claims = [claim for pod in pods for claim in claims_of(cluster, pod)]
    if not claims:
        raise Unsupported(f"wipe: the pods of {node} have no PersistentVolumeClaim")
    for claim in claims:
        if reason := kept(claim.raw, claim.volume, claim.storage_class, claim.pod):
            raise Unsupported(f"wipe: {reason}; kubernetes.hooks.wipe and files are not declared")
    for claim in claims:
        _delete(cluster, claim)
    for pod in pods:
        seats.delete("delete waiting pod", pod, 0)
    deadline = time.monotonic() + CLAIM_SECONDS
    new = {claim.name: _wait_new(cluster, claim, deadline) for claim in claims}
    listed = ", ".join(
        f"{name} {'was made anew' if done else 'was not made anew'}" for name, done in new.items()
    )
    return Proof(all(new.values()), f"{node}: {len(claims)} claims and their volumes deleted: {listed}")


def _delete(cluster: Cluster, claim: Claim) -> None:
    uid = claim.raw["metadata"]["uid"]
    body = client.V1DeleteOptions(preconditions=client.V1Preconditions(uid=uid))
    call = cluster.core.delete_namespaced_persistent_volume_claim
    try:
        cluster.write("delete claim", claim.name, call, claim.name, cluster.namespace, body=body)
    except ApiException as error:
        if error.status not in (NOT_FOUND, CONFLICT):
            raise


def _wait_new(cluster: Cluster, claim: Claim, deadline: float) -> bool:
    call, uid = cluster.core.read_namespaced_persistent_volume_claim, claim.raw["metadata"]["uid"]
    while time.monotonic() < deadline:
        try:
            now = cluster.ask(call, claim.name, cluster.namespace)
            if now["metadata"]["uid"] != uid:
                return True
        except ApiException as error:
            if error.status != NOT_FOUND:
                raise
        time.sleep(INTERVAL)
    return False
