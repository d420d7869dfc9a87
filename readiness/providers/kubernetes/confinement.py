"""The candidate confined to its own pods, DNS and the suite, and the proof that the cluster's network enforces that."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from kubernetes.client.exceptions import ApiException

from readiness.candidate.declared_kubernetes import DeclaredCluster
from readiness.providers.kubernetes.api import NOT_FOUND, Cluster, items
from readiness.providers.kubernetes.pods import Pod
from readiness.providers.kubernetes.policy import RUN, opened_by, policies
from readiness.providers.kubernetes.probes import Look, Probes
from readiness.topology import Unsupported, WayOut

Raw = Mapping[str, Any]
ENFORCED_SECONDS = 40.0
SERVER = "the API server's Service"


class Confinement:
    """The confinement of one run. `confine` makes probes, looks before, makes the policies, and looks after."""

    def __init__(self, cluster: Cluster, declared: DeclaredCluster, run: str, nodes: tuple[str, ...]) -> None:
        if declared.isolation is None:
            raise Unsupported("[kubernetes.isolation] is not declared: it names the image of the probe pods")
        self._cluster, self._declared, self._run, self._nodes = cluster, declared, run, nodes
        self._isolation = declared.isolation
        self._probes = Probes(cluster, run, self._isolation.image, nodes)
        self._reached_before: dict[str, Look] = {}
        self.keeps_connections = True
        """Whether a connection that was open before stays open: then pods that are older may have some."""

    def check(self, raw_pods: Iterable[Raw], pods: list[Pod]) -> None:
        """Raises Unsupported for what would make a policy prove nothing."""
        if hosts := [pod for pod in raw_pods if (pod.get("spec") or {}).get("hostNetwork")]:
            name = hosts[0]["metadata"]["name"]
            raise Unsupported(
                f"pod {name} is in its node's network (hostNetwork), where no NetworkPolicy holds"
            )
        call = self._cluster.network.list_namespaced_network_policy
        existing = items(self._cluster.read("list policies", "all", call, self._cluster.namespace))
        if others := opened_by(existing, self._run, pods):
            raise Unsupported(
                f"NetworkPolicy {others[0]} lets the candidate's pods out: what one policy allows, no other can forbid"
            )

    def confine(self, pods: list[Pod]) -> None:
        """Raises Unsupported where the network does not enforce it, ApiException or OSError; `release` undoes it."""
        self._probes.start()
        for node in self._nodes:
            before = self._probes.next(node)
            if not (before.witness and before.peer and before.held):
                raise Unsupported(
                    f"the probe on {node} reaches not even a pod of its own namespace, before any policy of the run: "
                    "that it reaches nothing afterwards would prove nothing"
                )
            self._reached_before[node] = before
        sources = sorted({*_own_addresses(pods), *(pod.host for pod in pods if pod.host)})
        call = self._cluster.network.create_namespaced_network_policy
        for policy in policies(self._run, self._declared.pods, self._isolation, sources):
            self._cluster.write(
                "make policy", policy["metadata"]["name"], call, self._cluster.namespace, policy
            )
        after = {
            node: self._probes.wait(node, lambda look: not look.witness and not look.server, ENFORCED_SECONDS)
            for node in self._nodes
        }
        open_still = [node for node, look in after.items() if look is None or look.witness]
        if open_still:
            raise Unsupported(
                "the cluster's network does not enforce NetworkPolicy: with one that forbids it, the probe on "
                f"{' and '.join(open_still)} still reaches {self._probes.witness}, a pod that is not the candidate's"
            )
        self.keeps_connections = any(self._probes.next(node).held for node in self._nodes)

    def way_out(self, node: str) -> WayOut:
        """What the probe on that node reaches now of what it reached before. Raises OSError, Unsupported."""
        before, now = self._reached_before[node], self._probes.next(node)
        if not now.peer:
            raise Unsupported(
                f"the probe on {node} reaches not even its peer, which the policy allows: that it reaches nothing else "
                "proves nothing"
            )
        tried = [(self._probes.witness, now.witness)]
        if before.server:
            tried.append((SERVER, now.server))
        return WayOut(tuple(name for name, _ in tried), tuple(name for name, seen in tried if seen))


def release(cluster: Cluster, run: str) -> int:
    """Delete the policies and probes of that run; how many there were. Raises ApiException."""
    namespace, selector = cluster.namespace, f"{RUN}={run}"
    policy, probe = cluster.network, cluster.core
    done = 0
    for what, listing, remove in (
        ("policy", policy.list_namespaced_network_policy, policy.delete_namespaced_network_policy),
        ("probe", probe.list_namespaced_pod, probe.delete_namespaced_pod),
    ):
        for name in _named(cluster, listing, selector):
            done += 1
            with _gone_is_done():
                cluster.write(f"remove {what}", name, remove, name, namespace, grace_period_seconds=1)
    return done


def _named(cluster: Cluster, listing: Callable[..., object], selector: str) -> list[str]:
    found = cluster.ask(listing, cluster.namespace, label_selector=selector)
    return [str(raw["metadata"]["name"]) for raw in items(found)]


@contextlib.contextmanager
def _gone_is_done() -> Iterator[None]:
    try:
        yield
    except ApiException as error:
        if error.status != NOT_FOUND:
            raise


def _own_addresses(pods: Iterable[Pod]) -> Iterator[str]:
    """The addresses of this machine from which it reaches these pods; nothing is sent."""
    for pod in pods:
        family = socket.AF_INET6 if ":" in pod.address else socket.AF_INET
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((pod.address, 9))
            yield str(probe.getsockname()[0])
