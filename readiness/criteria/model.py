"""What a criterion is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from readiness.evidence.seen import Group, Seen
from readiness.finding import Finding, State, refuted

Judge = Callable[[Seen], Finding]

PHASES = {
    0: "Candidate Static Gate",
    1: "Scratch S3 Proof",
    2: "Disposable OpenTofu Proof",
    3: "Protected Stack Migration Plan",
    4: "Implementation Gate",
}
PROTECTED_STACKS = ("attic", "arc-runners", "gitlab-runners", "runner-dashboard")


class Level(StrEnum):
    """What a criterion rests on: a sentence of the users' plan; what OpenTofu's state needs, by the operations that
    OpenTofu itself sends; S3 behavior that OpenTofu does not use.
    """

    PLAN = "plan"
    STATE = "state"
    S3 = "s3"


OF_CONTRACT: Mapping[Group, str] = {Group.HOUSEKEEPING: "housekeeping"}
"""Groups that only some contracts promise, each by a table of its own below [contract]."""
DECIDING = frozenset({Level.PLAN, Level.STATE})
"""The levels that decide a verdict; those of `s3` are judged and shown beside it, unless a run requires them."""


@dataclass(frozen=True)
class Criterion:
    """One sentence that must hold; one test.

    `sentence` quotes the plan where the title turns it around (a stop condition). `scenarios` are played for it, in
    this order; those of `optional` count only where the provider can do their fault. `judge` is pure: from what was
    recorded to a finding. `wrong_answer`: REFUTED means that the candidate lost, denied or mixed up data, or let two
    clients hold one lock: no interim shape may be expected to do that. `checked`: what it asks without a fault takes
    nothing but endpoints and a credential, so that a check asks it. `not_everywhere`: its fault takes means that not
    every provider and machine has (power, disks, the network between nodes): only of such a criterion may a candidate's
    file declare that it is NOT RUN. `promised_by`: the table of the candidate's file with which it promises this;
    without that table the criterion is NOT RUN, and the verdict does not miss it.
    """

    id: str
    phase: int
    title: str
    level: Level = Level.STATE
    sentence: str = ""
    scenarios: tuple[Group, ...] = ()
    optional: frozenset[Group] = frozenset()
    judge: Judge | None = None
    wrong_answer: bool = False
    not_everywhere: bool = False
    checked: bool = False
    promised_by: str | None = None

    def not_promised(self, declared: Mapping[str, Any]) -> str | None:
        """Why this is not asked of a candidate whose file declares that; None if it is."""
        if self.promised_by is None or declared.get(self.promised_by) is not None:
            return None
        return f"not promised: the candidate file has no [{self.promised_by}]"

    def played(self, declared: Mapping[str, Any]) -> tuple[Group, ...]:
        """The groups of scenarios that are played for it: those of `OF_CONTRACT` only where the contract promises
        them.
        """
        contract = declared.get("contract", {})
        return tuple(
            group
            for group in self.scenarios
            if group not in OF_CONTRACT or contract.get(OF_CONTRACT[group]) is not None
        )

    def without_faults(self) -> Criterion:
        """The same, judged from no scenario but the one without a fault."""
        return replace(self, scenarios=tuple(group for group in self.scenarios if group is Group.STEADY))

    def judged(self, seen: Seen) -> Finding:
        """The judge's finding, made honest. What had to succeed and did not refutes whatever else was seen. Raises
        ValueError if the criterion has no judge.
        """
        if self.judge is None:
            raise ValueError(f"{self.id} has no judge")
        found = self.judge(seen.without_impossible(self.optional))
        failed = seen.failed
        if failed is None or found.state is State.REFUTED:
            return found
        why = refuted(f"{failed.request} {failed.where}: {failed.why()}", observations=len(seen.observations))
        return replace(why, measured=found.measured)

    @property
    def stops(self) -> bool:
        """Whether it is one of the plan's stop conditions."""
        return self.id.startswith("S.")

    @property
    def of_the_gate(self) -> bool:
        """Whether it only adds up what the other criteria found."""
        return self.id.startswith("P4.") or self.id == "S.6"
