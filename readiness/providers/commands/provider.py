"""The provider `commands`: a store that the suite did not start, with the operator's own commands as its faults.

Proof that a fault fired is what was seen of the instance, never the exit status of a command.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from readiness.candidate.load import Loaded
from readiness.providers.commands import contract, observe
from readiness.providers.commands.driver import CommandDriver
from readiness.providers.commands.reach import context, reach
from readiness.providers.commands.resolved import ResolvedCandidate
from readiness.providers.commands.runner import Runner
from readiness.providers.commands.verbs import CommandVerbs
from readiness.providers.engine import sockets
from readiness.providers.engine.isolation import IsolatesByDriver
from readiness.providers.engine.journal import Journal
from readiness.providers.engine.record import Record
from readiness.providers.engine.upgrades import Upgrading
from readiness.providers.supervisor.client import Supervised
from readiness.topology import TcpSocket, Topology, VolumeFact


class Commands(IsolatesByDriver[CommandDriver], Upgrading[CommandDriver], CommandVerbs[CommandDriver]):
    """Implements `readiness.providers.base.Provider`. What has no command raises Unsupported with the reason."""

    name = "commands"
    owns_candidate = False

    def __init__(
        self,
        loaded: Loaded,
        *,
        run_dir: Path | None,
        progress: Callable[[str], None] = lambda _line: None,
        journal: Journal | None = None,
    ) -> None:
        self._resolved = ResolvedCandidate(loaded)
        record, tls = Record(), context(loaded.ca_bundle)
        super().__init__(loaded.candidate, journal=journal, record=record, tls=tls)
        self._run_dir, self._progress, self._ca_bundle = run_dir, progress, loaded.ca_bundle
        self._bucket = loaded.bucket
        self._secrets = self._resolved.secrets
        self._run = Runner(loaded.path.parent.resolve(), record, self._secrets)
        self._driver = CommandDriver(self._resolved, self._run, tls, self._whole_by_command)

    def start(self) -> Topology:
        self._check_programs(self._resolved.all_commands())
        for endpoint in self.topology.all_endpoints():
            reach(endpoint, self.keys("admin"), self._candidate.s3, self._ca_bundle, self._bucket)
        if self._run.supervised is None:
            self._run.supervised = Supervised(self._run_dir)
        self._progress(f"{self._candidate.name} answers at {len(self.topology.all_endpoints())} endpoints")
        return self.topology

    def stop(self) -> None:
        """Undoes every fault; the store itself stays."""
        if self._run.supervised is not None:
            for left in self.heal():
                self._progress(f"could not undo {left} yet; the supervisor tries once more")
            self._run.undo_everything()
            self._run.supervised.end()

    # -- the rest of the contract

    def volumes(self) -> tuple[VolumeFact, ...]:
        """As declared: nothing here can look into the nodes."""
        return tuple(VolumeFact(v.node, v.kind, v.access) for v in self._candidate.volumes)

    def stored_bytes(self, node: str) -> int:
        """What the node's `bytes` command prints."""
        command = self._resolved.node(node).bytes
        if command is None:
            raise contract.no_command("bytes", f"node {node}")
        found = self._run.number("bytes", node, command)
        if found < 0:
            raise OSError(f"the bytes command of node {node} printed no number")
        return found

    def connections(self, instance: str) -> Sequence[TcpSocket]:
        """What the instance's `connections` command prints."""
        command = self._resolved.instance(instance).connections
        if command is None:
            raise contract.no_command("connections", f"instance {instance}")
        ran = self._run.look("connections", instance, command)
        if not ran.ok:
            raise OSError(f"the connections command of instance {instance} {ran.ending}")
        return sockets.listed(ran.stdout)

    def capture(self) -> Mapping[str, str]:
        """What each endpoint answers now, the capture commands' output, and every command so far."""
        found = {}
        self._record.read("status", "all endpoints")
        seen = (f"{e.name} {e.url} {observe.look(e.url, self._tls)}" for e in self.topology.all_endpoints())
        found["endpoints"] = "\n".join(seen)
        for name, text in contract.captured(self._candidate, self._run).items():
            found[name] = self._secrets.clean(text)
        found["commands"] = self._run.log()
        return found

    def versions(self) -> Mapping[str, str]:
        return contract.versions(self._candidate, self._run)
