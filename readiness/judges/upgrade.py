"""P1.27: a rolling upgrade there and back under load. Both versions ran side by side, and nothing was wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from readiness.evidence.scenario import RunningVersions, ScenarioRecord
from readiness.evidence.seen import Promises
from readiness.finding import Finding, merge, proved, unknown
from readiness.history import READS, Op
from readiness.judges.agreement import agreement
from readiness.judges.outage import over, probed, within
from readiness.judges.recovery import made_whole
from readiness.judges.safety import safety
from readiness.topology import FaultKind, Versions

MINIMUM_REQUESTS = 3
"""Of each kind, through each node, while both versions ran."""
SHORTEST = 2.0
"""Seconds between two moves of a node within which it is asked often enough to tell."""

Sides = Mapping[str, str | None]
"""By node, which of the two versions it ran; None: neither, or not all of it the same."""


@dataclass(frozen=True)
class _Mixed:
    """A time in which both versions ran, unchanged from one look to the next."""

    begin: float
    end: float
    sides: Sides
    endpoints: Mapping[str, str]
    """Names of endpoints, each with its node."""

    def side(self, op: Op) -> str | None:
        """The version that the operation was sent to; None: to a service endpoint, or at another time."""
        if not (self.begin <= op.invoked and op.completed <= self.end):
            return None
        return self.sides.get(self.endpoints.get(op.endpoint, ""))


def upgraded(record: ScenarioRecord, promises: Promises, versions: Versions) -> Finding:
    """Every node ran the other version beside nodes that ran the first, as it was seen, and the first again at the end;
    both versions were written to and read meanwhile, each what the other had taken; no endpoint was without answers for
    longer than is promised for maintenance, but that of the node that was being moved; and the candidate was whole
    after each move, lost nothing and denied nothing.
    """
    mixed = list(_mixed(record.versions, versions))
    outages = list(_outages(record, promises))
    parts = [made_whole(record), safety(record), agreement(record), *([over(outages)] if outages else [])]
    return merge([*parts, _ran(record.versions, mixed, versions), _served(record, mixed, versions)])


def _sides(look: RunningVersions, versions: Versions) -> Sides:
    sides: dict[str, str | None] = {}
    for node, instances in look.nodes.items():
        named = {versions.named_in(text) for text in instances.values()}
        sides[node] = named.pop() if len(named) == 1 else None
    return sides


def _mixed(looks: Sequence[RunningVersions], versions: Versions) -> Iterator[_Mixed]:
    for one, two in pairwise(looks):
        sides = _sides(one, versions)
        if set(sides.values()) == {versions.first, versions.second} and sides == _sides(two, versions):
            nodes = {name: node for node, names in one.endpoints.items() for name in names}
            yield _Mixed(one.at, two.at, sides, nodes)


def _ran(looks: Sequence[RunningVersions], mixed: Sequence[_Mixed], versions: Versions) -> Finding:
    """It was seen what ran."""
    if len(looks) < 2:
        return unknown("it was not seen which versions ran")
    for when, look in (("before", looks[0]), ("after", looks[-1])):
        for node, side in _sides(look, versions).items():
            if side != versions.first:
                ran = ", ".join(look.nodes[node].values()) or "nothing that tells its version"
                return unknown(f"{when} the upgrade {node} ran {ran}, not {versions.first}")
    beside = {node for each in mixed for node, side in each.sides.items() if side == versions.second}
    if missing := sorted(looks[0].nodes.keys() - beside):
        what = f"{versions.second} while another node ran {versions.first}"
        were = "were" if len(missing) > 1 else "was"
        return unknown(f"{', '.join(missing)} {were} not seen to run {what}")
    seconds = sum(each.end - each.begin for each in mixed)
    return proved(
        f"each of {len(beside)} nodes ran {versions.second} beside {versions.first}, and {versions.first} again",
        len(looks),
        both_ran_s=round(seconds, 1),
    )


def _served(record: ScenarioRecord, mixed: Sequence[_Mixed], versions: Versions) -> Finding:
    """Both versions were read and written while both ran, through each node that has an endpoint; and each answered
    what the other had taken.
    """
    crossed: Counter[str] = Counter()
    total = 0
    for each in mixed:
        ops = [op for op in record.history if op.in_service and each.side(op) is not None]
        for endpoint in sorted(each.endpoints):
            here = [op for op in ops if op.endpoint == endpoint]
            reads = sum(_found(op) for op in here)
            writes = sum(op.acknowledged for op in here)
            total += reads + writes
            if min(reads, writes) < MINIMUM_REQUESTS:
                return unknown(
                    f"{reads} reads and {writes} writes through {endpoint} succeeded while both versions ran from "
                    f"{each.begin:.2f} s to {each.end:.2f} s, {MINIMUM_REQUESTS} of each are needed"
                )
        crossed += _crossed(ops, each)
    measured = {f"read_of_the_other_by_{side}": crossed[side] for side in (versions.first, versions.second)}
    for side in (versions.first, versions.second):
        if crossed[side] < MINIMUM_REQUESTS:
            what = f"that the other version had taken while both ran were read through {side}"
            return unknown(
                f"{crossed[side]} objects {what}, {MINIMUM_REQUESTS} are needed", measured=measured
            )
    return proved("both versions were read and written while both ran", total, **measured)


def _crossed(ops: Sequence[Op], mixed: _Mixed) -> Counter[str]:
    """By version, how many reads through it found what the other one had acknowledged within that time."""
    taken = {op.value: mixed.side(op) for op in ops if op.acknowledged and op.value is not None}
    crossed: Counter[str] = Counter()
    for op in ops:
        side, of = mixed.side(op), taken.get(op.value) if op.value is not None else None
        if _found(op) and side is not None and of not in (None, side):
            crossed[side] += 1
    return crossed


def _found(op: Op) -> bool:
    return op.verb in READS and op.ok and op.status == 200


def _outages(record: ScenarioRecord, promises: Promises) -> Iterator[Finding]:
    """The service endpoint over the whole time; that of a node whenever the node was not the one that was moved."""
    if not record.events or not record.versions:
        return
    probes, during = record.of("probe"), probed(record)
    for endpoint in record.endpoints_through:
        yield within(promises, FaultKind.DRAIN, probes, (endpoint,), during)
    for node, names in record.versions[0].endpoints.items():
        for stretch in _between(record, node, *during):
            for name in names:
                yield within(promises, FaultKind.DRAIN, probes, (name,), stretch)


def _between(record: ScenarioRecord, node: str, begin: float, end: float) -> Iterator[tuple[float, float]]:
    """The times between the node's own moves that are long enough."""
    since = begin
    for event in record.events:
        if node in event.nodes:
            if event.injecting - since >= SHORTEST:
                yield since, event.injecting
            since = event.whole or event.healed or end
    if end - since >= SHORTEST:
        yield since, end
