"""What a candidate may promise at most. A promise is what phases 1 and 2 measure against, so that one of an hour would
prove nothing: these are the numbers that an operator of OpenTofu state would still accept.

A candidate may declare more. It is then judged by its own numbers, is not READY, and P0.4 says how far beyond these
it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from readiness.candidate.model import Contract
from readiness.topology import FaultKind

_RETRIES = "the retries of OpenTofu's S3 backend (5 tries, waits that double up to 20 s) still bridge it"
_NOTICED = "a silent node must first be distinguished from a slow one: Kubernetes takes 40 s to 50 s for that"


@dataclass(frozen=True)
class Ceiling:
    """The most, in seconds, that a field of the contract may promise, and why that much."""

    field: str
    seconds: float
    why: str


@dataclass(frozen=True)
class Excess:
    """A promise beyond its ceiling."""

    ceiling: Ceiling
    promised: float

    @property
    def clause(self) -> str:
        """The promise and its ceiling, as a part of a sentence."""
        return f"{self.ceiling.field} = {self.promised:g} s, {self.ceiling.seconds:g} s at most: {self.ceiling.why}"


RTO = {
    FaultKind.RESTART: Ceiling("failure.rto_seconds.restart", 30, _RETRIES),
    FaultKind.DRAIN: Ceiling("failure.rto_seconds.drain", 30, _RETRIES),
    FaultKind.CRASH: Ceiling("failure.rto_seconds.crash", 30, _RETRIES),
    FaultKind.SILENCE: Ceiling("failure.rto_seconds.silence", 60, _NOTICED),
}
RESPONSE = Ceiling(
    "failure.response_seconds",
    10,
    "a plan of one stack sends dozens of requests, and a lock is held until the last is answered",
)
AFTER_START = Ceiling(
    "failure.readiness.seconds_after_start",
    30,
    "what an instance answers until then is excused, while clients may already be led to it",
)
RECOVERY = Ceiling(
    "failure.recovery_seconds",
    900,
    "a degraded store has lost what would carry it through the next fault: state is small, and 15 minutes copy it",
)
REPAIR = Ceiling(
    "repair.budget_seconds",
    900,
    "until a node is made whole, the loss of one more loses state: state is small, and 15 minutes copy it",
)
BACKUP = Ceiling(
    "durability.backup_rpo_seconds",
    900,
    "what was applied since the last backup is lost with a state: 15 minutes of applies can be found again by hand",
)
CEILINGS = (*RTO.values(), RESPONSE, AFTER_START, RECOVERY, REPAIR, BACKUP)


def beyond_ceilings(contract: Contract) -> list[Excess]:
    """The promises of a contract that are larger than an operator of state would accept, in the order of the table."""
    return [Excess(ceiling, seconds) for ceiling, seconds in _promises(contract) if seconds > ceiling.seconds]


def _promises(contract: Contract) -> Iterator[tuple[Ceiling, float]]:
    failure = contract.failure
    for kind, ceiling in RTO.items():
        if kind in failure.rto_seconds:
            yield ceiling, failure.rto_seconds[kind]
    yield RESPONSE, failure.response_seconds
    yield AFTER_START, failure.readiness.seconds_after_start
    yield RECOVERY, failure.recovery_seconds
    if contract.repair.kind != "none":
        yield REPAIR, contract.repair.budget_seconds
    yield BACKUP, contract.durability.backup_rpo_seconds
