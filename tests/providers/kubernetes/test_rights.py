"""What the account may do, also where a rule names the nodes, and which cluster and which pods it is."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from kubernetes.client.exceptions import ApiException

from readiness.candidate.declared_kubernetes import DeclaredCluster, DeclaredPods
from readiness.errors import UsageError
from readiness.providers.kubernetes.api import Cluster
from readiness.providers.kubernetes.look import check_cluster, check_protected, cluster_uid
from readiness.providers.kubernetes.pods import pod_of
from readiness.providers.kubernetes.rights import BASE, Rights
from tests.providers.kubernetes.objects import pod

DECLARED = DeclaredCluster(
    namespace="tofu-state", pods=(DeclaredPods(selector="app=state", via="address", port=9000),)
)
PROTECTED = DECLARED.protected


class Access:
    """May patch nodes only by these names; everything else."""

    def __init__(self, *nodes: str) -> None:
        self.nodes = nodes
        self.asked: list[tuple[str, str, str | None]] = []

    def may(
        self, verb: str, _group: str, resource: str, *, everywhere: bool = False, name: str | None = None
    ) -> bool:
        assert everywhere or resource != "nodes"
        self.asked.append((verb, resource, name))
        return name in self.nodes if (verb, resource) == ("patch", "nodes") else True


def rights(*nodes: str) -> tuple[Rights, Access]:
    access = Access(*nodes)
    return Rights(cast("Cluster", access), DECLARED), access


def test_a_right_on_each_node_by_name_is_enough() -> None:
    found, _ = rights("bumble", "honey")
    found.ask(["bumble", "honey"])
    assert found.missing("drain") == []
    found, _ = rights("bumble")
    found.ask(["bumble", "honey"])
    assert found.missing("drain") == ["patch nodes in the whole cluster"]
    assert found.missing("kill") == ["patch nodes in the whole cluster"]


def test_what_a_run_cannot_do_without_is_asked_first() -> None:
    found, access = rights()
    assert found.missing(BASE) == []
    assert {resource for _, resource, _ in access.asked} == {"pods"}


class Answers:
    """A cluster whose namespace kube-system has that uid, or may not be read."""

    def __init__(self, uid: str | int) -> None:
        self.uid = uid
        self.core = SimpleNamespace(read_namespace=self._namespace)

    def read(self, _verb: str, _target: str, call: Any, *args: Any) -> Any:
        return call(*args)

    def _namespace(self, name: str) -> dict[str, Any]:
        assert name == "kube-system"
        if isinstance(self.uid, int):
            raise ApiException(status=self.uid)
        return {"metadata": {"uid": self.uid}}


def test_a_pinned_cluster_is_the_only_one() -> None:
    assert cluster_uid(cast("Cluster", Answers("aa"))) == "aa"
    assert cluster_uid(cast("Cluster", Answers(403))) is None
    with pytest.raises(ApiException):
        cluster_uid(cast("Cluster", Answers(500)))
    check_cluster("aa", None, "honey")
    check_cluster("aa", "aa", "honey")
    with pytest.raises(UsageError, match=r"has the uid aa, and kubernetes\.cluster_uid is bb"):
        check_cluster("aa", "bb", "honey")
    with pytest.raises(UsageError, match="does not let its uid be read"):
        check_cluster(None, "bb", "honey")


@pytest.mark.parametrize("more", [{"namespace": "attic"}, {"labels": {"app.kubernetes.io/part-of": "attic"}}])
def test_a_selector_that_reaches_a_protected_stack_is_refused(more: dict[str, Any]) -> None:
    check_protected([pod_of(pod())], PROTECTED)
    with pytest.raises(UsageError, match=r"reaches pods of protected stacks .*state-1"):
        check_protected([pod_of(pod()), pod_of(pod("state-1", **more))], PROTECTED)
