"""The provider `processes`: a store that the suite starts itself, each node's processes in a network of their own.

Nothing is remembered about the candidate: what the verbs say comes from the kernel and from probes at that moment.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from readiness.candidate.load import Loaded
from readiness.errors import UsageError
from readiness.providers.auxiliary.caches import StartsCaches
from readiness.providers.engine import sockets
from readiness.providers.engine.disk import allocated
from readiness.providers.engine.journal import FaultVerb, Journal
from readiness.providers.engine.upgrades import Upgrading
from readiness.providers.processes import observe
from readiness.providers.processes.capture import capture
from readiness.providers.processes.deployment import Deployment, Progress
from readiness.providers.processes.driver import ProcessDriver
from readiness.providers.processes.planted import disposable, planted_in
from readiness.providers.processes.surroundings import way_out
from readiness.providers.supervisor.client import Supervised
from readiness.topology import Keys, Planted, Proof, TcpSocket, Topology, Unsupported, VolumeFact, WayOut


class Processes(Upgrading[ProcessDriver], StartsCaches[ProcessDriver]):
    """Implements `readiness.providers.base.Provider`.

    One object is one run of the candidate: `start` once, `stop` at the end.
    """

    name = "processes"
    owns_candidate = True

    def __init__(
        self,
        loaded: Loaded,
        *,
        run_dir: Path | None,
        progress: Progress,
        program: Callable[[str], Path],
        journal: Journal | None = None,
    ) -> None:
        credentials = loaded.candidate.contract.credentials
        for source in (credentials.admin, credentials.read_only):
            if source is not None and source.source != "generated":
                raise UsageError(
                    f'credentials source "{source.source}": this provider starts the store itself and makes '
                    'its keys; use source = "generated"'
                )
        super().__init__(loaded.candidate, journal=journal)
        self._loaded = loaded
        self._run_dir, self._progress, self._program = run_dir, progress, program

    def start(self) -> Topology:
        self._record.write("start", self._candidate.name)
        deployment = Deployment(
            self._candidate,
            self._run_dir,
            self._progress,
            self._program,
            self._record,
            self._loaded.path.parent.resolve(),
        )
        self._driver = ProcessDriver(self._candidate, deployment)
        for path in deployment.store.litter():
            self._faults.open(FaultVerb.MAKE, str(path), {"litter": "yes", "by hand": f"rm -f {path}"})
        try:
            self._start_store(deployment)
            deployment.provision()
            self._auxiliaries = deployment.auxiliaries
            deployment.start_service()
            self._driver.serve_at(self._auxiliaries.service)
            if self._candidate.provider.options.get("cache_stand_in"):
                self._auxiliaries.start_cache()
        except BaseException:
            self.stop()
            raise
        return self.topology

    def _start_store(self, deployment: Deployment) -> None:
        store, wait_until = deployment.store, deployment.starting.wait_until
        seconds = deployment.site.number("start_seconds", store.start_seconds)
        for instance in store.instances:
            deployment.launch(instance)
            if not store.founded(instance):
                wait_until(partial(store.founded, instance), f"{instance.name}, before the next one", seconds)
        wait_until(lambda: store.assemble() and self.whole(), self._candidate.name, seconds)

    def stop(self) -> None:
        self._record.write("stop", self._candidate.name)
        if self._driver is not None:
            self._driver.deployment.end()
            self._faults.close_all()

    @property
    def supervised(self) -> Supervised:
        """What outlives this process. Raises RuntimeError before `start`."""
        return self.driver.deployment.supervised

    def adopt(self, pid: int) -> None:
        self.supervised.adopt(pid)

    def after_death(self, argv: Sequence[str], env: Mapping[str, str]) -> None:
        self.supervised.after_death(argv, env)

    def rotate(self, old: Keys | None) -> Keys:
        if self._candidate.contract.credentials.rotation != "provider":
            raise Unsupported("the contract offers no rotation")
        self._record.write("rotate", "add" if old is None else "retire")
        return self.driver.deployment.store.rotate(old)

    def housekeep(self) -> Proof:
        """As `KeepsHouse`, by the recipe."""
        self._record.write("housekeep", self._candidate.name)
        return self.driver.deployment.store.housekeep()

    def divergence_check(self) -> Mapping[str, object]:
        self._record.read("divergence_check", self._candidate.name)
        return self.driver.deployment.store.divergence()

    def planted_divergence(self) -> Planted:
        """As `PlantsDivergence`: in another store of the same recipe, which is gone afterwards."""
        copy = Processes(
            disposable(self._loaded),
            run_dir=self._run_dir,
            progress=lambda _line: None,
            program=self._program,
        )
        try:
            copy.start()
            return planted_in(copy.driver.deployment.store, self._candidate.s3.region)
        except UsageError as error:
            raise RuntimeError(f"no copy of the store could be started: {error}") from None
        finally:
            copy.stop()

    def volumes(self) -> tuple[VolumeFact, ...]:
        return self.driver.deployment.volumes()

    def stored_bytes(self, node: str) -> int:
        """What the node's data folder takes on the disk."""
        storage = self.driver.deployment.storage
        return allocated(storage.seen(storage.data(node)))

    def way_out(self, node: str) -> WayOut:
        """As `SeesWayOut`; Unsupported without network namespaces."""
        return way_out(self.driver.deployment.layout, node)

    def connections(self, instance: str) -> Sequence[TcpSocket]:
        """The sockets of the instance's processes."""
        status = self.driver.deployment.supervised.status(instance)
        if status is None or not status.running:
            return ()
        return sockets.of_processes(observe.group_states(status.pid))

    def capture(self) -> Mapping[str, str]:
        return capture(self.driver.deployment, self._record)

    def versions(self) -> Mapping[str, str]:
        return dict(self.driver.deployment.store.versions())
