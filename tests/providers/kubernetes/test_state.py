"""Waiting for what becomes of pods: the pods as a watch brings them, no API server."""

from collections.abc import Iterator

import pytest
from kubernetes import client

from readiness.candidate.declared_kubernetes import DeclaredCluster, DeclaredPods
from readiness.providers.engine.record import Record
from readiness.providers.kubernetes.api import Cluster
from readiness.providers.kubernetes.pods import Pod, pod_of, seats_of
from readiness.providers.kubernetes.seats import Seats
from tests.providers.kubernetes.objects import pod

KIND = DeclaredPods(kind="control", selector="app=state", port=9000)


class Coming(Seats):
    """A state in which each look sees what comes next; the last stays."""

    def __init__(self, *looks: list[Pod]) -> None:
        nowhere = client.ApiClient(client.Configuration(host="http://127.0.0.1:9"))
        declared = DeclaredCluster(namespace="tofu-state", pods=(KIND,))
        super().__init__(Cluster(nowhere, "tofu-state", Record()), declared, lambda _uid: None)
        self._looks: Iterator[list[Pod]] = iter(looks)
        self._now: list[Pod] = []
        (seat,) = seats_of("control", [pod_of(pod("state-0"))])
        self._seats = {seat.instance: seat}

    def of(self, kind: str) -> list[Pod]:
        self._now = next(self._looks, self._now)
        return self._now


def test_after_a_kill_the_waiting_pod_is_waited_for() -> None:
    """Between the end of a pod and its replacement by the controller there is none: its claims are known by that."""
    waits = pod_of(pod(node=None))
    assert Coming([], [], [waits]).wait_seated(["state-0"], 30) == [waits]


def test_a_pod_that_nothing_makes_anew_is_said() -> None:
    with pytest.raises(RuntimeError, match="nothing has made a pod for state-0 within 0 s"):
        Coming([]).wait_seated(["state-0"], 0)
