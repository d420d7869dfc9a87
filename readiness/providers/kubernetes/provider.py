"""The provider `kubernetes`: a store that runs in a cluster, described by what the cluster itself says of it.

It deletes and evicts only the candidate's own pods, and changes nodes only to cordon (or taint) them for a while.
"""

from __future__ import annotations

import os
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from kubernetes.client.exceptions import ApiException

from readiness.candidate.declared import Command
from readiness.candidate.declared_kubernetes import DeclaredCluster
from readiness.candidate.load import Loaded
from readiness.errors import UsageError
from readiness.paths import IMPORTS
from readiness.providers.base import MetricsTarget
from readiness.providers.commands import contract as by_command
from readiness.providers.commands import observe
from readiness.providers.commands.reach import context, reach
from readiness.providers.commands.runner import Runner
from readiness.providers.commands.verbs import CommandVerbs
from readiness.providers.engine import probe
from readiness.providers.engine.record import Record
from readiness.providers.engine.redact import redact
from readiness.providers.kubernetes import look
from readiness.providers.kubernetes.access import Access
from readiness.providers.kubernetes.api import connect, kubeconfig_of, why
from readiness.providers.kubernetes.capture import capture
from readiness.providers.kubernetes.credentials import keys_of
from readiness.providers.kubernetes.faults import Faults
from readiness.providers.kubernetes.nodes import Nodes
from readiness.providers.kubernetes.rights import BASE, Rights
from readiness.providers.kubernetes.state import State
from readiness.providers.supervisor.client import Supervised
from readiness.topology import Endpoint, Instance, Keys, Topology, Unsupported, VolumeFact

PROBE_SECONDS, METRICS_SECONDS, UNDO_SECONDS = 0.5, 5.0, 60.0
SETTLED_SECONDS = 30.0


