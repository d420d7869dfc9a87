"""What a check is given: the candidate that is judged, how it is reached, and where what is seen is kept."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from readiness.candidate.load import Loaded
from readiness.candidate.model import Candidate, Contract
from readiness.evidence.folder import Evidence
from readiness.evidence.seen import Promises
from readiness.not_undone import NotUndone
from readiness.providers.base import Provider
from readiness.s3.boto3_library import boto3_client
from readiness.s3.wire import Target
from readiness.topology import Endpoint, Topology

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class Subject:
    """One running candidate in one run. `announce` takes a line of progress for whoever watches."""

    loaded: Loaded
    provider: Provider
    topology: Topology
    evidence: Evidence
    seed: int
    announce: Callable[[str], None]
    not_undone: NotUndone

    @property
    def candidate(self) -> Candidate:
        """What the candidate's file declares."""
        return self.loaded.candidate

    @property
    def contract(self) -> Contract:
        """What the candidate promises."""
        return self.candidate.contract

    @property
    def declared(self) -> Mapping[str, Any]:
        """What the candidate's file declares, as `run.json` keeps it."""
        return self.candidate.model_dump(mode="json", by_alias=True)

    @property
    def promises(self) -> Promises:
        """The numbers of the contract, as judges take them."""
        return self.loaded.promises

    @property
    def response_seconds(self) -> float:
        """The contract's response time in seconds."""
        return self.contract.failure.response_seconds

    @property
    def front(self) -> Endpoint:
        """The endpoint for set-up work: the service endpoint if there is one."""
        return self.topology.service or self.topology.endpoints[0]

    def now(self) -> float:
        """Seconds since the run began: the clock of everything that is recorded."""
        return self.evidence.now()

    def random(self, scope: str) -> random.Random:
        """The random source of that scope: the same for the same seed."""
        return random.Random(f"{self.seed}/{scope}")

    def target(self, endpoint: Endpoint, role: str = "admin") -> Target:
        """How that endpoint is spoken to with that credential. Raises Unsupported if there is none."""
        return target_of(self.loaded, self.provider, endpoint, role)

    def client(self, endpoint: Endpoint, seconds: float | None = None) -> S3Client:
        """A boto3 client of that endpoint; each request may take `seconds`, by default the response time."""
        return boto3_client(self.target(endpoint), seconds or self.response_seconds)


def target_of(loaded: Loaded, provider: Provider, endpoint: Endpoint, role: str = "admin") -> Target:
    """How that endpoint of the candidate is spoken to. Raises Unsupported if it has no credential of that role."""
    s3 = loaded.candidate.s3
    virtual = s3.addressing == "virtual"
    return Target(endpoint.url, provider.keys(role), s3.region, virtual, loaded.ca_bundle)
