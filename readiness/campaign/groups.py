"""Which scenarios there are for a topology, group by group."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from readiness import faults
from readiness.campaign import hardware, scenarios
from readiness.campaign.housekeeping import housekeeping
from readiness.campaign.scenarios import Scenario
from readiness.campaign.upgrade import rolling_upgrade
from readiness.evidence.seen import Group
from readiness.topology import Direction, Topology

WHILE_POSSIBLE = frozenset({Group.UNPLUGGED, Group.SPLITS, Group.LIMPS, Group.POWER_CUTS, Group.FULL_DISKS})
"""Groups whose fault not every provider can do: what holds for their first scenario holds for the others."""


def scenarios_of(group: Group, topology: Topology) -> list[Scenario]:
    """The scenarios of a group, in the order of play; none where the topology lacks the nodes that they take. Those of
    NETWORKS are no scenarios of nodes (`readiness.campaign.network`).
    """
    return _OF[group](topology)


def _steady(_topology: Topology) -> list[Scenario]:
    return [scenarios.steady()]


def _restarts(topology: Topology) -> list[Scenario]:
    """One restart of an instance of each kind, on the last node that has one."""
    found = {instance.kind: instance for instance in topology.instances}
    return [scenarios.one(faults.restart(i.name, i.node)) for i in found.values()]


def _drains(topology: Topology) -> list[Scenario]:
    return [scenarios.one(faults.drain(topology, node)) for node in topology.nodes]


def _crashes(topology: Topology) -> list[Scenario]:
    """Each node in turn; failure capture is taken during the first."""
    nodes = topology.nodes
    return [scenarios.one(faults.crash(topology, node), capture=node == nodes[0]) for node in nodes]


def _silences(topology: Topology) -> list[Scenario]:
    return [scenarios.one(faults.silence(topology, node)) for node in topology.nodes]


def _unplugged(topology: Topology) -> list[Scenario]:
    return [scenarios.one(faults.unplug(topology, node)) for node in topology.nodes]


def _splits(topology: Topology) -> list[Scenario]:
    """Each node in turn, both ways; then each in turn one way, now the one and now the other."""
    nodes = topology.nodes
    if len(nodes) < 2:
        return []
    one_way = (Direction.OUTGOING, Direction.INCOMING)
    both = [scenarios.split(node, Direction.BOTH) for node in nodes]
    return [*both, *(scenarios.split(node, one_way[at % 2]) for at, node in enumerate(nodes))]


def _limps(topology: Topology) -> list[Scenario]:
    return [scenarios.limp(node) for node in topology.nodes]


def _single_instances(topology: Topology) -> list[Scenario]:
    """Kill and freeze one instance of each kind, where a node has more than one: else that is the loss of the node."""
    if all(len(topology.on(node)) == 1 for node in topology.nodes):
        return []
    found = {instance.kind: instance for instance in topology.instances}
    both = (faults.kill, faults.freeze)
    return [scenarios.one(fault(i.name, i.node)) for i in found.values() for fault in both]


def _rolling(topology: Topology) -> list[Scenario]:
    return [scenarios.rolling(topology)]


def _repairs(topology: Topology) -> list[Scenario]:
    nodes = topology.nodes
    return [scenarios.repair(topology, nodes[-1], nodes[0])] if len(nodes) > 1 else []


def _two_lost(topology: Topology) -> list[Scenario]:
    return [scenarios.two_lost(topology, topology.nodes[0])] if len(topology.nodes) > 2 else []


def _all_killed(topology: Topology) -> list[Scenario]:
    return [scenarios.all_killed(topology)]


def _power_cuts(topology: Topology) -> list[Scenario]:
    """Under load, and when all is quiet."""
    return [
        hardware.power_cut(topology),
        hardware.power_cut_when_quiet(topology, again=False),
        hardware.power_cut_when_quiet(topology, again=True),
    ]


def _power_cut_of_one(topology: Topology) -> list[Scenario]:
    nodes = topology.nodes
    return [hardware.power_cut_of_one(topology, nodes[0], nodes[-1])] if len(nodes) > 1 else []


def _full_disks(topology: Topology) -> list[Scenario]:
    """Fills one node's disk, then those of all."""
    nodes = topology.nodes
    one = [hardware.full_disk(topology, nodes[0])] if len(nodes) > 1 else []
    return [*one, hardware.full_disk(topology, *nodes)]


def _upgrades(topology: Topology) -> list[Scenario]:
    return [rolling_upgrade(topology)] if len(topology.nodes) > 1 else []


_OF: Mapping[Group, Callable[[Topology], list[Scenario]]] = {
    Group.STEADY: _steady,
    Group.RESTARTS: _restarts,
    Group.DRAINS: _drains,
    Group.CRASHES: _crashes,
    Group.SILENCES: _silences,
    Group.UNPLUGGED: _unplugged,
    Group.SPLITS: _splits,
    Group.LIMPS: _limps,
    Group.SINGLE_INSTANCES: _single_instances,
    Group.NETWORKS: lambda _topology: [],
    Group.ROLLING: _rolling,
    Group.REPAIRS: _repairs,
    Group.TWO_LOST: _two_lost,
    Group.ALL_KILLED: _all_killed,
    Group.POWER_CUTS: _power_cuts,
    Group.POWER_CUT_OF_ONE: _power_cut_of_one,
    Group.FULL_DISKS: _full_disks,
    Group.UPGRADES: _upgrades,
    Group.HOUSEKEEPING: lambda topology: [housekeeping(topology)],
}
