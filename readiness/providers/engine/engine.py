"""What all providers do alike: locks, the record of calls, the journal of faults, proofs, idempotent undo, readiness.

A kind of provider brings a driver; its class adds how the candidate is started or reached.
"""

from __future__ import annotations

import ssl
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

from readiness.candidate.model import Candidate
from readiness.providers.base import MetricsTarget
from readiness.providers.engine import probe
from readiness.providers.engine.driver import Driver, NetworkWatch, Watch, of_role, together
from readiness.providers.engine.journal import OF_A_NODE, FaultVerb, Journal, MemoryJournal, Undo
from readiness.providers.engine.open_faults import OpenFaults
from readiness.providers.engine.readiness import ReadinessRule
from readiness.providers.engine.record import Record
from readiness.redact import one_line
from readiness.topology import Direction, Endpoint, Keys, Proof, Topology, Unsupported

METRICS_SECONDS = 5.0

D = TypeVar("D", bound=Driver[Any])


class Engine(Generic[D]):
    """The verbs of `readiness.providers.base.Provider` that hit, heal and observe. Thread-safe: calls for one instance
    exclude each other.
    """

    name: str

    def __init__(
        self,
        candidate: Candidate,
        *,
        journal: Journal | None,
        record: Record | None = None,
        tls: ssl.SSLContext | None = None,
        through_proxy: bool = False,
    ) -> None:
        self._candidate, self._record = candidate, record or Record()
        self._faults = OpenFaults(self.name, candidate.name, journal or MemoryJournal())
        self._rule = ReadinessRule(candidate.contract.failure.readiness, tls, through_proxy=through_proxy)
        self._tls = tls
        self._driver: D | None = None
        self._lock = threading.Lock()
        self._locks: defaultdict[str, threading.RLock] = defaultdict(threading.RLock)

    @property
    def driver(self) -> D:
        """The primitives. Raises RuntimeError before there is something to drive."""
        if self._driver is None:
            raise RuntimeError("the candidate was not started")
        return self._driver

    # -- seeing

    @property
    def topology(self) -> Topology:
        return self.driver.topology

    def keys(self, role: str) -> Keys:
        return of_role(self.driver.keys, role)

    def endpoint_of(self, instance: str) -> Endpoint | None:
        """The first endpoint that the instance answers. Raises KeyError for an unknown instance."""
        self.topology.instance(instance)
        return next((found for found in self.topology.endpoints if found.instance == instance), None)

    def in_service(self, instance: str) -> bool:
        endpoint = self.endpoint_of(instance)
        if self._rule.waits:
            since = self.driver.started_at(instance)
            if not (
                self._rule.ran_long_enough(since) or (since is None and not self.driver.starts_are_known)
            ):
                return False
        if endpoint is not None and not self._rule.answers(endpoint):
            return False
        return self.driver.ready(instance)

    def started_at(self, instance: str) -> float | None:
        self.topology.instance(instance)
        return self.driver.started_at(instance)

    def whole(self) -> bool:
        if not all(self.in_service(instance.name) for instance in self.topology.instances):
            return False
        return self.driver.settled()

    def metrics(self, instance: str, path: str, target: MetricsTarget = "admin") -> str:
        endpoint = self.endpoint_of(instance)
        if target == "s3" and endpoint is None:
            raise Unsupported(f"{instance} has no metrics: it answers no S3 endpoint")
        base = endpoint.url if target == "s3" and endpoint else self.driver.metrics_url(instance)
        self._record.read("metrics", instance)
        try:
            return probe.call(f"{base}{path}", METRICS_SECONDS, tls=self._tls)
        except probe.Refused as error:
            raise OSError(str(error)) from None

    def recorded_calls(self) -> tuple[str, ...]:
        """Every verb, command and call but the probes and watches, which only ever ask. Reads are marked as such."""
        return self._record.lines()

    # -- faults of one instance

    def restart(self, instance: str) -> Proof:
        with self._instance(instance), self._fault(FaultVerb.RESTART, instance) as begin:
            watch: Watch = self.driver.watch(instance)
            with watch as seen:
                if why := seen.absent(FaultVerb.RESTART):
                    self._undo(FaultVerb.START, instance, self.driver.start)
                    return Proof(False, f"{instance}: {why}, and was started")
                begin()
                proof = seen.replaced(self.driver.restart(seen))
            if proof.fired:
                self._faults.close(FaultVerb.START, instance)
            return proof

    def kill(self, instance: str) -> Proof:
        return self._hit(FaultVerb.KILL, instance, lambda seen: seen.killed(self.driver.kill(seen)))

    def start_instance(self, instance: str) -> None:
        with self._instance(instance):
            self._undo(FaultVerb.START, instance, self.driver.start)

    def freeze(self, instance: str) -> Proof:
        return self._hit(FaultVerb.FREEZE, instance, lambda seen: seen.frozen(self.driver.freeze(seen)))

    def thaw(self, instance: str) -> None:
        with self._instance(instance):
            self._undo(FaultVerb.THAW, instance, self.driver.thaw)

    def _hit(self, verb: FaultVerb, instance: str, act: Callable[[Watch], Proof]) -> Proof:
        with self._instance(instance), self._fault(verb, instance) as begin:
            watch: Watch = self.driver.watch(instance)
            with watch as seen:
                if why := seen.absent(verb):
                    return Proof(False, f"{instance}: {why}")
                begin()
                return act(seen)

    # -- faults of one node

    def drain(self, node: str) -> Proof:
        here = self._on(node)
        with self._fault(FaultVerb.DRAIN, node) as begin:
            begin()
            proof = self.driver.drain(node)
            if proof is not None:
                return proof
            return together(node, [self._stopped(name) for name in reversed(here)])  # clients go first

    def restore(self, node: str) -> None:
        here = self._on(node)
        if self.driver.needs(FaultVerb.RESTORE, node):
            self._record.write(FaultVerb.RESTORE, node)
            self.driver.restore(node)
        for name in here:
            self.thaw(name)
            self.start_instance(name)
        self._faults.close(FaultVerb.RESTORE, node)

    def unplug(self, node: str) -> Proof:
        return self._hit_node(FaultVerb.UNPLUG, node, self.driver.watch_network, self.driver.cut)

    def plug(self, node: str) -> None:
        self._on(node)
        self._undo(FaultVerb.PLUG, node, self.driver.join)

    def isolate_from_peers(self, node: str, way: Direction) -> Proof:
        self._on(node)
        with self._fault(FaultVerb.ISOLATE, node) as begin:
            seen = self.driver.watch_peers(node, way)
            begin()
            return seen.split(self.driver.isolate(node, way))

    def rejoin_peers(self, node: str) -> None:
        self._on(node)
        self._undo(FaultVerb.REJOIN, node, self.driver.rejoin)

    def limp(self, node: str) -> Proof:
        self._on(node)
        with self._fault(FaultVerb.LIMP, node) as begin:
            seen = self.driver.watch_pace(node)
            begin()
            return seen.slowed(self.driver.limp(node))

    def unlimp(self, node: str) -> None:
        self._on(node)
        self._undo(FaultVerb.UNLIMP, node, self.driver.unlimp)

    def _hit_node(
        self, verb: FaultVerb, node: str, watch: Callable[[str], NetworkWatch], act: Callable[[str], str]
    ) -> Proof:
        self._on(node)
        with self._fault(verb, node) as begin:
            seen = watch(node)
            begin()
            return seen.cut(act(node))

    def wipe(self, node: str) -> Proof:
        here = self._on(node)
        self.driver.check(FaultVerb.WIPE, node)
        if running := next((name for name in here if self.driver.runs(name)), None):
            raise RuntimeError(
                f"{running} runs: the data of {node} is removed only while the node is stopped"
            )
        self._record.write(FaultVerb.WIPE, node)
        return self.driver.erase(node)

    def repair(self, node: str) -> str:
        self._on(node)
        self.driver.check(FaultVerb.REPAIR, node)
        self._record.write(FaultVerb.REPAIR, node)
        return self.driver.repair(node)

    def heal(self) -> list[str]:
        """Undo every fault that is still there, the last one first; returns what could not be undone, and why."""
        failed = []
        for undo in self._faults.latest_first():
            try:
                self.undo(undo)
            except Exception as error:  # noqa: BLE001 - one that fails must not keep the others from being undone
                failed.append(f"{undo.target} ({undo.verb}): {one_line(str(error))}")
        return failed

    def affected(self, undo: Undo) -> tuple[str, ...]:
        """The instances that are in service again once that is undone."""
        if undo.verb in (FaultVerb.START, FaultVerb.THAW):
            return (undo.target,)
        return self._on(undo.target) if undo.verb in OF_A_NODE else ()

    def undo(self, undo: Undo, reach: Mapping[str, str] | None = None) -> None:
        """Do what a journal holds; `reach`: of another process, with what it wrote down for that. Raises what the verb
        raises, and KeyError for a target that there is not.
        """
        act = self._undoing()[undo.verb]
        self.driver.take_over(undo.verb, undo.target)
        act(undo.target)

    def _undoing(self) -> dict[FaultVerb, Callable[[str], None]]:
        """What does each undo."""
        return {
            FaultVerb.START: self.start_instance,
            FaultVerb.THAW: self.thaw,
            FaultVerb.RESTORE: self.restore,
            FaultVerb.PLUG: self.plug,
            FaultVerb.REJOIN: self.rejoin_peers,
            FaultVerb.UNLIMP: self.unlimp,
        }

    # -- how

    def _on(self, node: str) -> tuple[str, ...]:
        """The names of a node's instances. Raises KeyError for an unknown node."""
        if node not in self.topology.nodes:
            raise KeyError(node)
        return tuple(instance.name for instance in self.topology.on(node))

    @contextmanager
    def _instance(self, name: str) -> Iterator[None]:
        """Nothing else is done to that instance meanwhile. Raises KeyError for an unknown one."""
        self.topology.instance(name)
        with self._lock:
            lock = self._locks[name]
        with lock:
            yield

    @contextmanager
    def _fault(self, verb: FaultVerb, target: str) -> Iterator[Callable[[], None]]:
        """Gives what is called once, right before the fault. Raises Unsupported."""
        self.driver.check(verb, target)
        with self._faults.doing(verb, target, self.driver.reach) as write_down:

            def begin() -> None:
                write_down()
                self._record.write(verb, target)

            yield begin

    def _stopped(self, name: str) -> Proof:
        with self._instance(name):
            watch: Watch = self.driver.watch(name)
            with watch as seen:
                return seen.stopped(self.driver.stop(seen))

    def _undo(self, verb: FaultVerb, target: str, act: Callable[[str], None]) -> None:
        """Undo it if there is something to undo. What raises stays open."""
        if self.driver.needs(verb, target):
            self._record.write(verb, target)
            act(target)
        self._faults.close(verb, target)
