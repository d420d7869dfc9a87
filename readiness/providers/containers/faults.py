"""The faults of the provider `containers`, and their undo. Proof is what the engine and a connect show."""

from __future__ import annotations

import threading

from readiness.providers.commands.contract import no_command
from readiness.providers.commands.runner import Runner
from readiness.providers.containers import observe
from readiness.providers.containers.nodes import CLOSED_PORT, Nodes
from readiness.providers.containers.site import Site
from readiness.providers.engine import probe
from readiness.providers.engine.record import Record
from readiness.providers.engine.redact import redact
from readiness.providers.processes import observe as seen_from_here
from readiness.topology import Endpoint, Proof, Topology


class Faults:
    """The verbs that change something. Calls for one instance exclude each other."""

    def __init__(self, site: Site, record: Record, run: Runner) -> None:
        self._site, self._record, self._run = site, record, run
        self._locks = {name: threading.RLock() for name in site.containers}
        self._started: Nodes | None = None

    @property
    def topology(self) -> Topology:
        return self._site.topology

    # -- faults of one instance

    def restart(self, instance: str) -> Proof:
        with self._locks[instance]:
            self._record.write("restart", instance)
            before = self._nodes.state(instance)
            between = self._nodes.stop(instance)
            self._nodes.start(instance)
            return observe.replaced(instance, before, between, self._nodes.state(instance))

    def kill(self, instance: str) -> Proof:
        with self._locks[instance]:
            self._record.write("kill", instance)
            before = self._nodes.state(instance)
            if not before.up:
                return Proof(False, f"{instance}: it did not run")
            return observe.killed(instance, before, self._nodes.kill(instance))

    def start_instance(self, instance: str) -> None:
        with self._locks[instance]:
            if not self._nodes.state(instance).up:
                self._record.write("start_instance", instance)
                self._nodes.start(instance)

    def freeze(self, instance: str) -> Proof:
        with self._locks[instance]:
            self._record.write("freeze", instance)
            before = self._nodes.state(instance)
            if not before.running:
                return Proof(False, f"{instance}: it was {before.status}")
            self._nodes.pause(instance)
            endpoint = self._endpoint(instance)
            url = endpoint.url if endpoint else None
            return observe.frozen(instance, before, lambda: self._nodes.state(instance), url)

    def thaw(self, instance: str) -> None:
        with self._locks[instance]:
            self._record.write("thaw", instance)
            self._nodes.unpause(instance)

    # -- faults of one node

    def drain(self, node: str) -> Proof:
        self._record.write("drain", node)
        proofs = []
        for name in reversed(self._on(node)):
            with self._locks[name]:
                proofs.append(observe.stopped(name, self._nodes.state(name), self._nodes.stop(name)))
        return Proof(all(proof.fired for proof in proofs), "; ".join(proof.observed for proof in proofs))

    def restore(self, node: str) -> None:
        self._record.write("restore", node)
        for name in self._on(node):
            self.thaw(name)
            self.start_instance(name)

    def unplug(self, node: str) -> Proof:
        at = self._site.addresses[node], self._port(node)
        before = probe.answers(*at, seen_from_here.SILENCE_SECONDS)
        self._record.write("unplug", node)
        self._nodes.detach(node)
        silent = seen_from_here.silent(node, *at, before)
        return observe.cut_off(silent, attached=self._nodes.attached(node))

    def plug(self, node: str) -> None:
        self._on(node)
        if not self._nodes.attached(node):
            self._record.write("plug", node)
            self._nodes.attach(node)

    def wipe(self, node: str) -> Proof:
        for name in self._on(node):
            if self._nodes.state(name).up:
                raise RuntimeError(
                    f"{name} runs: the data of {node} is removed only while the node is stopped"
                )
        self._record.write("wipe", node)
        had = self._nodes.files(node)
        self._nodes.empty(node)
        return observe.emptied(node, had, self._nodes.files(node))

    def repair(self, node: str) -> str:
        self._on(node)
        command = self._site.procedure(node)
        if command is None:
            raise no_command("repair", f"node {node}")
        ran = self._run.change("repair", node, command)
        if not ran.ok:
            raise RuntimeError(f"the repair of {node} {ran.ending}: {ran.stderr.strip()[-300:]}")
        return redact(f"{ran.line} {ran.ending}", self._site.secrets())

    # -- helpers

    @property
    def _nodes(self) -> Nodes:
        if self._started is None:
            raise RuntimeError("the candidate was not started")
        return self._started

    def _endpoint(self, instance: str) -> Endpoint | None:
        return next((found for found in self.topology.endpoints if found.instance == instance), None)

    def _on(self, node: str) -> tuple[str, ...]:
        if node not in self.topology.nodes:
            raise KeyError(node)
        return tuple(instance.name for instance in self.topology.on(node))

    def _port(self, node: str) -> int:
        """A port of the node; where none is declared, any: the kernel refuses it, which is an answer too."""
        here = [self._site.containers[name] for name in self._on(node)]
        return next((port for each in here for port in each.ports), CLOSED_PORT)
