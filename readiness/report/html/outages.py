"""Fault by endpoint: the longest outage that was measured, and what was promised. Pure: from the stored records, by the
rule of P1.14.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from readiness.evidence.scenario import ScenarioRecord
from readiness.evidence.seen import Promises
from readiness.finding import Finding, Measured, State
from readiness.judges.outage import longest_outage, outage
from readiness.judges.records import bound
from readiness.topology import FaultKind

FAULTS = {
    "restart": "instance restart",
    "rolling-restart": "rolling restart of all instances",
    "rolling-upgrade": "rolling upgrade and back",
    "housekeeping": "the store's own housekeeping",
    "drain": "node maintenance (drain)",
    "crash": "node crash",
    "kill": "instance killed",
    "silence": "silent node",
    "freeze": "frozen instance",
    "unplug": "unplugged node",
    "split": "node cut off from its peers",
    "split-outgoing": "cut off from peers, outgoing only",
    "split-incoming": "cut off from peers, incoming only",
    "limp": "limping node",
    "full-disk": "full disk",
}
"""What the scenarios of a name do; the part of the name after the colon says to whom. Others go by their name."""


@dataclass(frozen=True)
class Outage:
    """The longest outage of one endpoint through one scenario, in seconds: it lasted at least `lower`, at most `upper`
    (infinite if its begin or end was not observed). `state` holds it against what was promised.
    """

    scenario: str
    endpoint: str
    lower: float
    upper: float
    promised: float
    state: State
    reason: str

    @property
    def words(self) -> str:
        """Its bounds; a state that rests on something else is explained."""
        if self.state is State.UNKNOWN and self.upper <= self.promised:
            return "not measured"
        if not self.upper:
            return "none"
        if self.upper == math.inf:
            return f"at least {self.lower:.2f} s, not seen whole"
        return f"{self.lower:.2f} to {self.upper:.2f} s"


@dataclass(frozen=True)
class Back:
    """When a restarted instance answered again. `seconds` is None if it was not seen."""

    scenario: str
    endpoint: str
    seconds: float | None
    promised: float
    state: State


@dataclass(frozen=True)
class Cell:
    """What the table says of one endpoint through one fault. `state` is None where nothing was promised for it."""

    text: str
    state: State | None = None
    scenario: str = ""


@dataclass
class Row:
    """All scenarios of one fault. `none_left`: in one of them no endpoint was left that had to serve."""

    fault: str
    kind: FaultKind
    promised: float
    none_left: bool = False
    scenarios: list[str] = field(default_factory=list)
    every: list[Outage] = field(default_factory=list)
    outages: dict[str, Outage] = field(default_factory=dict)
    backs: dict[str, Back] = field(default_factory=dict)
    unmeasured: list[str] = field(default_factory=list)

    @property
    def words(self) -> str:
        """What happened, for a reader who does not know the names of faults."""
        return FAULTS.get(self.fault, self.fault)

    def cell(self, endpoint: str) -> Cell:
        """The cell of this endpoint."""
        if seen := self.outages.get(endpoint):
            return Cell(seen.words, seen.state, seen.scenario)
        if back := self.backs.get(endpoint):
            took = "never back" if back.seconds is None else f"back: {back.seconds:.2f} s"
            return Cell(took, back.state, back.scenario)
        if self.none_left:
            return Cell("nobody left to serve", State.REFUTED, self.scenarios[0])
        if self.unmeasured and not self.outages:
            return Cell("not measured", State.UNKNOWN)
        return Cell("may be away")

    def add(self, record: ScenarioRecord, promises: Promises) -> None:
        """Takes in the worst of that scenario for each endpoint."""
        self.scenarios.append(record.name)
        if why := record.unsupported or record.spoiled:
            self.unmeasured.append(f"{record.name}: {why}")
            return
        self.none_left |= not record.endpoints_through and record.kind is not FaultKind.RESTART
        for seen in outages_of(record, promises):
            self.every.append(seen)
            self.outages[seen.endpoint] = max(
                (one for one in (self.outages.get(seen.endpoint), seen) if one), key=badness
            )
        for back in _backs(record, promises):
            known = self.backs.get(back.endpoint)
            if known is None or _seconds(back) > _seconds(known):
                self.backs[back.endpoint] = back


def add(rows: list[Row], record: ScenarioRecord, promises: Promises) -> None:
    """Takes a scenario into the row of its fault, in the order in which they were played. One without a fault, or one
    in which outages are expected, has no row.
    """
    if record.kind is None or not record.judged_outage or record.kind not in promises.rto:
        return
    fault = record.name.partition(":")[0]
    row = next((row for row in rows if (row.fault, row.kind) == (fault, record.kind)), None)
    if row is None:
        rows.append(row := Row(fault, record.kind, promises.rto[record.kind]))
    row.add(record, promises)


def longest(rows: Iterable[Row]) -> Outage | None:
    """The longest outage of all where an endpoint had to serve; None if there was none."""
    found = [one for row in rows for one in row.every if one.upper]
    return max(found, key=lambda one: (one.upper, one.lower), default=None)


def outages_of(record: ScenarioRecord, promises: Promises) -> list[Outage]:
    """One for each endpoint that had to serve through the fault."""
    if not record.events or record.kind is None:
        return []
    whole = bound(record)
    made = []
    for endpoint in record.endpoints_through:
        found = longest_outage(replace(whole, endpoints_through=(endpoint,)), promises, lambda _op: True)
        lower, upper = _bounds(found.measured, endpoint)
        made.append(
            Outage(record.name, endpoint, lower, upper, promises.rto[record.kind], found.state, found.reason)
        )
    return made


def _bounds(measured: Measured, endpoint: str) -> tuple[float, float]:
    def of(end: str) -> Sequence[float]:
        named = (v for n, v in measured.items() if n.startswith(f"outage_{endpoint}_") and n.endswith(end))
        return [math.inf if value is None else float(value) for value in named]

    return max(of("_at_least_s"), default=0.0), max(of("_at_most_s"), default=0.0)


def _backs(record: ScenarioRecord, promises: Promises) -> list[Back]:
    if record.kind is not FaultKind.RESTART or not record.events:
        return []
    found: Finding = outage(replace(bound(record), endpoints_through=()), promises)
    return [
        Back(
            record.name,
            name.removeprefix("back_"),
            float(took) if isinstance(took, int | float) else None,
            promises.rto[FaultKind.RESTART],
            found.state,
        )
        for name, took in found.measured.items()
        if name.startswith("back_")
    ]


def badness(one: Outage) -> tuple[int, float, float]:
    """What a broken promise, then a longer outage, is worse by: for `max`."""
    return (State.PROVED, State.UNKNOWN, State.REFUTED).index(one.state), one.upper, one.lower


def _seconds(one: Back) -> float:
    return math.inf if one.seconds is None else one.seconds
