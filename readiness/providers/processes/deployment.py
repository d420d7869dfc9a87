"""The processes of one run:

supervisor, network, disks, store, service endpoint and cache stand-in, started and stopped together.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGTERM

from readiness.candidate.model import Candidate
from readiness.errors import UsageError
from readiness.paths import IMPORTS
from readiness.providers.auxiliary.auxiliaries import Auxiliaries, spawn
from readiness.providers.engine.record import Record
from readiness.providers.engine.waiting import Starting
from readiness.providers.processes import observe
from readiness.providers.processes.keeper import Keeper
from readiness.providers.processes.logs import tail
from readiness.providers.processes.programs import Programs
from readiness.providers.stores import recipe
from readiness.providers.stores.base import Site, StartCommand, new_keys
from readiness.providers.supervisor import network, storage
from readiness.providers.supervisor.client import Revived, Status, Supervised
from readiness.redact import redact
from readiness.topology import Instance, Keys, Proof, VolumeFact

Progress = Callable[[str], None]
ATTEMPTS = 3
FROZEN, RUNNING = 0.45, 0.05
"""A node that limps is stopped for so many seconds, and then goes on for so many."""
LIMPER = "limp-"
DARK_SECONDS = 0.1
UNUSED_SECONDS = 10.0


class Deployment:
    """All parts of one run, made by starting it; `end` leaves nothing behind. `folder`: that of the candidate file."""

    def __init__(
        self,
        candidate: Candidate,
        run_dir: Path | None,
        progress: Progress,
        program: Callable[[str], Path],
        record: Record,
        folder: Path,
    ) -> None:
        declared = candidate.provider
        of_store = recipe(declared.store)
        if not declared.nodes:
            raise UsageError("provider.nodes is empty: name at least one node")
        self._candidate = candidate
        self.supervised = Supervised(run_dir)
        self.starting = Starting(progress, lambda: self.supervised.statuses(), self._failing, self.log_tail)
        try:
            self.folder = self.supervised.folder
            self.layout = network.create(declared.network, declared.nodes, self.supervised, progress)
            self.auxiliaries = Auxiliaries(
                self.supervised,
                self.layout.outside,
                lambda: self.layout.ports(1)[0],
                program,
                self.starting.wait_until,
            )
            keys: Mapping[str, Keys] = {role: new_keys() for role in ("admin", "read_only")}
            self.storage = storage.create(
                declared.disks,
                declared.nodes,
                self.supervised,
                progress,
                synchronous=declared.synchronous,
            )
            self.site = Site(
                self.folder, self.layout, self.storage, declared.nodes, keys, declared.options, program
            )
            self.store = of_store(self.site)
            self.programs = Programs(self.store, candidate.upgrade, program, folder)
            (self.folder / "logs").mkdir()
            if litter := self.store.litter():
                self.supervised.register_undo("litter", ["rm", "-f", *map(str, litter)], {"PATH": os.defpath})
            self.store.prepare()
            self._instances = {instance.name: instance for instance in self.store.instances}
            self.keeper = Keeper(self.supervised.statuses, self._spawn_instance, record)
            self.keeper.start()
        except BaseException:
            self.supervised.end()
            raise

    def launch(self, instance: Instance) -> Status:
        """Start one instance of the store, and from now on again should it end by itself."""
        with self.keeper.lock:
            self.keeper.want(instance.name)
            status = self.supervised.status(instance.name)
            return status if status and status.running else self._spawn_instance(instance.name)

    def kill(self, instance: Instance) -> Status | None:
        """SIGKILL to all processes of the instance; the final status."""
        self.keeper.leave(instance.name)
        self.supervised.signal(instance.name, SIGKILL)
        return self.supervised.wait(instance.name, 10)

    def power_off(self, node: str) -> Proof:
        """The power of a node is cut and its disk mounted again, which shows what is left; its instances stay away.

        Raises Unsupported where it has no disk of its own, RuntimeError if the disk cannot be mounted again.
        """
        here = [instance.name for instance in self.store.instances if instance.node == node]
        for name in here:
            self.keeper.leave(name)
        error = self.storage.cut_power(node, here)
        ended = [self.supervised.wait(name, 10) for name in here]
        time.sleep(DARK_SECONDS)  # for what is cut at the same time: a mount takes as long as many cuts
        seen = self._revived(node)
        dead = all(status is None or not status.running for status in ended)
        return observe.power_cut(node, error, seen, dead=dead)

    def _revived(self, node: str) -> Revived:
        """Raises RuntimeError if something still uses the disk after a while."""
        deadline = time.monotonic() + UNUSED_SECONDS
        while True:
            try:
                return self.storage.revive(node)
            except RuntimeError:
                if time.monotonic() > deadline:
                    raise
            time.sleep(0.05)

    def power_on(self, node: str) -> None:
        """The disk of a node is mounted, and its instances are started, in their order."""
        self._revived(node)
        for instance in self.store.instances:
            if instance.node == node:
                self.launch(instance)

    def stop_gracefully(self, instance: Instance) -> tuple[Status | None, bool]:
        """SIGTERM, bounded; then SIGKILL. Returns the final status and whether SIGKILL was needed."""
        self.keeper.leave(instance.name)
        self.supervised.signal(instance.name, SIGTERM, group=False)
        self.supervised.signal(instance.name, SIGCONT)  # a frozen process would never see it
        status = self.supervised.wait(
            instance.name, self.site.number("stop_seconds", self.store.stop_seconds)
        )
        if status is None or not status.running:
            return status, False
        return self.kill(instance), True

    def limp(self, node: str) -> None:
        """From now on the node's processes are stopped for most of the time. Raises RuntimeError if one is away."""
        groups = []
        for name in self._on(node):
            status = self.supervised.status(name)
            if status is None or not status.running:
                raise RuntimeError(f"{name} does not run: it cannot limp")
            groups.append(f"{status.pid}:{status.ticks}")
        module = "readiness.providers.supervisor.limp"
        argv = (sys.executable, "-m", module, str(FROZEN), str(RUNNING), *groups)
        spawn(
            self.supervised,
            LIMPER + node,
            StartCommand(argv, {"PYTHONPATH": str(IMPORTS), "PYTHONSAFEPATH": "1"}),
        )

    def unlimp(self, node: str) -> None:
        """Undoes `limp`; without it, nothing happens. What makes a node limp has let it go on if it ended by itself."""
        if not self.supervised.signal(LIMPER + node, SIGKILL):
            return
        self.supervised.wait(LIMPER + node, 10)
        for name in self._on(node):
            self.supervised.signal(name, SIGCONT)

    def _on(self, node: str) -> list[str]:
        return [name for name, instance in self._instances.items() if instance.node == node]

    def volumes(self) -> tuple[VolumeFact, ...]:
        """Each node's data folder as it is there, with the kind and access that the candidate declares for it."""
        declared = {volume.node: volume for volume in self._candidate.volumes}
        facts = []
        for node in self.site.nodes:
            volume, path = declared.get(node), self.site.data(node)
            kind, access = (volume.kind, volume.access) if volume else ("local-dir", "local")
            if self.storage.seen(path).is_dir():
                facts.append(VolumeFact(node, kind, access, str(path)))
        return tuple(facts)

    def _failing(self) -> str | None:
        """A process that does not stay: started again in vain, or one that nobody starts again."""
        for name, status in self.supervised.statuses().items():
            if name.startswith(LIMPER):
                continue
            if not status.running and (
                name not in self._instances or self.keeper.relaunched[name] >= ATTEMPTS
            ):
                return name
        return None

    def provision(self) -> None:
        """What the store needs once it runs. Raises UsageError."""
        try:
            self.store.provision()
        except RuntimeError as error:
            why = redact(str(error), self.store.secrets())
            raise UsageError(f"{self._candidate.name} cannot be set up: {why}") from None

    def start_service(self) -> None:
        """The load balancer, on no node, in front of the nodes' S3 ports; it heeds the contract's seconds after
        a start.
        """
        if self.store.health is not None:
            seconds = self._candidate.contract.failure.readiness.seconds_after_start
            upstreams = [endpoint.url.removeprefix("http://") for endpoint in self.store.endpoints]
            self.auxiliaries.start_service(upstreams, replace(self.store.health, seconds=seconds))

    def log(self, name: str) -> Path:
        return self.folder / "logs" / f"{name}.log"

    def log_tail(self, name: str, lines: int) -> str:
        """The last lines of a process's log, without secrets."""
        return redact(tail(self.log(name), lines), self.store.secrets())

    def end(self) -> None:
        """Stop and remove everything."""
        self.keeper.stop()
        self.supervised.end()

    def _spawn_instance(self, name: str) -> Status:
        instance = self._instances[name]
        self.site.make(self.site.data(instance.node))
        command = self.programs.of(self.store.command(instance), instance.node)
        return spawn(self.supervised, name, command, instance.node)
