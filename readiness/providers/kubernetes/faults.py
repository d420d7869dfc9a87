"""The faults of the provider `kubernetes`, and their undo. Only the candidate's own pods are deleted or evicted."""

from __future__ import annotations

import ssl
import time

from kubernetes import client
from kubernetes.client.exceptions import ApiException

from readiness.candidate.declared_kubernetes import DeclaredCluster
from readiness.providers.commands import observe
from readiness.providers.commands.runner import Runner
from readiness.providers.kubernetes.api import BUSY, NOT_FOUND, Cluster, items
from readiness.providers.kubernetes.facts import left_alone
from readiness.providers.kubernetes.hooks import Hooks
from readiness.providers.kubernetes.nodes import TAINT, Nodes
from readiness.providers.kubernetes.pods import Pod
from readiness.providers.kubernetes.rights import Rights
from readiness.providers.kubernetes.state import State
from readiness.providers.kubernetes.wipe import wipe
from readiness.topology import Endpoint, Proof, Topology, Unsupported

KILL_GRACE = 1
"""Seconds. With 0 the API server forgets the pod at once, and nobody reports that its processes are dead."""
KUBELET_SECONDS, REPLACED_SECONDS, RETRY_SECONDS = 30.0, 60.0, 1.0


class Faults:
    """The verbs that change something. They need what `reached` was told."""

    def __init__(
        self,
        cluster: Cluster,
        declared: DeclaredCluster,
        state: State,
        nodes: Nodes,
        run: Runner,
        tls: ssl.SSLContext,
    ) -> None:
        self.cluster, self.declared, self.state, self.nodes = cluster, declared, state, nodes
        self._run, self._tls, self._hooks = run, tls, Hooks(declared.hooks, run)
        self._topology: Topology | None = None
        self._rights: Rights | None = None

    def reached(self, topology: Topology, rights: Rights) -> None:
        """The candidate was found, and what the account may do is known."""
        self._topology, self._rights = topology, rights

    @property
    def topology(self) -> Topology:
        """What was found. Raises RuntimeError before that."""
        if self._topology is None:
            raise RuntimeError("the candidate was not started")
        return self._topology

    @property
    def rights(self) -> Rights:
        """What the account may do. Raises RuntimeError before the candidate was found."""
        if self._rights is None:
            raise RuntimeError("the candidate was not started")
        return self._rights

    # -- one instance

    def restart(self, instance: str) -> Proof:
        """Delete the pod, with its own grace period, and wait until its controller has made another."""
        self._need("restart")
        pod = self.state.running(instance)
        self.state.delete("delete pod", pod)
        gone = self.state.wait_gone(pod, pod.grace + KUBELET_SECONDS)
        new = self.state.wait_replaced(instance, pod, REPLACED_SECONDS) if gone else None
        said = f"{instance}: pod {_brief(pod)} was deleted, {'is gone' if gone else 'is still there'}"
        return Proof(new is not None, f"{said}, {f'replaced by {_brief(new)}' if new else 'not replaced'}")

    def kill(self, instance: str) -> Proof:
        """End the pod and keep it away until `start_instance`: its node takes nothing new meanwhile."""
        self._need("kill")
        pod = self.state.running(instance)
        taint = self.declared.crash == "taint"
        self._guard(pod.node, taint=taint)
        self.nodes.hold(pod.node, _kill(instance), taint=taint)
        how = f"its node {pod.node} was cordoned"
        if taint:
            how += f" and tainted {TAINT}:NoExecute"
            gone = self.state.wait_gone(pod, pod.grace + KUBELET_SECONDS)
        else:
            self.state.delete("kill pod", pod, KILL_GRACE)
            gone = self.state.wait_gone(pod, KUBELET_SECONDS)
        if not gone and not taint:
            how += f"; the node did not report its end within {KUBELET_SECONDS:g} s"
            self.state.delete("force-delete pod", pod, 0)
        said = "is gone, its containers reported dead" if gone else "was not seen to end"
        return Proof(gone, f"{instance}: {how}; pod {_brief(pod)} {said}")

    def start_instance(self, instance: str) -> None:
        """The node takes the pod again, unless another fault still holds it."""
        self.nodes.release(self.state.seat(instance).node, _kill(instance))

    def freeze(self, instance: str) -> Proof:
        """By the operator's command."""
        pod = self.state.running(instance)
        look, wanted = self._looker(instance)
        before = look()
        ran = self._hooks.do("freeze", "thaw", instance, self._values(pod))
        return observe.changed(instance, before, look, wanted, _told(ran.ok, ran.ending))

    def thaw(self, instance: str) -> None:
        """Undo `freeze`."""
        self.state.seat(instance)
        self._hooks.undo("thaw", instance)

    # -- one node

    def drain(self, node: str) -> Proof:
        """Cordon, evict the candidate's pods as their budgets allow, and wait until they are gone."""
        self._need("drain")
        here = self._here(node)
        self._guard(node)
        self.nodes.hold(node, "drain")
        refused, left = self._evict(here)
        gone = [
            pod for pod in here if pod not in left and self.state.wait_gone(pod, pod.grace + KUBELET_SECONDS)
        ]
        said = f"{node}: cordoned; {len(gone)} of {len(here)} pods evicted and gone"
        said += f"; budgets made it wait {refused} times" if refused else ""
        if left:
            said += f"; refused for {self.declared.drain_seconds:g} s: {', '.join(pod.name for pod in left)}"
        return Proof(bool(here) and len(gone) == len(here), said)

    def restore(self, node: str) -> None:
        """Undo everything that holds the node or its pods."""
        self._known(node)
        self.nodes.release(node)
        for instance in self.topology.on(node):
            self.thaw(instance.name)

    def unplug(self, node: str) -> Proof:
        """By the operator's command."""
        self._known(node)
        here = self.topology.on(node)
        lookers = {instance.name: self._looker(instance.name)[0] for instance in here}
        before = {name: look() for name, look in lookers.items()}
        ran = self._hooks.do("unplug", "plug", node, self._values(None, node))
        told = _told(ran.ok, ran.ending)
        proofs = [
            observe.changed(name, before[name], look, observe.CUT, told) for name, look in lookers.items()
        ]
        return Proof(
            bool(proofs) and all(p.fired for p in proofs), f"{node}: {'; '.join(p.observed for p in proofs)}"
        )

    def plug(self, node: str) -> None:
        """Undo `unplug`."""
        self._known(node)
        self._hooks.undo("plug", node)

    # -- the disk of a node

    def wipe(self, node: str) -> Proof:
        """Empty the disk of a node whose pods are away."""
        self._known(node)
        running = [pod.name for pod in self.state.on(node)]
        if running:
            raise RuntimeError(
                f"{', '.join(running)} runs: the data of {node} is removed only while it is away"
            )
        if not self._hooks.has("wipe"):
            self._need("wipe")
            names = [instance.name for instance in self.topology.on(node)]
            return wipe(self.cluster, self.state, node, self.state.wait_seated(names, REPLACED_SECONDS))
        values = self._values(None, node)
        had = self._hooks.number("files", node, values)
        ran = self._hooks.change("wipe", node, values)
        left = self._hooks.number("files", node, values)
        told = _told(ran.ok, ran.ending)
        return Proof(had > 0 and left == 0, f"{node}: {had} files before and {left} after {told}")

    def repair(self, node: str) -> str:
        """The contract's procedure, by the operator's command; it finds the survivors in READINESS_SURVIVORS."""
        self._known(node)
        survivors = [e.admin_url or e.url for e in self.topology.endpoints if e.node != node]
        env = {
            "READINESS_NODE": node,
            "READINESS_PODS": " ".join(instance.name for instance in self.topology.on(node)),
            "READINESS_SURVIVORS": " ".join(survivors),
        }
        ran = self._hooks.change("repair", node, self._values(None, node), env)
        if not ran.ok:
            raise RuntimeError(f"the repair of {node} {ran.ending}: {ran.stderr.strip()[-300:]}")
        return f"{ran.line} {ran.ending}"

    # -- how

    def _evict(self, pods: list[Pod]) -> tuple[int, list[Pod]]:
        """How often a budget said "not now", and the pods that it never let go."""
        deadline, refused, left = time.monotonic() + self.declared.drain_seconds, 0, list(pods)
        while left:
            before = len(left)
            left = [pod for pod in left if not self._evicted(pod)]
            refused += len(left)
            if not left or time.monotonic() > deadline:
                break
            if len(left) == before:
                time.sleep(RETRY_SECONDS)
        return refused, left

    def _evicted(self, pod: Pod) -> bool:
        """Whether the eviction was accepted; False if a budget does not allow it now."""
        body = client.V1Eviction(
            api_version="policy/v1",
            kind="Eviction",
            metadata=client.V1ObjectMeta(name=pod.name, namespace=self.cluster.namespace),
            delete_options=client.V1DeleteOptions(preconditions=client.V1Preconditions(uid=pod.uid)),
        )
        call = self.cluster.core.create_namespaced_pod_eviction
        try:
            self.cluster.write("evict pod", pod.name, call, pod.name, self.cluster.namespace, body)
        except ApiException as error:
            if error.status == NOT_FOUND or (error.status == 409 and not self.state.is_there(pod)):
                return True
            if error.status in (BUSY, 409):
                return False
            raise
        return True

    def _here(self, node: str) -> list[Pod]:
        """The pods on that node, which must be those that the topology says. Raises RuntimeError."""
        self._known(node)
        for instance in self.topology.on(node):
            self.state.running(instance.name)
        return self.state.on(node)

    def why_not(self, node: str, *, taint: bool = False) -> str | None:
        """Why that node is left alone: maintenance would touch others than the candidate. None if it may be done."""
        call, own = self.cluster.core.list_pod_for_all_namespaces, {pod.uid for pod in self.state.all()}
        answer = self.cluster.read("list pods of node", node, call, field_selector=f"spec.nodeName={node}")
        others = [raw for raw in items(answer) if raw["metadata"]["uid"] not in own]
        protected = () if node in self.declared.allow_nodes else self.declared.protected
        return left_alone(node, others, protected, TAINT if taint else None)

    def _guard(self, node: str, *, taint: bool = False) -> None:
        if reason := self.why_not(node, taint=taint):
            raise Unsupported(reason)

    def _need(self, verb: str) -> None:
        missing = self.rights.missing(verb)
        if missing:
            raise Unsupported(
                f"{verb}: the account lacks the right to {', '.join(missing)} (docs/kubernetes.md)"
            )

    def _known(self, node: str) -> None:
        if node not in self.topology.nodes:
            raise KeyError(node)

    def _values(self, pod: Pod | None, node: str = "") -> dict[str, str]:
        values = {"namespace": self.cluster.namespace, "node": pod.node if pod else node}
        return values | ({"pod": pod.name, "uid": pod.uid, "ordinal": pod.ordinal} if pod else {})

    def _looker(self, instance: str) -> tuple[observe.Look, frozenset[observe.Seen]]:
        """How to see whether it answers, and what a frozen one looks like."""
        endpoint: Endpoint | None = next((e for e in self.topology.endpoints if e.instance == instance), None)
        if endpoint is not None:
            url = endpoint.url
            return (lambda: observe.look(url, self._tls)), observe.MUTE
        return (lambda: self._by_readiness(instance)), observe.AWAY

    def _by_readiness(self, instance: str) -> observe.Seen:
        pod = self.state.sitting(instance)
        return observe.Seen.ANSWERED if pod is not None and pod.ready else observe.Seen.SILENT


def _kill(instance: str) -> str:
    return f"kill {instance}"


def _brief(pod: Pod) -> str:
    return f"{pod.name} (uid {pod.uid[:8]})"


def _told(ok: bool, ending: str) -> str:
    return "the command" if ok else f"the command, which {ending}"
