"""The fault of a step."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from readiness import faults
from readiness.errors import UsageError
from readiness.explore.schedule import OF_ALL, OF_INSTANCES, Kind, Schedule, Step
from readiness.faults import Fault
from readiness.topology import Direction, Topology

_OF_INSTANCE: Mapping[Kind, Callable[[str, str], Fault]] = {
    Kind.RESTART: faults.restart,
    Kind.KILL: faults.kill,
    Kind.FREEZE: faults.freeze,
}
_OF_NODE: Mapping[Kind, Callable[[Topology, str], Fault]] = {
    Kind.DRAIN: faults.drain,
    Kind.CRASH: lambda topology, node: faults.crash(topology, node),
    Kind.SILENCE: lambda topology, node: faults.silence(topology, node),
    Kind.UNPLUG: faults.unplug,
    Kind.SPLIT: lambda _, node: faults.split(node, Direction.BOTH),
    Kind.SPLIT_OUTGOING: lambda _, node: faults.split(node, Direction.OUTGOING),
    Kind.SPLIT_INCOMING: lambda _, node: faults.split(node, Direction.INCOMING),
    Kind.LIMP: lambda _, node: faults.limp(node),
    Kind.FULL_DISK: lambda _, node: faults.full_disk(node),
    Kind.POWER_CUT: lambda topology, node: faults.power_cut(topology, node),
}
_OF_ALL: Mapping[Kind, Callable[[Topology], Fault]] = {
    Kind.ALL_KILLED: lambda topology: faults.crash(topology, *topology.nodes),
    Kind.ALL_POWER_CUT: lambda topology: faults.power_cut(topology, *topology.nodes),
}
SPLITS = (Kind.SPLIT, Kind.SPLIT_OUTGOING, Kind.SPLIT_INCOMING)
POWER_CUTS = (Kind.POWER_CUT, Kind.ALL_POWER_CUT)


def fault_of(step: Step, topology: Topology) -> Fault:
    """The fault. Raises KeyError for an instance that the topology does not have."""
    if step.kind in OF_ALL:
        return _OF_ALL[step.kind](topology)
    if step.kind in OF_INSTANCES:
        return _OF_INSTANCE[step.kind](step.target, topology.instance(step.target).node)
    return _OF_NODE[step.kind](topology, step.target)


def must_fit(schedule: Schedule, topology: Topology) -> None:
    """Raises UsageError for a schedule whose targets this candidate does not have."""
    instances = {instance.name for instance in topology.instances}
    for segment in schedule.segments:
        for step in segment.steps:
            known = instances if step.kind in OF_INSTANCES else set(topology.nodes)
            if step.kind not in OF_ALL and step.target not in known:
                raise UsageError(
                    f"the schedule is of another candidate ({schedule.candidate}): it has {step.name}, and this one "
                    f"has {', '.join(sorted(known))}"
                )
