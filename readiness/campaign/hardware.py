"""Scenarios in which hardware fails: power cuts, which take what was not synced, and full disks."""

from __future__ import annotations

import time

from readiness import faults
from readiness.campaign.scenarios import Scenario
from readiness.campaign.stage import Stage
from readiness.errors import Unjudged
from readiness.evidence.seen import RTO
from readiness.providers.abilities import FillsDisks
from readiness.topology import FaultKind, Topology

DARK = 0.5
QUIET = {False: 1.5, True: 2.5}
"""Seconds between the last write and a power cut, by whether it wrote again what was there before. Under load the next
write's sync saves the one before it: in a store of states the write that is lost is the last one.
"""
KEPT_FULL = 2.0


def power_cut(topology: Topology) -> Scenario:
    """The power of all nodes is cut at once under load; then all come back: read from the first connection that is
    accepted.
    """

    cut = faults.power_cut(topology, *topology.nodes)

    def play(stage: Stage, _rto: RTO) -> None:
        with stage.fault(cut):
            stage.keep_recent()
            time.sleep(DARK)
        stage.recover(settle=3.0)
        _was_cut(stage, topology.nodes)

    return Scenario(
        "power-cut:all", None, topology.nodes, play, through=False, judged_outage=False, needs=cut
    )


def power_cut_when_quiet(topology: Topology, *, again: bool) -> Scenario:
    """The power of all nodes is cut at once, a moment after one last write was acknowledged: of a new object, or of one
    that was there before (`again`).
    """

    cut = faults.power_cut(topology, *topology.nodes)

    def play(stage: Stage, _rto: RTO) -> None:
        stage.fall_quiet(QUIET[again], again=again)
        stage.record.notes["quiet before the power cut, seconds"] = f"{QUIET[again]:g}"
        with stage.fault(cut):
            stage.only_read()
            time.sleep(DARK)
        stage.recover(settle=3.0)
        _was_cut(stage, topology.nodes)

    name = f"power-cut-when-quiet:{'overwritten' if again else 'new'}"
    return Scenario(name, None, topology.nodes, play, through=False, judged_outage=False, needs=cut)


def power_cut_of_one(topology: Topology, cut: str, lost: str) -> Scenario:
    """The power of one node is cut under load, and it comes back without what it had not synced; once all is whole
    another node is lost, and nothing may be missing.
    """

    dark = faults.power_cut(topology, cut)

    def play(stage: Stage, rto: RTO) -> None:
        with stage.fault(dark) as event:
            stage.keep_recent()
            stage.wait_until((event.fired or stage.now()) + DARK)
        stage.recover(settle=0.5)
        _was_cut(stage, (cut,))
        if not stage.record.whole:
            return
        stage.read_back()
        with stage.fault(faults.crash(topology, lost)) as event:
            stage.wait_until((event.fired or 0) + rto[FaultKind.CRASH] + 0.5)
            stage.snapshot("without:" + lost)
            stage.read_back()
        stage.recover()

    return Scenario(
        f"power-cut:{cut}", FaultKind.POWER_CUT, (cut, lost), play, judged_outage=False, needs=dark
    )


def full_disk(topology: Topology, *nodes: str) -> Scenario:
    """The disks of these nodes are full under load, with bodies large enough to need new space; then they have space
    again. The others must serve meanwhile.
    """
    some = len(nodes) < len(topology.nodes)
    full = faults.full_disk(*nodes)

    def play(stage: Stage, rto: RTO) -> None:
        with stage.fault(full) as event:
            stage.write_bulk()
            stage.wait_until((event.fired or stage.now()) + rto[FaultKind.FULL_DISK] + 0.3)
            _fill_again(stage, nodes)
            time.sleep(KEPT_FULL)
            if some:
                stage.snapshot("during")
        stage.recover(settle=3.0)

    name = f"full-disk:{'+'.join(nodes) if some else 'all'}"
    kind = FaultKind.FULL_DISK if some else None
    return Scenario(name, kind, nodes, play, through=some, judged_outage=some, may_stick=True, needs=full)


def _was_cut(stage: Stage, nodes: tuple[str, ...]) -> None:
    """Raises Unjudged if a node that is back has what it had not synced: then this was no power cut."""
    stage.record.notes["after the power cut"] = "; ".join(faults.power_was_cut(stage.subject.provider, nodes))


def _fill_again(stage: Stage, nodes: tuple[str, ...]) -> None:
    """What the store gave back meanwhile is taken from it. Raises Unjudged if a disk is not full then."""
    provider = stage.subject.provider
    assert isinstance(provider, FillsDisks)
    proofs = [provider.fill(node) for node in nodes]
    stage.record.notes["still full"] = "; ".join(proof.observed for proof in proofs)
    if not all(proof.fired for proof in proofs):
        raise Unjudged(f"a disk did not stay full: {stage.record.notes['still full']}")
