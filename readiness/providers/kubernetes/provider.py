"""The provider `kubernetes`: a store that runs in a cluster, described by what the cluster itself says of it.

It deletes and evicts only the candidate's own pods, and changes nodes only to cordon (or taint) them for a while.
"""

from __future__ import annotations

import os
import shlex
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from kubernetes.client.exceptions import ApiException

from readiness.candidate.declared import Command
from readiness.candidate.declared_kubernetes import DeclaredCluster
from readiness.candidate.load import Loaded
from readiness.errors import UsageError
from readiness.paths import IMPORTS
from readiness.providers.commands import contract as by_command
from readiness.providers.commands import observe
from readiness.providers.commands.reach import context, reach
from readiness.providers.commands.runner import CommandFailed, Runner
from readiness.providers.commands.verbs import CommandVerbs
from readiness.providers.engine.journal import FaultVerb, Journal, KeptEntry, KeptJournal, MemoryJournal, Undo
from readiness.providers.engine.record import Record
from readiness.providers.kubernetes import lease, look
from readiness.providers.kubernetes.access import Access
from readiness.providers.kubernetes.api import FORBIDDEN, connect, kubeconfig_of, why
from readiness.providers.kubernetes.capture import capture
from readiness.providers.kubernetes.confinement import Confinement
from readiness.providers.kubernetes.confinement import release as release_confined
from readiness.providers.kubernetes.credentials import keys_of
from readiness.providers.kubernetes.driver import KubernetesDriver
from readiness.providers.kubernetes.holds import NodeHolds, release
from readiness.providers.kubernetes.lease import NAME as LEASE_NAME
from readiness.providers.kubernetes.lease import LeaseJournal, RunLease
from readiness.providers.kubernetes.rights import BASE, ISOLATION, LEASE, Rights
from readiness.providers.kubernetes.seats import Seats
from readiness.providers.supervisor.client import Supervised
from readiness.redact import Redactor, one_line
from readiness.topology import Instance, TcpSocket, Topology, Unsupported, VolumeFact, WayOut

UNDO_SECONDS, SETTLED_SECONDS = 60.0, 30.0
CONFINED_SECONDS = 120.0
"""How long the candidate may take to be whole, confined to its own pods."""


