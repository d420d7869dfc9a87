"""What one scenario left behind: its history, its faults, and when what was true."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from readiness.history import Op
from readiness.topology import FaultKind

SETTLE = 2.0
"""Seconds that a scenario keeps reading after the candidate is whole again."""

NOT_WHOLE = "not whole"  # the note that says within which time
NOT_SELECTED = "it was not selected"
"""Why a fault was not done that the provider may well be able to do."""
DOUBT = "doubt"  # the note of a record that proves nothing, though what it refutes is refuted


@dataclass
class Event:
    """What happened, in seconds since the run began. `fired` is set by observation only."""

    fault: str
    kind: str
    nodes: tuple[str, ...]
    instances: tuple[str, ...]
    injecting: float
    fired: float | None = None
    proofs: list[str] = field(default_factory=list)
    healing: float | None = None
    healed: float | None = None
    whole: float | None = None

    @property
    def counts_from(self) -> float:
        """From when an RTO counts. A crash or a silence is there at once. A graceful stop may take longer than the
        RTO, in which the instance may still answer: what waits for the fault to be there counts from then.
        """
        graceful = self.kind in (FaultKind.RESTART, FaultKind.DRAIN)
        return self.fired if graceful and self.fired is not None else self.injecting


@dataclass(frozen=True)
class Captured:
    """A failure capture taken while a fault held: what the provider did for it, and the state objects before
    and after.
    """

    calls: tuple[str, ...]
    texts: int
    secrets_found: int
    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True)
class RunningVersions:
    """What ran at that time (seconds since the run began): by node, what each of its instances was seen to run; and the
    endpoints that the node's instances answer.
    """

    at: float
    nodes: Mapping[str, Mapping[str, str]]
    endpoints: Mapping[str, tuple[str, ...]]


@dataclass
class ScenarioRecord:
    """A finished scenario. Times are seconds since the run began; `spoiled` says why it cannot be judged, if
    so.

    `endpoints_through`: endpoints that had to serve through the fault (survivors and the service endpoint).
    `unsupported`: why its fault was not done, by the provider or because it was not selected.
    `judged_outage`: false for scenarios in which an outage is expected (two of three nodes lost, all
    restarted, a broken network in between). `versions`: what was seen to run during a rolling upgrade, in order.
    """

    name: str
    kind: FaultKind | None
    nodes: tuple[str, ...] = ()
    endpoints_through: tuple[str, ...] = ()
    judged_outage: bool = True
    history: Sequence[Op] = ()
    events: list[Event] = field(default_factory=list)
    begun: float = 0.0
    ended: float = 0.0
    whole: bool = True
    spoiled: str | None = None
    unsupported: str | None = None
    captured: Captured | None = None
    versions: list[RunningVersions] = field(default_factory=list)
    notes: dict[str, str] = field(default_factory=dict)

    @property
    def impossible(self) -> bool:
        """The provider or the machine lacks the means for its fault."""
        return self.unsupported not in (None, NOT_SELECTED)

    def doubt(self, why: str) -> None:
        """From now on it proves nothing; what it refutes is refuted."""
        self.notes[DOUBT] = "; ".join(filter(None, [self.notes.get(DOUBT), why]))

    def of(self, *workloads: str) -> list[Op]:
        """The operations of these workloads."""
        return [op for op in self.history if op.workload in workloads]

    @property
    def fired(self) -> float | None:
        """When the first fault was seen to have fired."""
        return next((event.fired for event in self.events if event.fired is not None), None)

    @property
    def healed(self) -> float | None:
        """When the last fault was healed."""
        return max((event.healed for event in self.events if event.healed is not None), default=None)

    @property
    def whole_at(self) -> float | None:
        """When the candidate was seen whole after the last fault."""
        return max((event.whole for event in self.events if event.whole is not None), default=None)
