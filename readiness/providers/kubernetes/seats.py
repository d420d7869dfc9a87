"""The candidate's pods as they are now, and waiting until they are as wanted."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from kubernetes import client
from kubernetes.client.exceptions import ApiException

from readiness.candidate.declared_kubernetes import DeclaredCluster
from readiness.errors import UsageError
from readiness.providers.kubernetes.api import CONFLICT, NOT_FOUND, Cluster
from readiness.providers.kubernetes.mirror import Mirror
from readiness.providers.kubernetes.pods import Pod, Seat, pod_of, seats_of, sitting

STALE_SECONDS, INTERVAL = 5.0, 0.1
ENDED = ("Succeeded", "Failed")


class Seats:
    """Kept up to date by a watch for each kind of instance. `gone` is called with the uid of each deleted pod."""

    def __init__(self, cluster: Cluster, declared: DeclaredCluster, gone: Callable[[str], None]) -> None:
        self._cluster, self._declared = cluster, declared

        def changed(what: str, raw: Mapping[str, Any]) -> None:
            if what == "DELETED":
                gone(str(raw["metadata"]["uid"]))

        self._mirrors = {
            pods.kind: Mirror(
                cluster,
                f"pods of kind {pods.kind}",
                partial(cluster.core.list_namespaced_pod, cluster.namespace),
                changed,
                label_selector=pods.selector,
            )
            for pods in declared.pods
        }
        self._seats: dict[str, Seat] = {}

    def start(self) -> tuple[Seat, ...]:
        """Look and keep looking; the instances found. Raises UsageError, ApiException or ConnectionError."""
        for pods in self._declared.pods:
            mirror = self._mirrors[pods.kind]
            mirror.start()
            here = [pod for pod in self.of(pods.kind) if pod.phase not in ENDED]
            if waiting := [pod.name for pod in here if not pod.node or pod.terminating]:
                raise UsageError(
                    f"pod {waiting[0]} of namespace {self._cluster.namespace} waits for a node, or is being deleted: "
                    "the candidate must be whole before it is judged"
                )
            if not here:
                raise UsageError(
                    f'kubernetes.pods: no pod in namespace "{self._cluster.namespace}" has the labels '
                    f'"{pods.selector}" (kind {pods.kind}); correct selector or namespace, or start the candidate'
                )
            try:
                self._seats |= {seat.instance: seat for seat in seats_of(pods.kind, here)}
            except ValueError as error:
                raise UsageError(
                    f"kubernetes.pods: {error}: such pods cannot be told apart; use a StatefulSet, or keep them on "
                    "different nodes (pod anti-affinity)"
                ) from None
        return tuple(self._seats.values())

    def stop(self) -> None:
        """Ends the watches."""
        for mirror in self._mirrors.values():
            mirror.stop()

    def of(self, kind: str) -> list[Pod]:
        """The pods of that kind."""
        return [pod_of(raw) for raw in self._mirrors[kind].objects()]

    def all(self) -> list[Pod]:
        """Every pod of the candidate."""
        return [pod for kind in self._mirrors for pod in self.of(kind)]

    def raw(self) -> list[Mapping[str, Any]]:
        """Every pod of the candidate, as the API has it."""
        return [raw for mirror in self._mirrors.values() for raw in mirror.objects()]

    def fresh(self) -> bool:
        """Whether the API server has answered lately: else nothing here may be relied on."""
        return all(mirror.broken_for() < STALE_SECONDS for mirror in self._mirrors.values())

    def seat(self, instance: str) -> Seat:
        """The seat of that instance. Raises KeyError."""
        return self._seats[instance]

    def sitting(self, instance: str) -> Pod | None:
        """The pod that is this instance now, None if there is none."""
        seat = self._seats[instance]
        return sitting(seat, self.of(seat.kind))

    def running(self, instance: str) -> Pod:
        """As `sitting`, for a fault. Raises RuntimeError if there is none, or if it has moved since the start."""
        pod, seat = self.sitting(instance), self._seats[instance]
        if pod is None or not pod.node:
            raise RuntimeError(
                f"{instance} does not run: {'its pod waits for a node' if pod else 'it has no pod'}"
            )
        self.check_place(seat, pod)
        return pod

    @staticmethod
    def check_place(seat: Seat, pod: Pod) -> None:
        """Raises RuntimeError if the pod has moved: faults would hit another node than they say."""
        if pod.node and pod.node != seat.node:
            raise RuntimeError(
                f"{seat.instance} has moved from {seat.node}, where this run knows it, to {pod.node}: "
                "bind its pods to their nodes (by their volumes, or by node affinity)"
            )

    def on(self, node: str) -> list[Pod]:
        """The candidate's pods on that node, those that have ended left out."""
        return [pod for pod in self.all() if pod.node == node and pod.phase not in ENDED]

    def is_there(self, pod: Pod) -> bool:
        """Whether that very pod still exists, asked of the API server."""
        core = self._cluster.core
        try:
            raw = self._cluster.ask(core.read_namespaced_pod, pod.name, self._cluster.namespace)
        except ApiException as error:
            if error.status == NOT_FOUND:
                return False
            raise
        return bool(raw["metadata"]["uid"] == pod.uid)

    def wait_gone(self, pod: Pod, seconds: float) -> bool:
        """Wait until that very pod is gone: its node has reported its containers dead. False if it is not in time."""
        deadline = time.monotonic() + seconds
        while True:
            if all(other.uid != pod.uid for other in self.all()) and not self.is_there(pod):
                return True
            if time.monotonic() > deadline:
                return not self.is_there(pod)
            time.sleep(INTERVAL)

    def wait_replaced(self, instance: str, pod: Pod | None, seconds: float) -> Pod | None:
        """Wait until a pod, another than that one, is that instance; it need not be ready, nor placed. None if there
        is none in time.
        """
        deadline = time.monotonic() + seconds
        while True:
            found = self.sitting(instance)
            if found is not None and (pod is None or found.uid != pod.uid):
                return found
            if time.monotonic() > deadline:
                return None
            time.sleep(INTERVAL)

    def wait_seated(self, instances: Iterable[str], seconds: float) -> list[Pod]:
        """The pods that are these instances now, once a controller has made each. Raises RuntimeError."""
        deadline = time.monotonic() + seconds
        found = []
        for instance in instances:
            pod = self.wait_replaced(instance, None, deadline - time.monotonic())
            if pod is None:
                raise RuntimeError(f"nothing has made a pod for {instance} within {seconds:g} s")
            found.append(pod)
        return found

    def delete(self, verb: str, pod: Pod, grace: int | None = None) -> None:
        """Delete exactly that pod; one that is gone already is no error. Raises ApiException."""
        body = client.V1DeleteOptions(
            preconditions=client.V1Preconditions(uid=pod.uid), grace_period_seconds=grace
        )
        call = self._cluster.core.delete_namespaced_pod
        try:
            self._cluster.write(verb, pod.name, call, pod.name, self._cluster.namespace, body=body)
        except ApiException as error:
            if error.status not in (NOT_FOUND, CONFLICT):
                raise