class Kubernetes(CommandVerbs, Faults):
    """Implements `readiness.providers.base.Provider`."""

    name = "kubernetes"
    owns_candidate = False

    def __init__(
        self, loaded: Loaded, *, run_dir: Path | None, progress: Callable[[str], None] = lambda _line: None
    ) -> None:
        if loaded.candidate.kubernetes is None:
            raise UsageError(
                'provider.kind = "kubernetes" needs a [kubernetes] table; see candidates/TEMPLATE.toml'
            )
        declared: DeclaredCluster = loaded.candidate.kubernetes
        self._candidate, self._run_dir, self._progress = loaded.candidate, run_dir, progress
        self._rule = loaded.candidate.contract.failure.readiness
        self._ca_bundle = loaded.ca_bundle
        self._folder = loaded.path.parent.resolve()
        self._record = Record()
        self._keys: dict[str, Keys] = {}
        self._made: set[str] = set()
        self._id = f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{uuid.uuid4().hex[:6]}"
        cluster = connect(declared, self._folder, self._record, run_dir)
        self._access = Access(cluster, lambda instance: self.state.sitting(instance))
        super().__init__(
            cluster,
            declared,
            State(cluster, declared, self._access.gone),
            Nodes(cluster, self._id, self._will_undo, self._undone),
            Runner(self._folder, self._record, self._secrets),
            context(loaded.ca_bundle),
        )

    # -- reaching it

    def find(self) -> Rights:
        """Find the candidate, by reading only. Raises UsageError for what an operator can put right."""
        try:
            rights = Rights(self.cluster, self.declared)
            if missing := rights.missing(BASE):
                raise UsageError(
                    f'the account of context "{self.declared.context}" lacks the right, in namespace '
                    f'"{self.cluster.namespace}", to {", ".join(missing)}; see docs/kubernetes.md'
                )
            seats = self.state.start()
            credentials = self._candidate.contract.credentials
            for role, source in (("admin", credentials.admin), ("read_only", credentials.read_only)):
                if source is not None:
                    self._keys[role] = keys_of(self.cluster, source, role, self._folder)
            by_kind = {pods.kind: pods for pods in self.declared.pods}
            endpoints = []
            for seat in seats:
                pod = self.state.sitting(seat.instance)
                assert pod is not None
                endpoints.append(self._access.endpoint(by_kind[seat.kind], seat, pod))
            service = self._access.service(self.declared.service) if self.declared.service else None
        except ApiException as error:
            raise UsageError(f"the API server {self.cluster.host} refuses: {why(error)}") from None
        except OSError as error:
            raise UsageError(f"{error}; see kubernetes.context") from None
        topology = Topology(
            tuple(sorted({seat.node for seat in seats})),
            tuple(Instance(seat.instance, seat.node, seat.kind) for seat in seats),
            tuple(endpoint for endpoint in endpoints if endpoint is not None),
            service,
        )
        self.reached(topology, rights)
        return rights

    def start(self) -> Topology:
        try:
            rights = self.find()
            self._check_programs(self._commands())
            if not rights.missing("drain") or not rights.missing("kill"):
                look.check_nodes(self.cluster, self.topology.nodes, self.declared.context or "")
            self._wait_ready()
            for endpoint in self.topology.all_endpoints():
                reach(endpoint, self.keys("admin"), self._candidate.s3.region, self._ca_bundle)
            if self._run.supervised is None:
                self._run.supervised = Supervised(self._run_dir)
        except BaseException:
            self.stop()
            raise
        for part, missing in rights.table():
            if missing:
                self._progress(f"{part}: the account lacks the right to {', '.join(missing)}")
        self._progress(f"{self._candidate.name} answers at {len(self.topology.all_endpoints())} endpoints")
        return self.topology

    def stop(self) -> None:
        """Undoes every fault; the store itself stays."""
        for node in self.nodes.held():
            try:
                self.nodes.release(node)
            except (ApiException, OSError) as error:
                said = why(error) if isinstance(error, ApiException) else str(error)
                self._progress(f"node {node} could not be released yet: {said}")
        if self._run.supervised is not None:
            self._run.undo_everything()
            self._run.supervised.end()  # what is registered still is undone by the supervisor
        self._access.stop()
        self.state.stop()

    def _commands(self) -> Iterator[tuple[str, Command]]:
        """Every command with its place in the file, but those whose program is named by a value of the fault."""
        hooks = by_command.commands_of("kubernetes.hooks", self.declared.hooks)
        every = (*hooks, *by_command.commands_of_all(self._candidate))
        return ((where, command) for where, command in every if "{" not in command.argv[0])

    def _wait_ready(self) -> None:
        deadline = time.monotonic() + SETTLED_SECONDS
        while late := [i.name for i in self.topology.instances if not self.in_service(i.name)]:
            if time.monotonic() > deadline:
                raise UsageError(
                    f"{', '.join(late)} not ready within {SETTLED_SECONDS:g} s: the pod's Ready condition and "
                    "the contract's readiness rule must hold before anything is judged"
                )
            time.sleep(0.2)

    def _will_undo(self, node: str) -> None:
        """Should this process die, the supervisor uncordons the node."""
        supervised = self.supervised
        argv = [sys.executable, "-m", "readiness.providers.kubernetes.undo", "--node", node]
        argv += ["--run", self._id, "--context", self.declared.context or ""]
        if kubeconfig := kubeconfig_of(self.declared, self._folder):
            argv += ["--kubeconfig", kubeconfig]
        env = dict(os.environ) | {"PYTHONPATH": str(IMPORTS), "PYTHONSAFEPATH": "1"}
        supervised.register_undo(f"uncordon {node}", argv, env, UNDO_SECONDS, lasting=True)

    def _undone(self, node: str) -> None:
        if self._run.supervised is not None:
            self._run.supervised.forget_undo(f"uncordon {node}")

    def keys(self, role: str) -> Keys:
        if role not in self._keys:
            raise Unsupported(f"the candidate has no {role} credential")
        return self._keys[role]

    def _secrets(self) -> set[str]:
        return self._made | {keys.secret_key for keys in self._keys.values()}

    def _remember(self, keys: Keys) -> None:
        self._made = self._made | {keys.secret_key}

    # -- seeing

    def in_service(self, instance: str) -> bool:
        """The pod's Ready condition, and the contract's readiness rule of its endpoint."""
        pod = self.state.sitting(instance)
        if pod is None or not pod.ready or pod.node != self.state.seat(instance).node:
            return False
        since = self.started_at(instance)
        if self._rule.seconds_after_start and (
            since is None or time.monotonic() - since < self._rule.seconds_after_start
        ):
            return False
        endpoint = self._endpoint(instance)
        if endpoint is None:
            return self.state.fresh()
        if self._rule.path is None:
            return probe.status(endpoint.url, PROBE_SECONDS, self._tls) is not None
        base = endpoint.url if self._rule.target == "s3" else endpoint.admin_url
        return probe.status(f"{base}{self._rule.path}", PROBE_SECONDS, self._tls) == self._rule.status

    def started_at(self, instance: str) -> float | None:
        """The latest start of the pod's containers, as its node says (in whole seconds, by its own clock)."""
        pod = self.state.sitting(instance)
        if pod is None or pod.started is None:
            return None
        return time.monotonic() - max(0.0, time.time() - pod.started)

    def whole(self) -> bool:
        """Every instance is in service on its node, every budget healthy, and `commands.whole` agrees."""
        for instance in self.topology.instances:
            pod = self.state.sitting(instance.name)
            if pod is not None:
                self.state.check_place(self.state.seat(instance.name), pod)
            if pod is None or not self.in_service(instance.name):
                return False
        if not self.rights.missing("whole") and look.budget_problem(self.cluster, self.state.all()):
            return False
        return self._whole_by_command()

    def volumes(self) -> tuple[VolumeFact, ...]:
        return look.volumes(self.cluster, self.state.all())

    def metrics(self, instance: str, path: str, target: MetricsTarget = "admin") -> str:
        endpoint = self._endpoint(instance)
        if endpoint is None:
            raise Unsupported(f"{instance} has no metrics: its pods declare no port")
        self._record.read("metrics", instance)
        base = (endpoint.admin_url if target == "admin" else None) or endpoint.url
        try:
            return probe.call(f"{base}{path}", METRICS_SECONDS, tls=self._tls)
        except probe.Refused as error:
            raise OSError(str(error)) from None

    def alert_rules(self) -> str | None:
        """The alert rules that the contract names by ConfigMap or PrometheusRule; None for a file. Raises OSError."""
        said = self._candidate.contract.observability.alert_rules
        return look.alert_rules(self.cluster, said) if said else None

    def capture(self) -> Mapping[str, str]:
        """What the API server can tell, what each endpoint answers, and the capture commands' output; no secrets."""
        found = capture(self.cluster, self.state)
        self._record.read("status", "all endpoints")
        seen = (f"{e.name} {e.url} {observe.look(e.url, self._tls)}" for e in self.topology.all_endpoints())
        found["answers"] = "\n".join(seen)
        found |= by_command.captured(self._candidate, self._run)
        found["commands"] = self._run.log()
        return {name: redact(text, self._secrets()) for name, text in found.items()}

    def versions(self) -> Mapping[str, str]:
        own = by_command.versions(self._candidate, self._run)
        return look.versions(self.cluster, self.state.raw()) | own

    def _endpoint(self, instance: str) -> Endpoint | None:
        return next((e for e in self.topology.endpoints if e.instance == instance), None)
