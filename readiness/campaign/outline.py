"""In which order a run does what it does, and how long that takes at least: for a dry run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from readiness.campaign.groups import scenarios_of
from readiness.campaign.network import BROKEN, HELD
from readiness.campaign.scenarios import Scenario
from readiness.criteria import MANIFEST, PHASES, PROTECTED_STACKS
from readiness.evidence.scenario import SETTLE
from readiness.evidence.seen import RTO, Group, Promises
from readiness.topology import Topology

_DONE = {
    0: "reads, and a scratch bucket; with --allow-faults the nodes are cut off from everything else meanwhile",
    2: "real tofu, through a restart, the drain, crash and silence of each node, splits and power cuts",
    3: f"{', '.join(PROTECTED_STACKS)}, one after the other, rehearsed on copies of their state",
    4: "adds up what was found",
}

_NOT_HELD = {Group.RESTARTS, Group.ROLLING, Group.UPGRADES, Group.HOUSEKEEPING}
"""Groups whose faults end by themselves. All others are held for what is promised; then the store settles."""


def outline(topology: Topology, declared: Mapping[str, Any]) -> Iterator[str]:
    """One line for each phase, and for each criterion of phase 1 that asks for faults which none before it asked for.
    Times are those that the candidate promises (`declared`, as its file has it), in seconds.
    """
    rto = Promises.of(declared).rto
    seconds, of_phase_1 = 0.0, list[str]()
    for id_, groups in _asked_first(declared):
        played = [(group, each) for group in groups for each in scenarios_of(group, topology)]
        names = [each.name for _, each in played]
        held = sum(SETTLE + (0.0 if group in _NOT_HELD else _held(each, rto)) for group, each in played)
        if Group.NETWORKS in groups:
            names += [f"network:{how}" for how in BROKEN]
            held += len(BROKEN) * (HELD + SETTLE)
        if names:
            of_phase_1.append(f"    {id_}: {', '.join(names)} (at least {held:.0f} s)")
            seconds += held
    yield f"in this order; phase 1 takes at least {seconds / 60:.0f} min by the times that the contract promises:"
    for phase in PHASES:
        yield f"  phase {phase}: {_DONE.get(phase, 'each of these under load, and undone before the next begins')}"
        if phase == 1:
            yield from of_phase_1


def _asked_first(declared: Mapping[str, Any]) -> Iterator[tuple[str, list[Group]]]:
    """Each criterion of phase 1 with the groups that are played for it."""
    known = set[Group]()
    for criterion in MANIFEST:
        asked = criterion.phase == 1 and criterion.not_promised(declared) is None
        new = [group for group in criterion.played(declared) if asked and group not in known]
        known.update(new)
        if new:
            yield criterion.id, new


def _held(scenario: Scenario, rto: RTO) -> float:
    return rto[scenario.kind] if scenario.kind else 0.0