class Kubernetes(CommandVerbs[KubernetesDriver]):
    """Implements `readiness.providers.base.Provider`."""

    name = "kubernetes"
    owns_candidate = False

    def __init__(
        self,
        loaded: Loaded,
        *,
        run_dir: Path | None,
        progress: Callable[[str], None] = lambda _line: None,
        journal: Journal | None = None,
    ) -> None:
        if loaded.candidate.kubernetes is None:
            raise UsageError(
                'provider.kind = "kubernetes" needs a [kubernetes] table; see candidates/TEMPLATE.toml'
            )
        declared: DeclaredCluster = loaded.candidate.kubernetes
        record, tls = Record(), context(loaded.ca_bundle)
        self._folder = loaded.path.parent.resolve()
        self._id = f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{uuid.uuid4().hex[:6]}"
        cluster = connect(declared, self._folder, record)
        undo_command = f"tofu-state-ha-readiness undo --candidate {shlex.quote(str(loaded.path))}"
        self._lease = RunLease(cluster, self._id, undo_command)
        kept = LeaseJournal(journal or MemoryJournal(), self._lease)
        super().__init__(loaded.candidate, journal=kept, record=record, tls=tls, through_proxy=True)
        self._run_dir, self._progress, self._ca_bundle = run_dir, progress, loaded.ca_bundle
        self._secrets = Redactor()
        self._run = Runner(self._folder, record, self._secrets)
        self._uid: str | None = None
        self._confined: Confinement | None = None
        self._unconfined = "that takes --allow-faults, and [kubernetes.isolation] in the candidate file"
        self._access = Access(cluster, lambda instance: self.driver.seats.sitting(instance))
        self._driver = KubernetesDriver(
            cluster,
            declared,
            Seats(cluster, declared, self._access.gone),
            NodeHolds(cluster, self._id, self._will_undo, self._undone),
            self._run,
            tls,
            self._whole_by_command,
            kubeconfig_of(declared, self._folder),
        )

    # -- reaching it

    def find(self) -> Rights:
        """Find the candidate, by reading only. Raises UsageError for what an operator can put right."""
        driver = self.driver
        try:
            rights = Rights(driver.cluster, driver.declared)
            if missing := rights.missing(BASE):
                raise UsageError(
                    f'the account of context "{driver.declared.context}" lacks the right, in namespace '
                    f'"{driver.cluster.namespace}", to {", ".join(missing)}; see docs/kubernetes.md'
                )
            self._uid = look.cluster_uid(driver.cluster)
            look.check_cluster(self._uid, driver.declared.cluster_uid, driver.declared.context or "")
            seats = driver.seats.start()
            look.check_protected(driver.seats.all(), driver.declared.protected)
            rights.ask(sorted({seat.node for seat in seats}))
            self._find_keys(driver)
            by_kind = {pods.kind: pods for pods in driver.declared.pods}
            endpoints = []
            for seat in seats:
                pod = driver.seats.sitting(seat.instance)
                assert pod is not None
                endpoints.append(self._access.endpoint(by_kind[seat.kind], seat, pod))
            service = self._access.service(driver.declared.service) if driver.declared.service else None
        except ApiException as error:
            raise UsageError(f"the API server {driver.cluster.host} refuses: {why(error)}") from None
        except OSError as error:
            raise UsageError(f"{error}; see kubernetes.context") from None
        topology = Topology(
            tuple(sorted({seat.node for seat in seats})),
            tuple(Instance(seat.instance, seat.node, seat.kind) for seat in seats),
            tuple(endpoint for endpoint in endpoints if endpoint is not None),
            service,
        )
        driver.reached(topology, rights)
        return rights

    def _find_keys(self, driver: KubernetesDriver) -> None:
        credentials = self._candidate.contract.credentials
        for role, source in (("admin", credentials.admin), ("read_only", credentials.read_only)):
            if source is not None:
                keys = driver.keys[role] = keys_of(driver.cluster, source, role, self._folder)
                self._secrets.add(keys.secret_key)

    def start(self) -> Topology:
        try:
            rights = self.find()
            self._check_programs(self._commands())
            self._take_lease(rights)
            if not rights.missing("drain") or not rights.missing("kill"):
                look.check_nodes(self.driver.cluster, self.topology.nodes, self.driver.declared.context or "")
            self._wait_ready()
            for endpoint in self.topology.all_endpoints():
                reach(endpoint, self.keys("admin"), self._candidate.s3, self._ca_bundle)
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
        for left in self.heal():
            self._progress(f"could not undo {left} yet; the supervisor tries once more")
        for node in self.driver.holds.held():
            try:
                self.driver.holds.release(node)
            except (ApiException, OSError) as error:
                reason = why(error) if isinstance(error, ApiException) else str(error)
                self._progress(f"node {node} could not be released yet: {reason}")
        if self._run.supervised is not None:
            self._run.undo_everything()
            self._run.supervised.end()  # what is registered still is undone by the supervisor
        self._lease.release()
        self._access.stop()
        self.driver.seats.stop()

    def _take_lease(self, rights: Rights) -> None:
        """Raises UsageError if another run is in progress, or has left something. Without the right, other machines are
        not kept off, which the table of rights says.
        """
        if not rights.missing(LEASE):
            self._lease.take()

    @property
    def lock(self) -> str | None:
        return (
            f"lease {LEASE_NAME} of namespace {self.driver.cluster.namespace}" if self._lease.taken else None
        )

    def kept_journal(self) -> KeptJournal | None:
        try:
            return lease.kept(self.driver.cluster)
        except (ApiException, OSError) as error:
            reason = why(error) if isinstance(error, ApiException) else str(error)
            raise UsageError(
                f"lease {LEASE_NAME} of namespace {self.driver.cluster.namespace}, which says what runs have left, "
                f"cannot be read: {reason}"
            ) from None

    def settle(self, ids: Sequence[str]) -> None:
        self._settle(lambda entry: entry.id in ids, dead=True)

    def _settle(self, undone: Callable[[KeptEntry], bool], *, dead: bool = False) -> None:
        try:
            lease.settle(self.driver.cluster, undone, dead=dead)
        except ApiException as error:
            if error.status != FORBIDDEN:  # without the right none was taken
                raise OSError(f"lease {LEASE_NAME} cannot be changed: {why(error)}") from None

    def undo(self, undo: Undo, reach: Mapping[str, str] | None = None) -> None:
        """As the engine; what another process did is also closed in the Lease."""
        self._undo_one(undo, reach)
        if reach is not None:
            self._settle(lambda entry: entry.undo == undo and entry.reach.get("run") == reach.get("run"))

    def _undo_one(self, undo: Undo, reach: Mapping[str, str] | None) -> None:
        if undo.verb is FaultVerb.RELEASE:
            if reach is None:
                self.release()
            else:
                release_confined(self.driver.cluster, reach["run"])
        elif reach is None or undo.verb in (FaultVerb.RETIRE_KEY, FaultVerb.UNPLANT):
            super().undo(undo, reach)
        elif undo.verb in (FaultVerb.START, FaultVerb.RESTORE):
            release(self.driver.cluster, reach["node"], reach["run"])
        else:
            ran = self._run.change(undo.verb, undo.target, self.driver.hooks.command(undo.verb, reach))
            if not ran.ok:
                raise CommandFailed(f"{undo.verb} {undo.target} {ran.ending}: {ran.stderr.strip()[-300:]}")

    def affected(self, undo: Undo) -> tuple[str, ...]:
        """Of what another process did: the API server has accepted it, and pods take their time to come back."""
        return ()

    def _commands(self) -> Iterator[tuple[str, Command]]:
        """Every command with its place in the file, but those whose program is named by a value of the fault."""
        hooks = by_command.commands_of("kubernetes.hooks", self.driver.declared.hooks)
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
        self._register(f"uncordon {node}", ["--node", node, "--run", self._id])

    def _will_release(self) -> None:
        """As `_will_undo`, for what confines the candidate."""
        namespace = self.driver.cluster.namespace
        self._register(f"release {namespace}", ["--confined", namespace, "--run", self._id])

    def _register(self, what: str, words: list[str]) -> None:
        env = dict(os.environ) | {"PYTHONPATH": str(IMPORTS), "PYTHONSAFEPATH": "1"}
        argv = [sys.executable, *self._undo_command()[1:], *words]
        self.supervised.register_undo(what, argv, env, UNDO_SECONDS, lasting=True)

    def _undo_command(self) -> list[str]:
        command = ["python", "-m", "readiness.providers.kubernetes.undo"]
        command += ["--context", self.driver.declared.context or ""]
        if kubeconfig := kubeconfig_of(self.driver.declared, self._folder):
            command += ["--kubeconfig", kubeconfig]
        return command

    def _undone(self, node: str) -> None:
        if self._run.supervised is not None:
            self._run.supervised.forget_undo(f"uncordon {node}")

    # -- seeing

    def whole(self) -> bool:
        """Every instance is in service on its node, every budget healthy, and `commands.whole` agrees. Raises
        RuntimeError for a pod that has moved.
        """
        seats = self.driver.seats
        for instance in self.topology.instances:
            if pod := seats.sitting(instance.name):
                seats.check_place(seats.seat(instance.name), pod)
        return super().whole()

    def volumes(self) -> tuple[VolumeFact, ...]:
        return look.volumes(self.driver.cluster, self.driver.seats.all())

    def alert_rules(self) -> str | None:
        """The alert rules that the contract names by ConfigMap or PrometheusRule; None for a file. Raises OSError."""
        named = self._candidate.contract.observability.alert_rules
        return look.alert_rules(self.driver.cluster, named) if named else None

    def capture(self) -> Mapping[str, str]:
        """What the API server can tell, what each endpoint answers, and the capture commands' output; no secrets."""
        found = capture(self.driver.cluster, self.driver.seats)
        self._record.read("status", "all endpoints")
        seen = (f"{e.name} {e.url} {observe.look(e.url, self._tls)}" for e in self.topology.all_endpoints())
        found["answers"] = "\n".join(seen)
        found |= by_command.captured(self._candidate, self._run)
        found["commands"] = self._run.log()
        return {name: self._secrets.clean(text) for name, text in found.items()}

    def versions(self) -> Mapping[str, str]:
        """The cluster's version and uid, the images that run, and what the candidate's own commands say."""
        own = by_command.versions(self._candidate, self._run)
        found = look.versions(self.driver.cluster, self.driver.seats.raw()) | own
        return found | {"cluster uid": self._uid or "may not be read"}

    # -- confined to itself

    def confine(self) -> None:
        try:
            self._confine()
        except (Unsupported, ApiException, OSError, RuntimeError, ValueError) as error:
            self._confined = None
            self._unconfined = why(error) if isinstance(error, ApiException) else one_line(str(error))
            self.release()
            raise Unsupported(self._unconfined) from None

    def _confine(self) -> None:
        driver = self.driver
        driver.need(ISOLATION)
        confined = Confinement(driver.cluster, driver.declared, self._id, self.topology.nodes)
        confined.check(driver.seats.raw(), driver.seats.all())
        by_hand = " ".join([*self._undo_command(), "--confined", driver.cluster.namespace, "--run", self._id])
        self._will_release()
        self._faults.open(FaultVerb.CONFINE, driver.cluster.namespace, {"run": self._id, "by hand": by_hand})
        confined.confine(driver.seats.all())
        self._confined = confined
        if confined.keeps_connections:
            for instance in self.topology.instances:  # what they had open before goes with them
                self.restart(instance.name)
                self._wait_whole()
        self._wait_whole()

    def _wait_whole(self) -> None:
        """Raises RuntimeError."""
        deadline = time.monotonic() + CONFINED_SECONDS
        while not self.whole():
            if time.monotonic() > deadline:
                raise RuntimeError(
                    f"confined to its own pods, the candidate was not whole again within {CONFINED_SECONDS:g} s: it "
                    "may need something that it does not declare"
                )
            time.sleep(0.5)

    def release(self) -> None:
        undo = Undo(self.name, self._candidate.name, FaultVerb.RELEASE, self.driver.cluster.namespace)
        if undo not in self._faults:
            return
        self._record.write(FaultVerb.RELEASE, undo.target)
        release_confined(self.driver.cluster, self._id)
        self._confined = None
        self._faults.close(undo.verb, undo.target)
        if self._run.supervised is not None:
            self._run.supervised.forget_undo(f"release {undo.target}")

    def way_out(self, node: str) -> WayOut:
        if self._confined is None:
            raise Unsupported(f"the candidate is not confined to its own pods: {self._unconfined}")
        return self._confined.way_out(node)

    def stored_bytes(self, node: str) -> int:
        return self.driver.stored_bytes(node)

    def connections(self, instance: str) -> Sequence[TcpSocket]:
        return self.driver.connections(instance)
