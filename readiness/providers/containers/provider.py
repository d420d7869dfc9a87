"""The provider `containers`: a store that the suite starts itself from pinned images, on Docker or Podman.

Nothing is remembered about the candidate: what the verbs say comes from the engine and from probes at that moment.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from readiness.candidate.load import Loaded
from readiness.obtain.container_engine import ContainerEngine
from readiness.providers.auxiliary.auxiliaries import Auxiliaries
from readiness.providers.auxiliary.caches import StartsCaches
from readiness.providers.commands import contract
from readiness.providers.commands.runner import Runner
from readiness.providers.commands.verbs import CommandVerbs
from readiness.providers.containers.driver import ContainerDriver
from readiness.providers.containers.plan import ContainerPlan
from readiness.providers.containers.run import ContainerRun, new_run
from readiness.providers.engine import sockets
from readiness.providers.engine.journal import FaultVerb, Journal
from readiness.providers.engine.record import Record
from readiness.providers.engine.waiting import Starting
from readiness.providers.supervisor import network
from readiness.providers.supervisor.client import Supervised
from readiness.topology import TcpSocket, Topology, VolumeFact

LOG_LINES, ATTEMPTS = 50, 3
_HOST = "127.0.0.1"


class Containers(CommandVerbs[ContainerDriver], StartsCaches[ContainerDriver]):
    """Implements `readiness.providers.base.Provider`.

    One object is one run of the candidate: `start` once, `stop` at the end.
    """

    name = "containers"
    owns_candidate = True

    def __init__(
        self,
        loaded: Loaded,
        *,
        run_dir: Path | None,
        progress: Callable[[str], None],
        program: Callable[[str], Path],
        journal: Journal | None = None,
    ) -> None:
        record = Record()
        super().__init__(loaded.candidate, journal=journal, record=record)
        self._run_dir, self._progress, self._program = run_dir, progress, program
        self._plan = ContainerPlan(loaded)
        self._secrets = self._plan.secrets
        self._run = Runner(loaded.path.parent.resolve(), record, self._secrets)
        self._check_programs(self._plan.all_commands())
        self._engine = ContainerEngine()
        self._images: dict[str, str] = {}
        self._references: dict[str, str] = {}
        for declared in loaded.candidate.containers:
            where = f"containers.{declared.name}.image"
            reference, id_ = self._engine.image(where, declared.image, progress)
            self._references[declared.name] = reference
            self._images |= {declared.instance(node): id_ for node in declared.nodes}

    @property
    def topology(self) -> Topology:
        """Known before the start, but for the addresses."""
        return self._plan.topology

    def start(self) -> Topology:
        self._record.write("start", self._candidate.name)
        supervised = self._run.supervised = Supervised(self._run_dir)
        try:
            id_ = new_run()
            by_hand = f"python -m readiness.providers.containers.remove {id_}"
            self._faults.open(FaultVerb.MAKE, f"containers of {id_}", {"containers": id_, "by hand": by_hand})
            run = ContainerRun(self._engine, self._plan, self._images, supervised, id_)
            self._driver = ContainerDriver(self._plan, run, self._run, self._whole_by_command)
            run.build()
            self._run.environment = self._plan.variables()
            for name in self._plan.containers:
                run.start(name)
            starting = Starting(self._progress, lambda: self._plan.containers, self._failing, self._log)
            starting.wait_until(self.whole, self._candidate.name, self._plan.start_seconds())
            self._start_auxiliaries(supervised, starting)
        except BaseException:
            self.stop()
            raise
        return self.topology

    def _start_auxiliaries(self, supervised: Supervised, starting: Starting) -> None:
        self._auxiliaries = Auxiliaries(supervised, _HOST, _free_port, self._program, starting.wait_until)
        if (health := self._plan.health) is not None:
            upstreams = [e.url.removeprefix("http://") for e in self.topology.endpoints]
            seconds = self._candidate.contract.failure.readiness.seconds_after_start
            self._auxiliaries.start_service(upstreams, replace(health, seconds=seconds))
            self._plan.serve_at(self._auxiliaries.service)
        if self._candidate.provider.options.get("cache_stand_in"):
            self._auxiliaries.start_cache()

    def stop(self) -> None:
        self._record.write("stop", self._candidate.name)
        left = self._driver.run.end() if self._driver is not None else []
        for each in left:
            self._progress(f"could not remove {each}; trying again")
        if not left:
            self._faults.close_all()
        self._engine.close()
        if self._run.supervised is not None:
            self._run.supervised.end()

    def _failing(self) -> str | None:
        state = self.driver.run.state
        return next((name for name in self._plan.containers if state(name).restarts >= ATTEMPTS), None)

    def _log(self, name: str, lines: int) -> str:
        return self._secrets.clean(self.driver.run.log_tail(name, lines))

    # -- the rest of the contract

    def volumes(self) -> tuple[VolumeFact, ...]:
        return tuple(fact for node in self.topology.nodes for fact in self.driver.run.volumes(node))

    def stored_bytes(self, node: str) -> int:
        """What the node's volumes take on this machine's disk: for who may read them."""
        self._record.read("bytes", node)
        return self.driver.run.stored_bytes(node)

    def connections(self, instance: str) -> Sequence[TcpSocket]:
        """The sockets in the network of the instance's node, as this machine shows them: for root only."""
        pid = self.driver.run.state(instance).pid
        return sockets.of_network(pid) if pid else ()

    def capture(self) -> Mapping[str, str]:
        """What inspect says of every container, the tail of its log, and what the capture commands print."""
        found = {}
        for name in self._plan.containers:
            self._record.read("inspect", name)
            found[f"{name}.json"] = json.dumps(self.driver.run.describe(name), indent=1)
            self._record.read("log", name)
            found[f"{name}.log"] = self.driver.run.log_tail(name, LOG_LINES)
        found |= contract.captured(self._candidate, self._run)
        return {name: self._secrets.clean(text) for name, text in found.items()}

    def versions(self) -> Mapping[str, str]:
        """The engine, the image of each kind of container, and what the candidate's commands print."""
        found = {self._engine.name: self._engine.version}
        found |= {f"image of {name}": reference for name, reference in self._references.items()}
        return found | contract.versions(self._candidate, self._run)


def _free_port() -> int:
    return network.free_ports([_HOST], 1, (0,))[0]
