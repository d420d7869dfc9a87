"""The provider `commands`: a store that the suite did not start, with the operator's own commands as its
faults.

Proof that a fault fired is what was seen of the instance, never the exit status of a command.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from readiness.candidate.load import Loaded
from readiness.providers.base import MetricsTarget
from readiness.providers.commands import contract, observe
from readiness.providers.commands.faults import Faults
from readiness.providers.commands.reach import context, reach
from readiness.providers.commands.runner import Runner
from readiness.providers.commands.site import Site
from readiness.providers.commands.verbs import CommandVerbs
from readiness.providers.engine import probe
from readiness.providers.engine.record import Record
from readiness.providers.engine.redact import redact
from readiness.providers.supervisor.client import Supervised
from readiness.topology import Keys, Topology, Unsupported, VolumeFact

PROBE_SECONDS, METRICS_SECONDS = 0.5, 5.0


class Commands(CommandVerbs, Faults):
    """Implements `readiness.providers.base.Provider`. What has no command raises Unsupported with the reason."""

    name = "commands"
    owns_candidate = False

    def __init__(
        self, loaded: Loaded, *, run_dir: Path | None, progress: Callable[[str], None] = lambda _line: None
    ) -> None:
        self._candidate, self._run_dir, self._progress = loaded.candidate, run_dir, progress
        self._rule = loaded.candidate.contract.failure.readiness
        self._ca_bundle = loaded.ca_bundle
        self._record = Record()
        site = Site(loaded)
        runner = Runner(loaded.path.parent.resolve(), self._record, site.secrets)
        super().__init__(site, runner, context(loaded.ca_bundle))

    # -- reaching it

    def start(self) -> Topology:
        self._check_programs(self._site.all_commands())
        for endpoint in self.topology.all_endpoints():
            reach(endpoint, self.keys("admin"), self._candidate.s3.region, self._ca_bundle)
        if self._run.supervised is None:
            self._run.supervised = Supervised(self._run_dir)
        self._progress(f"{self._candidate.name} answers at {len(self.topology.all_endpoints())} endpoints")
        return self.topology

    def stop(self) -> None:
        """Undoes every fault; the store itself stays."""
        if self._run.supervised is not None:
            self._run.undo_everything()
            self._run.supervised.end()

    def keys(self, role: str) -> Keys:
        return self._site.keys(role)

    def in_service(self, instance: str) -> bool:
        wait, since = self._rule.seconds_after_start, self._started_at.get(instance)
        if wait and since is not None and time.monotonic() - since < wait:
            return False
        declared, endpoint = self._site.instance(instance), self._site.endpoint_of(instance)
        if endpoint is not None:
            base = endpoint.url if self._rule.target == "s3" else endpoint.admin_url
            if self._rule.path is None:
                if probe.answers(*probe.address_of(endpoint.url), PROBE_SECONDS) != "accepted":
                    return False
            elif probe.status(f"{base}{self._rule.path}", PROBE_SECONDS, self._tls) != self._rule.status:
                return False
        return self._run.ask(declared.probe).ok if declared.probe else True

    def started_at(self, instance: str) -> float | None:
        """The last start by this run, as it was seen; None: it was not started by this run."""
        return self._started_at.get(instance)

    def whole(self) -> bool:
        if not all(self.in_service(instance.name) for instance in self.topology.instances):
            return False
        return self._whole_by_command()

    # -- the rest of the contract

    def volumes(self) -> tuple[VolumeFact, ...]:
        """As declared: nothing here can look into the nodes."""
        return tuple(VolumeFact(v.node, v.kind, v.access) for v in self._candidate.volumes)

    def metrics(self, instance: str, path: str, target: MetricsTarget = "admin") -> str:
        declared, endpoint = self._site.instance(instance), self._site.endpoint_of(instance)
        base = endpoint and endpoint.url
        if target == "admin":
            base = declared.metrics_url or (endpoint and endpoint.admin_url) or base
        if not base:
            raise Unsupported(f"{instance} has no metrics: declare metrics_url")
        self._record.read("metrics", instance)
        try:
            return probe.call(f"{base}{path}", METRICS_SECONDS, tls=self._tls)
        except probe.Refused as error:
            raise OSError(str(error)) from None

    def capture(self) -> Mapping[str, str]:
        """What each endpoint answers now, the capture commands' output, and every command so far."""
        found = {}
        self._record.read("status", "all endpoints")
        seen = (f"{e.name} {e.url} {observe.look(e.url, self._tls)}" for e in self.topology.all_endpoints())
        found["endpoints"] = "\n".join(seen)
        for name, text in contract.captured(self._candidate, self._run).items():
            found[name] = redact(text, self._site.secrets())
        found["commands"] = self._run.log()
        return found

    def versions(self) -> Mapping[str, str]:
        return contract.versions(self._candidate, self._run)

    def _remember(self, keys: Keys) -> None:
        self._site.add_secret(keys)
