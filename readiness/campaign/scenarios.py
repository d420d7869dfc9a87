"""The scenarios, each a fault (or several) under load. Which criteria are judged from them: readiness/criteria/."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from readiness import faults
from readiness.campaign.disk import Disk
from readiness.campaign.stage import Stage
from readiness.errors import Unjudged
from readiness.evidence.scenario import ScenarioRecord
from readiness.evidence.seen import RTO
from readiness.faults import Fault
from readiness.topology import Direction, FaultKind, Proof, Topology

NOBODY_LEFT = 1.5
"""Seconds that a fault is held where no endpoint is left that could serve: longer shows nothing more."""

Play = Callable[[Stage, RTO], None]


@dataclass(frozen=True)
class Scenario:
    """A named play. `record` makes its empty record. `may_stick`: a candidate that takes no writes any more afterwards
    is restarted before the next scenario. `needs`: the fault that a provider must be able to do for it to be begun.
    """

    name: str
    kind: FaultKind | None
    nodes: tuple[str, ...]
    play: Play
    through: bool = True
    judged_outage: bool = True
    service_only: bool = False
    may_stick: bool = False
    needs: Fault | None = None

    def record(self, topology: Topology) -> ScenarioRecord:
        """The record to fill: endpoints on other nodes, and the service endpoint, must serve through the
        fault.
        """
        must = [e for e in topology.all_endpoints() if self.through and e.node not in self.nodes]
        through = tuple(e.name for e in must if e.is_service or not self.service_only)
        return ScenarioRecord(self.name, self.kind, self.nodes, through, self.judged_outage)


def steady() -> Scenario:
    """No fault: what the load sees of a healthy candidate."""

    def play(stage: Stage, _rto: RTO) -> None:
        time.sleep(2.0)
        stage.snapshot("during")
        stage.recover(settle=0.5)

    return Scenario("steady", None, (), play)


def one(fault: Fault, *, capture: bool = False) -> Scenario:
    """One fault, held a little longer than its RTO so that an outage beyond it shows, with a snapshot while
    it holds.
    """

    def play(stage: Stage, rto: RTO) -> None:
        with stage.fault(fault) as event:
            if fault.kind is not FaultKind.RESTART:
                held = rto[fault.kind] + 0.3 if stage.record.endpoints_through else NOBODY_LEFT
                stage.wait_until((event.fired or stage.now()) + held)
                stage.snapshot("during")
                if capture:
                    stage.capture()
        stage.recover()

    return Scenario(fault.name, fault.kind, fault.nodes, play, needs=fault)


def split(node: str, way: Direction) -> Scenario:
    """A node cut off from its peers and not from its clients, some of whom stay with it whatever it says of itself."""
    fault = faults.split(node, way)

    def play(stage: Stage, rto: RTO) -> None:
        with stage.fault(fault) as event:
            stage.insist(node)
            stage.wait_until((event.fired or stage.now()) + rto[FaultKind.SILENCE] + 0.3)
            stage.snapshot("during")
        stage.recover()

    return Scenario(fault.name, FaultKind.SILENCE, (node,), play, needs=fault)


def limp(node: str) -> Scenario:
    """A node that answers slowly for longer than the others may be silent because of it. What it says itself is seen
    by the load: a snapshot through it, or through a service endpoint that leads to it, would take a minute.
    """
    fault = faults.limp(node)

    def play(stage: Stage, rto: RTO) -> None:
        topology = stage.subject.topology
        slow = frozenset(e.name for e in topology.all_endpoints() if e.is_service or e.node == node)
        with stage.fault(fault) as event:
            stage.wait_until((event.fired or stage.now()) + rto[FaultKind.SILENCE] + 0.3)
            stage.snapshot("during", but=slow)
        stage.recover()

    return Scenario(fault.name, FaultKind.SILENCE, (node,), play, needs=fault)


def rolling(topology: Topology) -> Scenario:
    """A rolling restart: each node drained and restored, the next one only when the candidate is whole again."""

    def play(stage: Stage, _rto: RTO) -> None:
        for node in topology.nodes:
            with stage.fault(faults.drain(topology, node)):
                pass
            stage.recover(settle=0.3)
        stage.recover(settle=1.0)

    # Without a service endpoint clients move from node to node, and each node is away once.
    judged = topology.service is not None
    return Scenario("rolling-restart", FaultKind.DRAIN, (), play, service_only=True, judged_outage=judged)


def repair(topology: Topology, emptied: str, lost: str) -> Scenario:
    """A node comes back with an empty disk and is made whole; then another node is lost, and nothing may
    be missing.
    """

    def play(stage: Stage, rto: RTO) -> None:
        provider, contract = stage.subject.provider, stage.subject.contract
        first = faults.crash(topology, emptied)
        disk = Disk(provider, emptied)
        with stage.fault(first):
            wiped = provider.wipe(emptied)
            stage.record.notes["wiped"] = wiped.observed
            if not wiped.fired:
                raise Unjudged(f"the disk of {emptied} could not be emptied: {wiped.observed}")
            if problem := disk.not_emptied():
                raise Unjudged(problem)
            time.sleep(1.0)
            if contract.repair.kind == "procedure":
                stage.record.notes["repair"] = provider.repair(emptied)
        began = stage.now()
        stage.recover(settle=1.0, budget=contract.repair.budget_seconds)
        stage.record.notes["made whole after seconds"] = f"{stage.now() - began:.1f}"
        if not stage.record.whole:
            return
        if problem := disk.not_filled():
            raise Unjudged(problem)
        stage.record.notes["bytes stored before, emptied and repaired"] = disk.summary
        with stage.fault(faults.crash(topology, lost)) as event:
            stage.wait_until((event.fired or 0) + rto[FaultKind.CRASH] + 0.5)
            stage.snapshot("without:" + lost)
            stage.read_back()
        stage.recover()

    return Scenario(f"repair:{emptied}", FaultKind.CRASH, (emptied, lost), play, judged_outage=False)


def two_lost(topology: Topology, alone: str) -> Scenario:
    """Two nodes of three lost; then the one left is lost too before the two return: what it acknowledged
    alone must be there.
    """
    others = tuple(node for node in topology.nodes if node != alone)

    def play(stage: Stage, rto: RTO) -> None:
        both, last = faults.crash(topology, *others), faults.crash(topology, alone)
        with stage.fault(last_guard(last)):
            with stage.fault(both):
                time.sleep(rto[FaultKind.CRASH] + 1.0)
                proofs = [stage.subject.provider.kill(name) for name in last.instances]
                stage.record.notes["then lost"] = "; ".join(proof.observed for proof in proofs)
                if not all(proof.fired for proof in proofs):
                    raise Unjudged(f"the loss of {alone} did not fire: {stage.record.notes['then lost']}")
            time.sleep(2.0)
            stage.read_back()  # what was acknowledged alone, before the one that may hold it is back
        stage.recover()

    return Scenario(
        f"two-lost:{'+'.join(others)}", None, topology.nodes, play, through=False, judged_outage=False
    )


def last_guard(fault: Fault) -> Fault:
    """The heal of a fault, without its injection: the play does that later, by hand."""
    return Fault(
        f"{fault.name}:later", fault.kind, fault.nodes, (),
        lambda p: [Proof(fired=True, observed="armed")], fault.heal,
    )  # fmt: skip


def all_killed(topology: Topology) -> Scenario:
    """Every instance killed at once, all started again: read from the first connection that is accepted."""

    def play(stage: Stage, _rto: RTO) -> None:
        with stage.fault(faults.crash(topology, *topology.nodes)):
            time.sleep(0.5)
        stage.recover(settle=3.0)

    return Scenario("all-killed", None, topology.nodes, play, through=False, judged_outage=False)
