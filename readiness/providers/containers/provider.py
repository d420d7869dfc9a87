"""The provider `containers`: a store that the suite starts itself from pinned images, on Docker or Podman.

Nothing is remembered about the candidate: what the verbs say comes from the engine and from probes at that moment.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from readiness.candidate.load import Loaded
from readiness.errors import UsageError
from readiness.obtain.container_engine import Engine
from readiness.providers.auxiliary.beside import CACHE, Beside
from readiness.providers.base import MetricsTarget
from readiness.providers.commands import contract
from readiness.providers.commands.runner import Runner
from readiness.providers.commands.verbs import CommandVerbs
from readiness.providers.containers import observe
from readiness.providers.containers.faults import Faults
from readiness.providers.containers.nodes import Nodes, new_run
from readiness.providers.containers.site import Site
from readiness.providers.engine import probe
from readiness.providers.engine.record import Record
from readiness.providers.engine.redact import redact
from readiness.providers.processes import network
from readiness.providers.supervisor.client import Supervised
from readiness.topology import Keys, Topology, Unsupported, VolumeFact

PROBE_SECONDS, METRICS_SECONDS = 0.5, 5.0
LOG_LINES, ATTEMPTS = 50, 3
_HOST = "127.0.0.1"


class Containers(CommandVerbs, Faults):
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
    ) -> None:
        self._candidate, self._rule = loaded.candidate, loaded.candidate.contract.failure.readiness
        self._run_dir, self._progress, self._program = run_dir, progress, program
        site, record = Site(loaded), Record()
        super().__init__(site, record, Runner(loaded.path.parent.resolve(), record, site.secrets))
        self._check_programs(self._site.all_commands())
        self._engine = Engine()
        self._images: dict[str, str] = {}
        self._references: dict[str, str] = {}
        for said in loaded.candidate.containers:
            reference, id_ = self._engine.image(f"containers.{said.name}.image", said.image, progress)
            self._references[said.name] = reference
            self._images |= {said.instance(node): id_ for node in said.nodes}
        self._beside: Beside | None = None

    def start(self) -> Topology:
        self._record.write("start", self._candidate.name)
        supervised = self._run.supervised = Supervised(self._run_dir)
        try:
            nodes = self._started = Nodes(self._engine, self._site, self._images, supervised, new_run())
            nodes.build()
            self._run.environment = self._site.variables()
            for name in self._site.containers:
                nodes.start(name)
            self._wait_until(self.whole, self._candidate.name, self._site.start_seconds())
            self._beside = Beside(supervised, _HOST, _free_port, self._program, self._wait_until)
            if (health := self._site.health) is not None:
                upstreams = [e.url.removeprefix("http://") for e in self.topology.endpoints]
                patient = replace(health, seconds=self._rule.seconds_after_start)
                self._beside.start_service(upstreams, patient)
                self._site.serve_at(self._beside.service)
            if self._candidate.provider.options.get("cache_stand_in"):
                self._beside.start_cache()
        except BaseException:
            self.stop()
            raise
        return self.topology

    def stop(self) -> None:
        self._record.write("stop", self._candidate.name)
        for left in self._started.end() if self._started is not None else ():
            self._progress(f"could not remove {left}; trying again")
        self._engine.close()
        if self._run.supervised is not None:
            self._run.supervised.end()

    def _wait_until(self, done: Callable[[], bool], what: str, seconds: float) -> None:
        """Wait and show progress. Raises UsageError if a container does not stay, or the time is over."""
        began = said = time.monotonic()
        while not done():
            now = time.monotonic()
            if name := self._failing():
                raise UsageError(f"{what}: container {name} ends by itself\n{self._log(name, 15)}")
            if now - began > seconds:
                tails = "\n".join(f"--- {name}\n{self._log(name, 8)}" for name in self._site.containers)
                raise UsageError(f"{what} is not ready after {seconds:.0f} s\n{tails}")
            if now - said > 2:
                said = now
                self._progress(f"waiting for {what}, {now - began:.0f} s")
            time.sleep(0.1)
        self._progress(f"{what} is ready after {time.monotonic() - began:.1f} s")

    def _failing(self) -> str | None:
        return next((n for n in self._site.containers if self._nodes.state(n).restarts >= ATTEMPTS), None)

    @property
    def cache_endpoints(self) -> tuple[str, ...]:
        """URLs of the cache stand-in, if the candidate has the option `cache_stand_in`."""
        return self._beside.cache_endpoints if self._beside else ()

    def keys(self, role: str) -> Keys:
        return self._site.keys(role)

    # -- readiness

    def in_service(self, instance: str) -> bool:
        wait = self._rule.seconds_after_start
        if wait:
            since = self.started_at(instance)
            if since is None or time.monotonic() - since < wait:
                return False
        endpoint = self._endpoint(instance)
        if endpoint is None:
            container = self._site.containers[instance]
            at = [(self._site.addresses[container.node], port) for port in container.ports]
            answers = all(probe.answers(*each, PROBE_SECONDS) == "accepted" for each in at)
            return answers and self._nodes.state(instance).running
        if self._rule.path is None:
            return probe.answers(*probe.address_of(endpoint.url), PROBE_SECONDS) == "accepted"
        base = endpoint.url if self._rule.target == "s3" else endpoint.admin_url
        return probe.status(f"{base}{self._rule.path}", PROBE_SECONDS) == self._rule.status

    def started_at(self, instance: str) -> float | None:
        state = self._nodes.state(instance)
        ago = observe.seconds_since(state.started, time.time()) if state.up else None
        return None if ago is None else time.monotonic() - ago

    def whole(self) -> bool:
        if not all(self.in_service(name) for name in self._site.containers):
            return False
        return self._whole_by_command()

    # -- the rest of the contract

    def volumes(self) -> tuple[VolumeFact, ...]:
        return tuple(fact for node in self.topology.nodes for fact in self._nodes.volumes(node))

    def metrics(self, instance: str, path: str, target: MetricsTarget = "admin") -> str:
        container = self._site.containers[instance]
        if not container.ports:
            raise Unsupported(f"{instance} has no metrics: declare admin_port")
        self._record.read("metrics", instance)
        port = container.ports[0 if target == "s3" else -1]
        try:
            return probe.call(f"{self._site.url(container, port)}{path}", METRICS_SECONDS)
        except probe.Refused as error:
            raise OSError(str(error)) from None

    def capture(self) -> Mapping[str, str]:
        """What inspect says of every container, the tail of its log, and what the capture commands print."""
        found = {}
        for name in self._site.containers:
            self._record.read("inspect", name)
            found[f"{name}.json"] = json.dumps(self._nodes.describe(name), indent=1)
            self._record.read("log", name)
            found[f"{name}.log"] = self._nodes.log_tail(name, LOG_LINES)
        found |= contract.captured(self._candidate, self._run)
        return {name: redact(text, self._site.secrets()) for name, text in found.items()}

    def versions(self) -> Mapping[str, str]:
        """The engine, the image of each kind of container, and what the candidate's commands print."""
        found = {self._engine.name: self._engine.version}
        found |= {f"image of {name}": reference for name, reference in self._references.items()}
        return found | contract.versions(self._candidate, self._run)

    def _remember(self, keys: Keys) -> None:
        self._site.add_secret(keys)

    def stop_caches(self) -> None:
        """The cache stand-in goes away (boundary condition S.5)."""
        self._record.write("stop_caches", CACHE)
        if self._beside:
            self._beside.stop_cache()

    def start_caches(self) -> None:
        """The cache stand-in is there again."""
        self._record.write("start_caches", CACHE)
        if self.cache_endpoints and self._beside:
            self._beside.start_cache()

    def _log(self, name: str, lines: int) -> str:
        return redact(self._nodes.log_tail(name, lines), self._site.secrets())


def _free_port() -> int:
    return network.free_ports([_HOST], 1, (0,))[0]
