"""Bytes that a node stores, from the kubelet's volume statistics, and by the operator's command."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
from kubernetes.client.exceptions import ApiException

from readiness.candidate.declared import Command
from readiness.candidate.declared_kubernetes import DeclaredHooks
from readiness.providers.commands.runner import Runner
from readiness.providers.engine.record import Record
from readiness.providers.kubernetes import stored
from readiness.providers.kubernetes.api import Cluster
from readiness.providers.kubernetes.hooks import Hooks
from readiness.providers.kubernetes.pods import Pod, pod_of
from readiness.providers.kubernetes.stored import Measured, measured, shared, stored_bytes
from readiness.redact import Redactor
from readiness.topology import TcpSocket, Unsupported
from tests.providers.kubernetes.objects import pod

pytestmark = pytest.mark.side_by_side

FIRST, SECOND = "2026-11-24T12:00:00Z", "2026-11-24T12:01:00Z"


def summary(used: int, at: str, uid: str = "uid-of-state-0") -> dict[str, Any]:
    """As a kubelet gives it, with a token's volume and the pod of somebody else."""
    volumes = [
        {"name": "data", "pvcRef": {"name": "data-state-0"}, "usedBytes": used, "time": at},
        {"name": "token", "usedBytes": 12288, "time": at},
    ]
    other = [{"name": "data", "pvcRef": {"name": "else"}, "usedBytes": 7, "time": at}]
    return {
        "pods": [
            {"podRef": {"uid": "another"}, "volume": other},
            {"podRef": {"uid": uid}, "volume": volumes},
            {"podRef": {"uid": "without volumes"}},
        ]
    }


class Kubelet:
    """Answers one summary after the other, the last again and again."""

    def __init__(self, *answers: dict[str, Any] | ApiException) -> None:
        self.answers, self.core, self.asked = list(answers), self, 0

    def connect_get_node_proxy_with_path(self, node: str, path: str) -> Any:
        assert (node, path) == ("bumble", "stats/summary")
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, ApiException):
            raise answer
        return answer

    def read(self, _verb: str, _target: str, call: Any, *args: Any) -> Any:
        return call(*args)


def read(kubelet: Kubelet, *pods: Pod) -> int:
    return stored_bytes(cast("Cluster", kubelet), "bumble", lambda: list(pods))


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "INTERVAL", 0.0)


def test_only_the_claims_of_the_candidates_pods_count() -> None:
    found = measured(summary(5000, FIRST), [pod_of(pod())])
    assert found == {"claim data-state-0": Measured("claim data-state-0", 5000, FIRST)}


def test_without_a_claim_every_volume_of_the_pod_counts() -> None:
    found = measured(summary(5000, FIRST), [pod_of(pod(claims=()))])
    assert sum(one.used for one in found.values()) == 17288


def test_what_was_measured_before_the_call_does_not_count() -> None:
    kubelet = Kubelet(summary(1, FIRST), summary(1, FIRST), summary(1, FIRST), summary(900, SECOND))
    assert read(kubelet, pod_of(pod())) == 900
    assert kubelet.asked == 4


def test_a_kubelet_that_never_measures_again_is_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "FRESH_SECONDS", 0.01)
    with pytest.raises(OSError, match="measured the candidate's volumes not once"):
        read(Kubelet(summary(1, FIRST)), pod_of(pod()))
    with pytest.raises(OSError, match="gives no statistics of the candidate's volumes"):
        read(Kubelet(summary(1, FIRST, uid="gone")), pod_of(pod()))


def test_a_node_without_a_pod_is_no_number() -> None:
    kubelet = Kubelet(summary(1, FIRST))
    with pytest.raises(OSError, match="no pod of the candidate is on bumble"):
        read(kubelet, pod_of(pod(node="honey")))
    assert kubelet.asked == 0


def test_a_refusal_is_no_number() -> None:
    with pytest.raises(OSError, match="the volume statistics of bumble cannot be read: HTTP 403"):
        read(Kubelet(ApiException(status=403, reason="Forbidden")), pod_of(pod()))


def test_one_claim_on_two_nodes_is_of_neither() -> None:
    both = [pod_of(pod()), pod_of(pod("state-1", "honey"))]  # both with the claim data-state-0
    assert shared(both) == {"data-state-0": ["bumble", "honey"]}
    assert shared([both[0], pod_of(pod("state-1", "honey", claims=("data-state-1",)))]) == {}
    with pytest.raises(OSError, match="claim data-state-0 is mounted on bumble and honey"):
        read(Kubelet(summary(1, FIRST)), *both)


def hooks(folder: Path, **message: Any) -> Hooks:
    commands = {name: Command(run=("printf", text), shell=False) for name, text in message.items()}
    return Hooks(DeclaredHooks(**commands), Runner(folder, Record(), Redactor()))


@pytest.mark.store
def test_the_operators_command_prints_the_number(tmp_path: Path) -> None:
    assert hooks(tmp_path, bytes="4096").stored_bytes("bumble", {}) == 4096
    with pytest.raises(OSError, match=r"kubernetes\.hooks\.bytes printed no number for bumble"):
        hooks(tmp_path, bytes="4 KiB").stored_bytes("bumble", {})


@pytest.mark.store
def test_the_operators_command_prints_the_sockets(tmp_path: Path) -> None:
    message = hooks(tmp_path, connections="ESTAB 0 0 10.0.0.7:9000 10.0.9.9:5432\\n")
    assert list(message.connections("state-0", {})) == [TcpSocket("10.0.0.7:9000", "10.0.9.9:5432")]
    with pytest.raises(Unsupported, match=r"kubernetes\.hooks\.connections is not declared"):
        hooks(tmp_path).connections("state-0", {})
