"""A cluster on paper: two nodes, a pod of a StatefulSet on each, and a controller that makes ended pods anew."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

from kubernetes.client.exceptions import ApiException

from readiness.candidate.declared_kubernetes import DeclaredCluster, DeclaredPods
from readiness.providers.commands.runner import Runner
from readiness.providers.engine.engine import Engine
from readiness.providers.engine.journal import MemoryJournal
from readiness.providers.engine.record import Record
from readiness.providers.kubernetes.api import BUSY, NOT_FOUND, Cluster
from readiness.providers.kubernetes.driver import KubernetesDriver
from readiness.providers.kubernetes.holds import NodeHolds
from readiness.providers.kubernetes.pods import Pod, pod_of, seats_of
from readiness.providers.kubernetes.rights import Rights
from readiness.providers.kubernetes.seats import Seats
from readiness.topology import Endpoint, Instance, Topology
from tests.providers.kubernetes.objects import Raw, node, pod
from tests.providers.kubernetes.test_nodes import applied
from tests.providers.tiny import tiny

NODES = {"state-0": "bumble", "state-1": "honey"}
KIND = DeclaredPods(kind="control", selector="app=state", port=9000)


class FakeCluster:
    """`budget`: how many evictions are refused first. `stuck`: pods that do not end unless they are forced to."""

    def __init__(self, record: Record) -> None:
        self.namespace, self.record, self.calls = "tofu-state", record, list[str]()
        self.core = SimpleNamespace(
            create_namespaced_pod_eviction=self._evict,
            delete_namespaced_pod=self._delete,
            list_namespaced_pod=list,
            list_pod_for_all_namespaces=lambda: {"items": [*self.pods.values(), *self.others]},
            patch_node=self._patch,
            read_namespaced_pod=self._read,
            read_node=self._node,
        )
        self.nodes: dict[str, Raw] = {
            name: node(name, spec={}) | {"metadata": _meta(name)} for name in NODES.values()
        }
        self.pods: dict[str, Raw] = {name: pod(name, on) for name, on in NODES.items()}
        self.others: list[Raw] = []
        self.budget, self.made = 0, 0
        self.stuck: set[str] = set()

    def ask(self, call: Callable[..., Any], *args: Any, **more: Any) -> Any:
        return call(*args, **{key: value for key, value in more.items() if key == "body"})

    def write(self, verb: str, target: str, call: Callable[..., Any], *args: Any, **more: Any) -> Any:
        self.calls.append(f"{verb} {target}")
        return self.ask(call, *args, **more)

    def read(self, _verb: str, _target: str, call: Callable[..., Any], *args: Any, **more: Any) -> Any:
        return self.ask(call, *args, **more)

    def cordoned(self, name: str) -> bool:
        return bool(self.nodes[name]["spec"].get("unschedulable"))

    def _node(self, name: str) -> Raw:
        return self.nodes[name]

    def _patch(self, name: str, patch: Raw) -> Raw:
        self.nodes[name] = applied(self.nodes[name], patch)
        self.nodes[name].setdefault("spec", {})
        return self.nodes[name]

    def _read(self, name: str, _namespace: str) -> Raw:
        if name not in self.pods:
            raise ApiException(status=NOT_FOUND)
        return self.pods[name]

    def _delete(self, name: str, _namespace: str, body: Any) -> Raw:
        if name not in self.stuck or body.grace_period_seconds == 0:
            self.made += 1
            on = None if self.cordoned(NODES[name]) else NODES[name]
            self.pods[name] = pod(name, on, uid=f"uid-{self.made}-of-{name}")
        return {}

    def _evict(self, name: str, namespace: str, body: Any) -> Raw:
        if self.budget:
            self.budget -= 1
            raise ApiException(status=BUSY)
        return self._delete(name, namespace, body.delete_options)


def _meta(name: str) -> Raw:
    return {"name": name, "resourceVersion": "1", "annotations": {}}


class FakeSeats(Seats):
    """Sees the pods of the fake cluster, without a watch."""

    def __init__(self, fake: FakeCluster, declared: DeclaredCluster) -> None:
        super().__init__(cast("Cluster", fake), declared, lambda _uid: None)
        self._fake = fake
        self._seats = {seat.instance: seat for seat in seats_of("control", self.of("control"))}

    def of(self, kind: str) -> list[Pod]:
        return [pod_of(raw) for raw in self._fake.pods.values()]


class FakeKubernetes(Engine[KubernetesDriver]):
    """The engine on the driver on the fake cluster."""

    name = "kubernetes"

    def __init__(self, runner: Runner, **declared: Any) -> None:
        record = Record()
        self.cluster, self.journal = FakeCluster(record), MemoryJournal()
        cluster = DeclaredCluster(
            namespace="tofu-state",
            pods=(KIND,),
            **declared,
        )
        super().__init__(tiny().candidate, journal=self.journal, record=record, through_proxy=True)
        fake = cast("Cluster", self.cluster)
        driver = self._driver = KubernetesDriver(
            fake,
            cluster,
            FakeSeats(self.cluster, cluster),
            NodeHolds(fake, "this-run", lambda _node: None, lambda _node: None),
            runner,
            ssl.create_default_context(),
            lambda: True,
        )
        self.lacks: set[str] = set()
        rights = SimpleNamespace(missing=lambda part: ("delete pods",) if part in self.lacks else ())
        driver.reached(
            Topology(
                tuple(NODES.values()),
                tuple(Instance(name, on, "control") for name, on in NODES.items()),
                (Endpoint("state-0", "http://127.0.0.1:9", "bumble", "state-0"),),
                None,
            ),
            cast("Rights", rights),
        )
