"""The primitives of the provider `kubernetes`. Only the candidate's own pods are deleted or evicted."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Sequence

from kubernetes import client
from kubernetes.client.exceptions import ApiException

from readiness.candidate.declared import Command
from readiness.candidate.declared_kubernetes import DeclaredCluster
from readiness.providers.commands import observe
from readiness.providers.commands.hardware import HardwareDriver, NodeHardware
from readiness.providers.commands.runner import Runner
from readiness.providers.commands.watch import LooksWatch
from readiness.providers.engine.driver import Watch
from readiness.providers.engine.journal import FaultVerb
from readiness.providers.kubernetes import look
from readiness.providers.kubernetes.api import BUSY, NOT_FOUND, Cluster, items
from readiness.providers.kubernetes.facts import left_alone
from readiness.providers.kubernetes.holds import TAINT, NodeHolds
from readiness.providers.kubernetes.hooks import Hooks
from readiness.providers.kubernetes.pods import Pod
from readiness.providers.kubernetes.rights import BYTES, Rights
from readiness.providers.kubernetes.seats import ENDED, Seats
from readiness.providers.kubernetes.stored import stored_bytes
from readiness.providers.kubernetes.wipe import wipe
from readiness.topology import Keys, Proof, TcpSocket, Topology, Unsupported

KILL_GRACE = 1
"""Seconds. With 0 the API server forgets the pod at once, and its node never reports that its processes are dead."""
KUBELET_SECONDS, REPLACED_SECONDS, RETRY_SECONDS = 30.0, 60.0, 1.0


class PodWatch(Watch):
    """The pod that an instance was before the act; `gone` and `new` are set by what ends it."""

    def __init__(
        self, name: str, pod: Pod, look_once: observe.Look, mute: frozenset[observe.Sighting]
    ) -> None:
        super().__init__(name)
        self.pod, self.gone = pod, False
        self.new: Pod | None = None
        self._look, self._mute = look_once, mute
        self._before: observe.Sighting | None = None

    def see(self) -> None:
        """Look whether it answers, before it is frozen."""
        self._before = self._look()

    def killed(self, how: str) -> Proof:
        end = "is gone, its containers reported dead" if self.gone else "was not seen to end"
        return Proof(self.gone, f"{self.name}: {how}; pod {_brief(self.pod)} {end}")

    def stopped(self, how: str) -> Proof:
        return self.killed(how)

    def replaced(self, how: str) -> Proof:
        end = "is gone" if self.gone else "is still there"
        new = f"replaced by {_brief(self.new)}" if self.new else "not replaced"
        return Proof(self.new is not None, f"{self.name}: pod {_brief(self.pod)} was {how}, {end}, {new}")

    def frozen(self, how: str) -> Proof:
        assert self._before is not None, "see freeze"
        return observe.changed(self.name, self._before, self._look, self._mute, how)


class KubernetesDriver(HardwareDriver[PodWatch]):
    """The driver of one candidate in a cluster. It needs what `reached` sets."""

    def __init__(
        self,
        cluster: Cluster,
        declared: DeclaredCluster,
        seats: Seats,
        holds: NodeHolds,
        runner: Runner,
        tls: ssl.SSLContext,
        settled: Callable[[], bool],
        kubeconfig: str | None = None,
    ) -> None:
        self._kubeconfig = kubeconfig
        self.cluster, self.declared, self.seats, self.holds = cluster, declared, seats, holds
        self.hooks = Hooks(declared.hooks, runner)
        self._hardware = NodeHardware(runner, self._of_hardware)
        self.keys: dict[str, Keys] = {}
        self._run, self._tls, self._settled = runner, tls, settled
        self._topology: Topology | None = None
        self._rights: Rights | None = None

    def reached(self, topology: Topology, rights: Rights) -> None:
        """The candidate was found, and what the account may do is known."""
        self._topology, self._rights = topology, rights

    @property
    def topology(self) -> Topology:
        if self._topology is None:
            raise RuntimeError("the candidate was not started")
        return self._topology

    @property
    def rights(self) -> Rights:
        """What the account may do. Raises RuntimeError before the candidate was found."""
        if self._rights is None:
            raise RuntimeError("the candidate was not started")
        return self._rights

    # -- what may be done

    def check(self, verb: FaultVerb, target: str) -> None:
        if verb in (FaultVerb.RESTART, FaultVerb.KILL, FaultVerb.DRAIN) or (
            verb is FaultVerb.WIPE and not self.hooks.wipes
        ):
            self.need(verb)
        if verb is FaultVerb.KILL:
            self._guard(self.seats.running(target).node, taint=self._taints)
        elif verb is FaultVerb.DRAIN:
            for instance in self.topology.on(target):
                self.seats.running(instance.name)
            self._guard(target)
        elif verb in (
            FaultVerb.FREEZE,
            FaultVerb.UNPLUG,
            FaultVerb.REPAIR,
            FaultVerb.POWER_OFF,
            FaultVerb.FILL,
        ):
            self.hooks.check(verb)
        elif verb is FaultVerb.WIPE and (running := [pod.name for pod in self.seats.on(target)]):
            raise RuntimeError(
                f"{', '.join(running)} runs: the data of {target} is removed only while the node is stopped"
            )

    def needs(self, undo: FaultVerb, target: str) -> bool:
        if undo is FaultVerb.START:
            return self.holds.holds(self.seats.seat(target).node, _kill(target))
        if undo is FaultVerb.RESTORE:
            return self.holds.holds(target)
        return self._run.is_open(undo, target)

    def reach(self, undo: FaultVerb, target: str) -> dict[str, str]:
        pod = self.seats.sitting(target) if undo in (FaultVerb.START, FaultVerb.THAW) else None
        node = self.seats.seat(target).node if undo in (FaultVerb.START, FaultVerb.THAW) else target
        if undo in (FaultVerb.THAW, FaultVerb.PLUG, FaultVerb.POWER_ON, FaultVerb.FREE):
            values = self._values(pod, node)
            by_hand = self._run.by_hand(self.hooks.command(undo, values))
            return values | {"run": self.holds.run, "by hand": by_hand}
        by_hand = (
            f"python -m readiness.providers.kubernetes.undo --context {self.declared.context} --node {node}"
        )
        by_hand += f" --kubeconfig {self._kubeconfig}" if self._kubeconfig else ""
        return {"node": node, "run": self.holds.run, "by hand": by_hand}

    def why_not(self, node: str, *, taint: bool = False) -> str | None:
        """Why that node is left alone: maintenance would touch others than the candidate. None if it may be done."""
        call, own = self.cluster.core.list_pod_for_all_namespaces, {pod.uid for pod in self.seats.all()}
        answer = self.cluster.read("list pods of node", node, call, field_selector=f"spec.nodeName={node}")
        others = [raw for raw in items(answer) if raw["metadata"]["uid"] not in own]
        protected = () if node in self.declared.allow_nodes else self.declared.protected
        return left_alone(node, others, protected, TAINT if taint else None)

    def _guard(self, node: str, *, taint: bool = False) -> None:
        if reason := self.why_not(node, taint=taint):
            raise Unsupported(reason)

    def need(self, part: str) -> None:
        """Raises Unsupported if the account lacks a right that this part of a run needs."""
        missing = self.rights.missing(part)
        if missing:
            raise Unsupported(
                f"{part}: the account lacks the right to {', '.join(missing)} (docs/kubernetes.md)"
            )

    @property
    def _taints(self) -> bool:
        return self.declared.crash == "taint"

    # -- observing

    def runs(self, instance: str) -> bool:
        pod = self.seats.sitting(instance)
        return pod is not None and bool(pod.node) and pod.phase not in ENDED

    def started_at(self, instance: str) -> float | None:
        """The latest start of the pod's containers, as its node says (in whole seconds, by its own clock)."""
        pod = self.seats.sitting(instance)
        if pod is None or pod.started is None:
            return None
        return time.monotonic() - max(0.0, time.time() - pod.started)

    def ready(self, instance: str) -> bool:
        """The pod is on its node, and its Ready condition holds; where it has no endpoint, that must be fresh."""
        pod = self.seats.sitting(instance)
        if pod is None or not pod.ready or pod.node != self.seats.seat(instance).node:
            return False
        return self._url(instance) is not None or self.seats.fresh()

    def settled(self) -> bool:
        """Every pod is on its node, every budget healthy, and `commands.whole` agrees. Raises RuntimeError for a pod
        that has moved.
        """
        if not self.rights.missing("whole") and look.budget_problem(self.cluster, self.seats.all()):
            return False
        return self._settled()

    def watch(self, instance: str) -> PodWatch:
        mute = observe.AWAY if self._url(instance) is None else observe.MUTE
        return PodWatch(instance, self.seats.running(instance), self._looker(instance), mute)

    def watch_network(self, node: str) -> LooksWatch:
        looks = {instance.name: self._looker(instance.name) for instance in self.topology.on(node)}
        return LooksWatch(node, looks, observe.CUT)

    def metrics_url(self, instance: str) -> str:
        endpoint = next((e for e in self.topology.endpoints if e.instance == instance), None)
        if endpoint is None:
            raise Unsupported(f"{instance} has no metrics: its pods declare no port")
        return endpoint.admin_url or endpoint.url

    def _url(self, instance: str) -> str | None:
        return next((e.url for e in self.topology.endpoints if e.instance == instance), None)

    def _looker(self, instance: str) -> observe.Look:
        url = self._url(instance)
        if url is not None:
            return lambda: observe.look(url, self._tls)
        return lambda: self._by_readiness(instance)

    def _by_readiness(self, instance: str) -> observe.Sighting:
        pod = self.seats.sitting(instance)
        return observe.Sighting.ANSWERED if pod is not None and pod.ready else observe.Sighting.SILENT

    def stored_bytes(self, node: str) -> int:
        """What the candidate's data takes on that node: by the operator's command, else as its kubelet has measured it
        since this was called. Raises Unsupported or OSError.
        """
        if self.hooks.declared("bytes"):
            return self.hooks.stored_bytes(node, self._values(None, node))
        try:
            self.need(BYTES)
        except Unsupported as error:
            raise Unsupported(f"{error}, and kubernetes.hooks.bytes is not declared") from None
        return stored_bytes(self.cluster, node, self.seats.all)

    def connections(self, instance: str) -> Sequence[TcpSocket]:
        """The TCP sockets of the instance's pod, by the operator's command. Raises Unsupported or OSError."""
        pod = self.seats.sitting(instance)
        if pod is None or not pod.node:
            raise OSError(f"{instance} does not run")
        return self.hooks.connections(instance, self._values(pod))

    # -- acting upon one instance

    def stop(self, seen: PodWatch) -> str:
        """Delete the pod, with its own grace period."""
        self.seats.delete("delete pod", seen.pod)
        seen.gone = self.seats.wait_gone(seen.pod, seen.pod.grace + KUBELET_SECONDS)
        return "deleted"

    def restart(self, seen: PodWatch) -> str:
        """Wait until the pod's controller has made another."""
        how = self.stop(seen)
        if seen.gone:
            seen.new = self.seats.wait_replaced(seen.name, seen.pod, REPLACED_SECONDS)
        return how

    def kill(self, seen: PodWatch) -> str:
        """End the pod and keep it away until `start`: its node takes nothing new meanwhile."""
        pod = seen.pod
        self.holds.hold(pod.node, _kill(seen.name), taint=self._taints)
        how = f"its node {pod.node} was cordoned"
        if self._taints:
            how += f" and tainted {TAINT}:NoExecute"
            seen.gone = self.seats.wait_gone(pod, pod.grace + KUBELET_SECONDS)
            return how
        self.seats.delete("kill pod", pod, KILL_GRACE)
        seen.gone = self.seats.wait_gone(pod, KUBELET_SECONDS)
        if not seen.gone:
            how += f"; the node did not report its end within {KUBELET_SECONDS:g} s"
            self.seats.delete("force-delete pod", pod, 0)
        return how

    def start(self, instance: str) -> None:
        """The node takes the pod again, unless another fault still holds it."""
        self.holds.release(self.seats.seat(instance).node, _kill(instance))

    def freeze(self, seen: PodWatch) -> str:
        """By the operator's command."""
        seen.see()
        return self.hooks.do(FaultVerb.FREEZE, FaultVerb.THAW, seen.name, self._values(seen.pod)).how

    def thaw(self, instance: str) -> None:
        self.hooks.undo(FaultVerb.THAW, instance)

    # -- acting upon one node

    def drain(self, node: str) -> Proof:
        """Cordon, evict the candidate's pods as their budgets allow, and wait until they are gone."""
        here = self.seats.on(node)
        self.holds.hold(node, FaultVerb.DRAIN)
        refused, left = self._evict(here)
        gone = [
            pod for pod in here if pod not in left and self.seats.wait_gone(pod, pod.grace + KUBELET_SECONDS)
        ]
        how = f"{node}: cordoned; {len(gone)} of {len(here)} pods evicted and gone"
        how += f"; budgets made it wait {refused} times" if refused else ""
        if left:
            how += f"; refused for {self.declared.drain_seconds:g} s: {', '.join(pod.name for pod in left)}"
        return Proof(bool(here) and len(gone) == len(here), how)

    def restore(self, node: str) -> None:
        """Releases the node, whatever it was held for."""
        self.holds.release(node)

    def cut(self, node: str) -> str:
        """By the operator's command."""
        return self.hooks.do(FaultVerb.UNPLUG, FaultVerb.PLUG, node, self._values(None, node)).how

    def join(self, node: str) -> None:
        self.hooks.undo(FaultVerb.PLUG, node)

    def watch_instances(self, node: str) -> LooksWatch:
        return self.watch_network(node)

    def _of_hardware(self, verb: str, node: str) -> Command:
        self.hooks.check(verb)
        return self.hooks.command(verb, self._values(None, node))

    def erase(self, node: str) -> Proof:
        """By the operator's command, else through the claims."""
        if self.hooks.wipes:
            return self.hooks.erase(node, self._values(None, node))
        names = [instance.name for instance in self.topology.on(node)]
        return wipe(self.cluster, self.seats, node, self.seats.wait_seated(names, REPLACED_SECONDS))

    def repair(self, node: str) -> str:
        """The contract's procedure, by the operator's command; it finds the survivors in READINESS_SURVIVORS."""
        survivors = [e.admin_url or e.url for e in self.topology.endpoints if e.node != node]
        env = {
            "READINESS_NODE": node,
            "READINESS_PODS": " ".join(instance.name for instance in self.topology.on(node)),
            "READINESS_SURVIVORS": " ".join(survivors),
        }
        command = self.hooks.command(FaultVerb.REPAIR, self._values(None, node))
        return self._run.repair(node, command, env)

    def _evict(self, pods: list[Pod]) -> tuple[int, list[Pod]]:
        """How often a budget refused for now, and the pods that it never let go."""
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
            if error.status == NOT_FOUND or (error.status == 409 and not self.seats.is_there(pod)):
                return True
            if error.status in (BUSY, 409):
                return False
            raise
        return True

    def _values(self, pod: Pod | None, node: str = "") -> dict[str, str]:
        values = {"namespace": self.cluster.namespace, "node": pod.node if pod else node}
        return values | ({"pod": pod.name, "uid": pod.uid, "ordinal": pod.ordinal} if pod else {})


def _kill(instance: str) -> str:
    return f"kill {instance}"


def _brief(pod: Pod) -> str:
    return f"{pod.name} (uid {pod.uid[:8]})"
