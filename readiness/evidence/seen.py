"""What a judge is given: recorded scenarios by group, recorded observations, and what the contract promises."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from readiness.evidence.observation import Observation
from readiness.evidence.scenario import ScenarioRecord
from readiness.history import Op
from readiness.topology import PROMISED, FaultKind, Versions


class Group(StrEnum):
    """A group of scenarios that a criterion is judged from. How each is played: readiness/campaign/campaign.py."""

    STEADY = "steady"
    RESTARTS = "restarts"
    DRAINS = "drains"
    CRASHES = "crashes"
    SILENCES = "silences"
    UNPLUGGED = "unplugged"
    SPLITS = "splits"
    LIMPS = "limps"
    SINGLE_INSTANCES = "single instances"
    NETWORKS = "networks"
    ROLLING = "rolling"
    REPAIRS = "repairs"
    TWO_LOST = "two lost"
    ALL_KILLED = "all killed"
    POWER_CUTS = "power cuts"
    POWER_CUT_OF_ONE = "power cut of one"
    FULL_DISKS = "full disks"
    UPGRADES = "upgrades"
    HOUSEKEEPING = "housekeeping"


RTO = Mapping[FaultKind, float]


@dataclass(frozen=True)
class Promises:
    """The numbers of the contract that judges need; times in seconds."""

    rto: RTO
    response_seconds: float = 3.0
    recovery_seconds: float = 600.0
    versioning: bool = True
    backup: bool = False
    read_only: bool = False
    rotation: str = "none"

    @classmethod
    def of(cls, declared: Mapping[str, Any]) -> Promises:
        """From a candidate as its file declares it (`run.json`, key `declared`). Raises KeyError, ValueError."""
        contract = declared["contract"]
        failure, credentials = contract["failure"], contract["credentials"]
        rto = {FaultKind(kind): float(seconds) for kind, seconds in failure["rto_seconds"].items()}
        if FaultKind.SILENCE in rto:
            rto = {kind: rto[FaultKind.SILENCE] for kind in FaultKind if kind not in PROMISED} | rto
        return cls(
            rto,
            float(failure["response_seconds"]),
            float(failure["recovery_seconds"]),
            bool(contract["durability"]["versioning"]),
            contract["durability"]["backup_command"] is not None,
            credentials.get("read_only") is not None,
            str(credentials.get("rotation", "none")),
        )


@dataclass(frozen=True)
class Seen:
    """Everything that one criterion is judged from.

    `declared` is the candidate as its file declares it (`run.json`); `history` are the operations of a load that was
    made for this criterion alone.
    """

    promises: Promises
    scenarios: Mapping[Group, Sequence[ScenarioRecord]] = field(default_factory=dict)
    observations: Sequence[Observation] = ()
    history: Sequence[Op] = ()
    declared: Mapping[str, Any] = field(default_factory=dict)

    @property
    def contract(self) -> Mapping[str, Any]:
        """What the candidate promises, as its file declares it."""
        contract: Mapping[str, Any] = self.declared["contract"]
        return contract

    @property
    def versions(self) -> Versions | None:
        """The two versions of a rolling upgrade; None where none is promised."""
        upgrade = self.declared.get("upgrade")
        return Versions(str(upgrade["from"]), str(upgrade["to"])) if upgrade else None

    @property
    def failed(self) -> Observation | None:
        """The first observation that had to be a success and was not."""
        return next((seen for seen in self.observations if seen.required and not seen.ok), None)

    def group(self, *groups: Group) -> list[ScenarioRecord]:
        """The records of these groups, in this order."""
        return [record for group in groups for record in self.scenarios.get(group, ())]

    def records(self) -> list[ScenarioRecord]:
        """Every record, group after group."""
        return self.group(*self.scenarios)

    def steps(self, *steps: str) -> Iterator[Observation]:
        """The observations made in these steps of the check, in the order in which they were made."""
        return (seen for seen in self.observations if seen.step in steps)

    def without_impossible(self, optional: Collection[Group]) -> Seen:
        """The groups without those optional ones whose fault the provider cannot do at all, unless nothing else is
        left.
        """
        kept = {
            group: records
            for group, records in self.scenarios.items()
            if group not in optional or any(record.unsupported is None for record in records)
        }
        return replace(self, scenarios=kept) if kept else self
