"""The provider `processes`: a store that the suite starts itself, each node's processes in a network of their own.

Nothing is remembered about the candidate: what the verbs say comes from the kernel and from probes at that moment.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from signal import SIGCONT, SIGSTOP
from urllib.parse import urlsplit

from readiness.candidate.load import Loaded
from readiness.errors import UsageError
from readiness.providers.auxiliary.beside import CACHE
from readiness.providers.base import MetricsTarget
from readiness.providers.engine import probe
from readiness.providers.engine.record import Record
from readiness.providers.processes import observe
from readiness.providers.processes.capture import capture
from readiness.providers.processes.running import Progress, Running
from readiness.providers.supervisor.client import Status, Supervised
from readiness.topology import Endpoint, Instance, Keys, Proof, Topology, Unsupported, VolumeFact

PROBE_SECONDS = 0.5


class Processes:
    """Implements `readiness.providers.base.Provider`.

    One object is one run of the candidate: `start` once, `stop` at the end.
    """

    name = "processes"
    owns_candidate = True

    def __init__(
        self, loaded: Loaded, *, run_dir: Path | None, progress: Progress, program: Callable[[str], Path]
    ) -> None:
        credentials = loaded.candidate.contract.credentials
        for source in (credentials.admin, credentials.read_only):
            if source is not None and source.source != "generated":
                raise UsageError(
                    f'credentials source "{source.source}": this provider starts the store itself and makes '
                    'its keys; use source = "generated"'
                )
        self._candidate = loaded.candidate
        self._rule = loaded.candidate.contract.failure.readiness
        self._run_dir, self._progress, self._program = run_dir, progress, program
        self._started: Running | None = None
        self._topology: Topology | None = None
        self._locks: dict[str, threading.RLock] = {}
        self._record = Record()

    def start(self) -> Topology:
        self._record.write("start", self._candidate.name)
        running = Running(self._candidate, self._run_dir, self._progress, self._program, self._record)
        try:
            self._started, store = running, running.store
            self._locks = {instance.name: threading.RLock() for instance in store.instances}
            self._topology = Topology(running.site.nodes, store.instances, store.endpoints, None)
            seconds = running.site.number("start_seconds", store.start_seconds)
            for instance in store.instances:
                running.launch(instance)
                if not store.founded(instance):
                    what = f"{instance.name}, before the next one"
                    running.wait_until(partial(store.founded, instance), what, seconds)
            running.wait_until(lambda: store.assemble() and self.whole(), self._candidate.name, seconds)
            running.provision()
            running.start_service()
            self._topology = Topology(
                running.site.nodes, store.instances, store.endpoints, running.beside.service
            )
            if self._candidate.provider.options.get("cache_stand_in"):
                running.beside.start_cache()
        except BaseException:
            self.stop()
            raise
        return self._topology

    def stop(self) -> None:
        self._record.write("stop", self._candidate.name)
        if self._started is not None:
            self._started.end()

    @property
    def topology(self) -> Topology:
        if self._topology is None:
            raise RuntimeError("the candidate was not started")
        return self._topology

    @property
    def supervised(self) -> Supervised:
        """What outlives this process. Raises RuntimeError before `start`."""
        return self._running.supervised

    def adopt(self, pid: int) -> None:
        self.supervised.adopt(pid)

    def after_death(self, argv: Sequence[str], env: Mapping[str, str]) -> None:
        self.supervised.after_death(argv, env)

    @property
    def cache_endpoints(self) -> tuple[str, ...]:
        """URLs of the cache stand-in, if the candidate has the option `cache_stand_in`."""
        return self._running.beside.cache_endpoints

    def keys(self, role: str) -> Keys:
        declared = self._candidate.contract.credentials
        if role not in ("admin", "read_only") or (role == "read_only" and declared.read_only is None):
            raise Unsupported(f"the candidate has no {role} credential")
        return self._running.site.keys[role]

    def in_service(self, instance: str) -> bool:
        wanted = self.topology.instance(instance)
        if self._rule.seconds_after_start:
            since = self.started_at(instance)
            if since is None or time.monotonic() - since < self._rule.seconds_after_start:
                return False
        endpoint = self._endpoint(instance)
        if endpoint is None:
            return probe.status(self._running.store.probe_url(wanted), PROBE_SECONDS) == 200
        if self._rule.path is None:
            return probe.answers(*_host_and_port(endpoint.url), PROBE_SECONDS) == "accepted"
        base = endpoint.url if self._rule.target == "s3" else endpoint.admin_url
        return probe.status(f"{base}{self._rule.path}", PROBE_SECONDS) == self._rule.status

    def started_at(self, instance: str) -> float | None:
        status = self._status(self.topology.instance(instance))
        return status.started if status is not None and status.running else None

    def restart(self, instance: str) -> Proof:
        wanted = self.topology.instance(instance)
        with self._locks[instance]:
            self._record.write("restart", instance)
            before = self._status(wanted)
            if before is None or not before.running:
                self._running.launch(wanted)
                return Proof(False, f"{instance}: it did not run, and was started")
            stopped, _ = self._running.stop_gracefully(wanted)
            return observe.replaced(instance, before, stopped, self._running.launch(wanted))

    def kill(self, instance: str) -> Proof:
        with self._locks[instance]:
            self._record.write("kill", instance)
            before = self._status(self.topology.instance(instance))
            if before is None or not before.running:
                return Proof(False, f"{instance}: it did not run")
            return observe.killed(instance, before, self._running.kill(self.topology.instance(instance)))

    def start_instance(self, instance: str) -> None:
        wanted = self.topology.instance(instance)
        with self._locks[instance]:
            status = self._status(wanted)
            if status is None or not status.running:
                self._record.write("start_instance", instance)
                self._running.launch(wanted)

    def freeze(self, instance: str) -> Proof:
        with self._locks[instance]:
            self._record.write("freeze", instance)
            status = self._status(self.topology.instance(instance))
            if status is None or not self.supervised.signal(instance, SIGSTOP):
                return Proof(False, f"{instance}: it did not run")
            return observe.frozen(instance, status.pid)

    def thaw(self, instance: str) -> None:
        with self._locks[instance]:
            self._record.write("thaw", instance)
            self.supervised.signal(instance, SIGCONT)

    def drain(self, node: str) -> Proof:
        self._record.write("drain", node)
        said, all_ended = [], True
        for instance in reversed(self._on(node)):  # clients of the node's other processes go first
            with self._locks[instance.name]:
                status, forced = self._running.stop_gracefully(instance)
                all_ended &= status is not None and not status.running
                how = "by SIGKILL after the time for SIGTERM was over" if forced else "gracefully"
                said.append(f"{instance.name} ended {how} ({status.ended if status else 'it never ran'})")
        return Proof(all_ended, f"{node}: {'; '.join(said)}")

    def restore(self, node: str) -> None:
        self._record.write("restore", node)
        for instance in self._on(node):
            self.thaw(instance.name)
            self.start_instance(instance.name)

    def unplug(self, node: str) -> Proof:
        address, port = self._outside_of(node)
        before = probe.answers(address, port, observe.SILENCE_SECONDS)
        self._record.write("unplug", node)
        self._running.layout.unplug(node)
        return observe.silent(node, address, port, before)

    def plug(self, node: str) -> None:
        self._on(node)
        self._record.write("plug", node)
        self._running.layout.plug(node)

    def wipe(self, node: str) -> Proof:
        for instance in self._on(node):
            status = self._status(instance)
            if status is not None and status.running:
                raise RuntimeError(
                    f"{instance.name} runs: the data of {node} is removed only while the node is stopped"
                )
        self._record.write("wipe", node)
        folder = self._running.site.data(node)
        held = next((path.name for path in folder.rglob("*") if path.is_file()), None)
        # Moved, not removed: that takes minutes where there are many small files. It goes with the run's folder.
        folder.rename(Path(tempfile.mkdtemp(dir=folder.parent, prefix=".wiped-")) / node)
        folder.mkdir()
        left = list(folder.iterdir())
        told = f"{node}: its data ({'nothing' if held is None else f'such as {held}'}) is out of its reach"
        return Proof(not left and held is not None, f"{told}, {len(left)} entries left")

    def repair(self, node: str) -> str:
        self._on(node)
        self._record.write("repair", node)
        return self._running.store.repair(node)

    def whole(self) -> bool:
        return (
            all(self.in_service(instance.name) for instance in self.topology.instances)
            and self._running.store.settled()
        )

    def rotate(self, old: Keys | None) -> Keys:
        if self._candidate.contract.credentials.rotation != "provider":
            raise Unsupported("the contract offers no rotation")
        self._record.write("rotate", "add" if old is None else "retire")
        return self._running.store.rotate(old)

    def divergence_check(self) -> Mapping[str, object]:
        self._record.read("divergence_check", self._candidate.name)
        return self._running.store.divergence()

    def volumes(self) -> tuple[VolumeFact, ...]:
        return self._running.volumes()

    def metrics(self, instance: str, path: str, target: MetricsTarget = "admin") -> str:
        wanted = self.topology.instance(instance)
        self._record.read("metrics", instance)
        base = self._running.store.metrics_url(wanted) if target == "admin" else self._s3_url(instance)
        if base is None:
            raise Unsupported(f"{instance} has no metrics")
        try:
            return probe.call(f"{base}{path}", 3)
        except probe.Refused as error:
            raise OSError(str(error)) from None

    def _s3_url(self, instance: str) -> str | None:
        return next((each.url for each in self.topology.endpoints if each.instance == instance), None)

    def capture(self) -> Mapping[str, str]:
        return capture(self._running, self._record)

    def versions(self) -> Mapping[str, str]:
        return dict(self._running.store.versions())

    def recorded_calls(self) -> tuple[str, ...]:
        """Every verb but the probes (`in_service`, `started_at`, `whole`), which only ever ask.

        Reads are marked as such.
        """
        return self._record.lines()

    def stop_caches(self) -> None:
        """The cache stand-in goes away (boundary condition S.5)."""
        self._record.write("stop_caches", CACHE)
        self._running.beside.stop_cache()

    def start_caches(self) -> None:
        """The cache stand-in is there again."""
        self._record.write("start_caches", CACHE)
        status = self.supervised.status(CACHE)
        if status is not None and not status.running:
            self._running.beside.start_cache()

    @property
    def _running(self) -> Running:
        if self._started is None:
            raise RuntimeError("the candidate was not started")
        return self._started

    def _status(self, instance: Instance) -> Status | None:
        return self.supervised.status(instance.name)

    def _endpoint(self, instance: str) -> Endpoint | None:
        return next((found for found in self.topology.endpoints if found.instance == instance), None)

    def _on(self, node: str) -> tuple[Instance, ...]:
        if node not in self.topology.nodes:
            raise KeyError(node)
        return self.topology.on(node)

    def _outside_of(self, node: str) -> tuple[str, int]:
        self._on(node)
        return next(_host_and_port(found.url) for found in self.topology.endpoints if found.node == node)


def _host_and_port(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or 80
