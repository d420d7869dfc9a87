"""The primitives of the provider `processes`: signals, cables of network namespaces, folders and disks."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from signal import SIGCONT, SIGSTOP

from readiness.candidate.model import Candidate
from readiness.providers.engine import probe
from readiness.providers.engine.driver import Driver, NetworkWatch, PaceWatch, PeersWatch, Watch
from readiness.providers.engine.fill import TRIED, available, fill, refused
from readiness.providers.engine.journal import FaultVerb
from readiness.providers.engine.pace import RequestWatch
from readiness.providers.engine.readiness import PROBE_SECONDS
from readiness.providers.engine.silence import ConnectWatch
from readiness.providers.processes import observe
from readiness.providers.processes.deployment import FROZEN, RUNNING, Deployment
from readiness.providers.processes.peers import ProcessPeers
from readiness.providers.processes.programs import needed
from readiness.providers.supervisor.client import Status
from readiness.topology import Direction, Endpoint, Instance, Proof, Topology, Unsupported

BALLAST = "ballast"


class ProcessWatch(Watch):
    """One process, as the kernel shows it to the supervisor."""

    def __init__(self, deployment: Deployment, instance: Instance) -> None:
        super().__init__(instance.name)
        self.instance, self._deployment = instance, deployment
        self._before, self._between = self._now(), self._now()

    def absent(self, verb: FaultVerb) -> str | None:
        return None if self._before is not None and self._before.running else "it did not run"

    def look(self) -> None:
        self._between = self._now()

    def killed(self, how: str) -> Proof:
        assert self._before is not None
        return observe.killed(self.name, self._before, self._now())

    def stopped(self, how: str) -> Proof:
        return observe.ended(self.name, self._now(), how)

    def replaced(self, how: str) -> Proof:
        after = self._now()
        assert self._before is not None
        assert after is not None
        return observe.replaced(self.name, self._before, self._between, after)

    def frozen(self, how: str) -> Proof:
        assert self._before is not None
        return observe.frozen(self.name, self._before.pid)

    def _now(self) -> Status | None:
        return self._deployment.supervised.status(self.name)


class ProcessDriver(Driver[ProcessWatch]):
    """The driver of one deployment. Its service endpoint is set once it is there."""

    def __init__(self, candidate: Candidate, deployment: Deployment) -> None:
        self.deployment, self._store = deployment, deployment.store
        declared, made = candidate.contract.credentials, deployment.site.keys
        self.keys = {role: made[role] for role in made if role == "admin" or declared.read_only is not None}
        self._topology = self._with(None)
        self._cut: dict[str, Proof] = {}

    @property
    def topology(self) -> Topology:
        return self._topology

    def serve_at(self, service: Endpoint | None) -> None:
        """From now on there is that service endpoint."""
        self._topology = self._with(service)

    def _with(self, service: Endpoint | None) -> Topology:
        return Topology(self.deployment.site.nodes, self._store.instances, self._store.endpoints, service)

    # -- what may be done

    def check(self, verb: FaultVerb, target: str) -> None:
        if verb in (FaultVerb.POWER_OFF, FaultVerb.FILL):
            self.deployment.storage.disk(target)
        if verb is FaultVerb.UPGRADE:
            needed(self._store, self.deployment.programs, target)

    # -- observing

    def needs(self, undo: FaultVerb, target: str) -> bool:
        if undo is FaultVerb.POWER_ON:
            storage = self.deployment.storage
            return storage.is_down(target) or not all(self.runs(i.name) for i in self.topology.on(target))
        if undo is FaultVerb.FREE:
            return self._is_filled(target)
        if undo is FaultVerb.TAKE_BACK:
            return self.deployment.programs.is_upgraded(target)
        return undo is not FaultVerb.START or not self.runs(target)

    def runs(self, instance: str) -> bool:
        status = self.deployment.supervised.status(instance)
        return status is not None and status.running

    def started_at(self, instance: str) -> float | None:
        status = self.deployment.supervised.status(instance)
        return status.started if status is not None and status.running else None

    def ready(self, instance: str) -> bool:
        if any(endpoint.instance == instance for endpoint in self.topology.endpoints):
            return True
        return self._store.in_service(self.topology.instance(instance), PROBE_SECONDS)

    def settled(self) -> bool:
        return self._store.settled()

    def watch(self, instance: str) -> ProcessWatch:
        return ProcessWatch(self.deployment, self.topology.instance(instance))

    def watch_network(self, node: str) -> NetworkWatch:
        return ConnectWatch(node, *probe.address_of(self._endpoint(node).url))

    def watch_peers(self, node: str, way: Direction) -> PeersWatch:
        peers = {
            peer: probe.address_of(self._endpoint(peer).url) for peer in self.topology.nodes if peer != node
        }
        if not peers:
            raise Unsupported(f"{node} has no peers to be cut off from")
        return ProcessPeers(self.deployment.layout, self._endpoint(node), peers, way)

    def watch_pace(self, node: str) -> PaceWatch:
        return RequestWatch(node, self._endpoint(node).url)

    def _endpoint(self, node: str) -> Endpoint:
        return next(found for found in self.topology.endpoints if found.node == node)

    def metrics_url(self, instance: str) -> str:
        base = self._store.metrics_url(self.topology.instance(instance))
        if base is None:
            raise Unsupported(f"{instance} has no metrics")
        return base

    # -- acting

    def stop(self, seen: ProcessWatch) -> str:
        _, forced = self.deployment.stop_gracefully(seen.instance)
        return "by SIGKILL after the time for SIGTERM was over" if forced else "gracefully"

    def kill(self, seen: ProcessWatch) -> str:
        self.deployment.kill(seen.instance)
        return "by SIGKILL"

    def start(self, instance: str) -> None:
        self.deployment.launch(self.topology.instance(instance))

    def freeze(self, seen: ProcessWatch) -> str:
        self.deployment.supervised.signal(seen.name, SIGSTOP)
        return "by SIGSTOP"

    def thaw(self, instance: str) -> None:
        self.deployment.supervised.signal(instance, SIGCONT)

    def cut(self, node: str) -> str:
        self.deployment.layout.unplug(node)
        return "by its cable"

    def join(self, node: str) -> None:
        self.deployment.layout.plug(node)

    def isolate(self, node: str, way: Direction) -> str:
        self.deployment.layout.isolate(node, way)
        return "cut off from its peers"

    def rejoin(self, node: str) -> None:
        self.deployment.layout.rejoin(node)

    def limp(self, node: str) -> str:
        self.deployment.limp(node)
        return f"stopped for {FROZEN:g} of every {FROZEN + RUNNING:g} s"

    def unlimp(self, node: str) -> None:
        self.deployment.unlimp(node)

    def upgrade(self, node: str) -> str:
        names = needed(self._store, self.deployment.programs, node)
        return self._replaced(names, lambda: self.deployment.programs.upgrade(node))

    def take_back(self, node: str) -> None:
        names = needed(self._store, self.deployment.programs, node)
        self._replaced(names, lambda: self.deployment.programs.take_back(node))

    def _replaced(self, names: Sequence[str], choose: Callable[[], None]) -> str:
        """Stops these instances, clients first, and starts those of the version that is chosen meanwhile."""
        instances = [self.topology.instance(name) for name in names]
        forced = [self.deployment.stop_gracefully(instance)[1] for instance in reversed(instances)]
        choose()
        for instance in instances:
            self.deployment.launch(instance)
        return f"a stop {'that took SIGKILL' if any(forced) else 'by SIGTERM'} and a start"

    def versions_on(self, node: str) -> Mapping[str, str]:
        """As the programs that the processes run say it."""
        found = {}
        for name in needed(self._store, self.deployment.programs, node):
            status = self.deployment.supervised.status(name)
            if status is None or not status.running:
                raise OSError(f"{name} does not run")
            found[name] = self.deployment.programs.running(status.pid)
        return found

    def power_off(self, node: str) -> Proof:
        self._cut[node] = self.deployment.power_off(node)
        return self._cut[node]

    def power_was_cut(self, node: str) -> Proof:
        """The disk was mounted, and seen, while the node was off."""
        return self._cut.get(node, Proof(False, f"{node}: its power was not cut"))

    def power_on(self, node: str) -> None:
        self.deployment.power_on(node)

    def fill(self, node: str) -> Proof:
        disk = self.deployment.storage.disk(node)
        fill(self._ballast(node))
        error = refused(disk)
        return Proof(
            error == "ENOSPC",
            f"{node}: {available(disk)} bytes are available on its disk, and a write of {TRIED} bytes "
            + (f"ends with {error}" if error else "was taken"),
        )

    def free(self, node: str) -> None:
        self._ballast(node).unlink(missing_ok=True)

    def _is_filled(self, node: str) -> bool:
        """Whether the node's disk is full; False without a disk of its own."""
        try:
            return self._ballast(node).exists()
        except Unsupported:
            return False

    def _ballast(self, node: str) -> Path:
        return self.deployment.storage.disk(node) / BALLAST

    def erase(self, node: str) -> Proof:
        storage = self.deployment.storage
        folder = storage.seen(storage.data(node))
        held = next((path.name for path in folder.rglob("*") if path.is_file()), None)
        if not storage.renew(node):
            # Moved, not removed: that takes minutes where there are many small files. It goes with the run's folder.
            folder.rename(Path(tempfile.mkdtemp(dir=folder.parent, prefix=".wiped-")) / node)
            folder.mkdir()
        left = list(folder.iterdir())
        data = f"{node}: its data ({'nothing' if held is None else f'such as {held}'}) is out of its reach"
        return Proof(not left and held is not None, f"{data}, {len(left)} entries left")

    def repair(self, node: str) -> str:
        return self._store.repair(node)
