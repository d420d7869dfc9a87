"""The primitives of the provider `containers`: what the container engine does, and what it says of a container."""

from __future__ import annotations

import time
from collections.abc import Callable

from readiness.providers.commands.contract import no_command
from readiness.providers.commands.runner import Runner
from readiness.providers.containers import observe
from readiness.providers.containers.plan import ContainerPlan
from readiness.providers.containers.run import CLOSED_PORT, ContainerRun
from readiness.providers.engine import probe
from readiness.providers.engine.driver import Driver, NetworkWatch, Watch, emptied
from readiness.providers.engine.journal import FaultVerb
from readiness.providers.engine.readiness import PROBE_SECONDS
from readiness.providers.engine.silence import ConnectWatch
from readiness.topology import Proof, Topology, Unsupported


class ContainerWatch(Watch):
    """One container, as inspect shows it. `url`: what it answers, if it has an endpoint."""

    def __init__(self, run: ContainerRun, name: str, url: str | None) -> None:
        super().__init__(name)
        self._run, self._url = run, url
        self._before = self._between = run.state(name)

    def absent(self, verb: FaultVerb) -> str | None:
        if not self._before.up:
            return "it did not run"
        return "it was paused" if verb is FaultVerb.FREEZE and self._before.paused else None

    def look(self) -> None:
        self._between = self._run.state(self.name)

    def killed(self, how: str) -> Proof:
        return observe.killed(self.name, self._before, self._run.state(self.name))

    def stopped(self, how: str) -> Proof:
        return observe.stopped(self.name, self._before, self._run.state(self.name))

    def replaced(self, how: str) -> Proof:
        return observe.replaced(self.name, self._before, self._between, self._run.state(self.name))

    def frozen(self, how: str) -> Proof:
        return observe.frozen(self.name, self._before, self._run.state(self.name), self._url)


class NodeWatch(NetworkWatch):
    """A connect to the node, and whether the engine says that it is on a network."""

    def __init__(self, silence: NetworkWatch, attached: Callable[[], bool]) -> None:
        self._silence, self._attached = silence, attached

    def cut(self, how: str) -> Proof:
        return observe.cut_off(self._silence.cut(how), attached=self._attached())


class ContainerDriver(Driver[ContainerWatch]):
    """The driver of one run on an engine."""

    def __init__(
        self, plan: ContainerPlan, run: ContainerRun, runner: Runner, settled: Callable[[], bool]
    ) -> None:
        self.keys = plan.keys
        self.plan, self.run, self._runner, self._settled = plan, run, runner, settled

    @property
    def topology(self) -> Topology:
        return self.plan.topology

    # -- observing

    def check(self, verb: FaultVerb, target: str) -> None:
        if verb is FaultVerb.REPAIR and self.plan.procedure(target) is None:
            raise no_command("repair", f"node {target}")
        if verb in (FaultVerb.POWER_OFF, FaultVerb.FILL):
            raise Unsupported(
                f"{target} has no disk of its own: its volumes lie on the disk of the engine's machine"
            )

    def needs(self, undo: FaultVerb, target: str) -> bool:
        if undo is FaultVerb.START:
            return not self.runs(target)
        if undo in (FaultVerb.POWER_ON, FaultVerb.FREE):
            return False
        return undo is not FaultVerb.PLUG or not self.run.attached(target)

    def runs(self, instance: str) -> bool:
        return self.run.state(instance).up

    def started_at(self, instance: str) -> float | None:
        state = self.run.state(instance)
        ago = observe.seconds_since(state.started, time.time()) if state.up else None
        return None if ago is None else time.monotonic() - ago

    def ready(self, instance: str) -> bool:
        """A container without an endpoint runs, and listens at its ports."""
        if self._url(instance) is not None:
            return True
        container = self.plan.containers[instance]
        address = self.plan.addresses[container.node]
        listens = all(probe.answers(address, port, PROBE_SECONDS) == "accepted" for port in container.ports)
        return listens and self.run.state(instance).running

    def settled(self) -> bool:
        return self._settled()

    def watch(self, instance: str) -> ContainerWatch:
        return ContainerWatch(self.run, instance, self._url(instance))

    def watch_network(self, node: str) -> NetworkWatch:
        silence = ConnectWatch(node, self.plan.addresses[node], self._port(node))
        return NodeWatch(silence, lambda: self.run.attached(node))

    def metrics_url(self, instance: str) -> str:
        container = self.plan.containers[instance]
        if not container.ports:
            raise Unsupported(f"{instance} has no metrics: declare admin_port")
        return self.plan.url(container, container.ports[-1])

    # -- acting

    def stop(self, seen: ContainerWatch) -> str:
        self.run.stop(seen.name)
        return "by the engine"

    def kill(self, seen: ContainerWatch) -> str:
        self.run.kill(seen.name)
        return "by the engine"

    def start(self, instance: str) -> None:
        self.run.start(instance)

    def freeze(self, seen: ContainerWatch) -> str:
        self.run.pause(seen.name)
        return "by the engine"

    def thaw(self, instance: str) -> None:
        self.run.unpause(instance)

    def cut(self, node: str) -> str:
        self.run.detach(node)
        return "by the engine"

    def join(self, node: str) -> None:
        self.run.attach(node)

    def erase(self, node: str) -> Proof:
        had = self.run.files(node)
        self.run.empty(node)
        return emptied(node, had, self.run.files(node), "the volumes were replaced")

    def repair(self, node: str) -> str:
        command = self.plan.procedure(node)
        assert command is not None, "see check"
        return self._runner.repair(node, command)

    # -- helpers

    def _url(self, instance: str) -> str | None:
        return next((found.url for found in self.topology.endpoints if found.instance == instance), None)

    def _port(self, node: str) -> int:
        """A port of the node; where none is declared, any: the kernel refuses it, which is an answer too."""
        here = [self.plan.containers[instance.name] for instance in self.topology.on(node)]
        return next((port for each in here for port in each.ports), CLOSED_PORT)
