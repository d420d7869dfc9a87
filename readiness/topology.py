"""The words every part shares: where a candidate runs, how it is reached, and the proof that a fault happened."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Unsupported(Exception):
    """This provider cannot do that here; the message says why (for a report, not for a stack trace)."""


@dataclass(frozen=True)
class Instance:
    """One server process or pod. `kind` groups instances that do the same work (e.g. filer, volume)."""

    name: str
    node: str
    kind: str


@dataclass(frozen=True)
class Endpoint:
    """An S3 URL. `instance` is the one that answers it; None marks the service endpoint (load balancer, VIP,
    Service).
    """

    name: str
    url: str
    node: str | None = None
    instance: str | None = None
    admin_url: str | None = None

    @property
    def is_service(self) -> bool:
        """The service endpoint is always in service."""
        return self.instance is None


@dataclass(frozen=True)
class Topology:
    """Nodes, instances and endpoints of a running candidate. `service` is None where the candidate has no
    service endpoint.
    """

    nodes: tuple[str, ...]
    instances: tuple[Instance, ...]
    endpoints: tuple[Endpoint, ...]
    service: Endpoint | None

    def on(self, node: str) -> tuple[Instance, ...]:
        """The instances of one node."""
        return tuple(instance for instance in self.instances if instance.node == node)

    def instance(self, name: str) -> Instance:
        """The instance of that name. Raises KeyError."""
        return {instance.name: instance for instance in self.instances}[name]

    def all_endpoints(self) -> tuple[Endpoint, ...]:
        """Every endpoint, the service endpoint last."""
        return (*self.endpoints, *((self.service,) if self.service else ()))

    def kinds(self) -> tuple[str, ...]:
        """The kinds of instance, in order of appearance."""
        return tuple(dict.fromkeys(instance.kind for instance in self.instances))


@dataclass(frozen=True)
class Keys:
    """One S3 credential. Its `repr` never shows the secret."""

    access_key: str
    secret_key: str = field(repr=False)


@dataclass(frozen=True)
class Proof:
    """Evidence that a fault really happened: `fired` by observation (process gone, state T, link down), never
    by assumption.
    """

    fired: bool
    observed: str


@dataclass(frozen=True)
class VolumeFact:
    """Where data lies, as seen on the running candidate."""

    node: str
    kind: str
    access: str
    path: str = ""


@dataclass(frozen=True)
class TcpSocket:
    """One TCP socket of an instance as its machine shows it, addresses as HOST:PORT. No peer: it listens (then HOST may
    be `*`).
    """

    local: str
    peer: str | None = None


@dataclass(frozen=True)
class WayOut:
    """Addresses outside of the candidate's network to which a connection was tried from inside of a node's network, and
    those of them that it reached.
    """

    tried: tuple[str, ...]
    reached: tuple[str, ...]


@dataclass(frozen=True)
class Versions:
    """The two versions between which a candidate is upgraded, and taken back."""

    first: str
    second: str

    def named_in(self, text: str) -> str | None:
        """Which of the two this text names, such as what a program prints of itself; None if neither or both."""
        found = [version for version in (self.first, self.second) if _names(text, version)]
        return found[0] if len(found) == 1 else None


def _names(text: str, version: str) -> bool:
    """1.0.1 is named in `store v1.0.1` and `image:1.0.1@sha256:…`, and neither in 11.0.1 nor in 1.0.1-rc.1."""
    return re.search(rf"(?<![\w.+-])v?{re.escape(version)}(?![\w+-]|\.\w)", text) is not None


class Direction(StrEnum):
    """Which packets between a node and its peers are lost: all, those that it sends, or those that it is sent."""

    BOTH = "both ways"
    OUTGOING = "outgoing"
    INCOMING = "incoming"

    @property
    def outgoing(self) -> bool:
        """What the node sends to its peers is lost."""
        return self is not Direction.INCOMING

    @property
    def incoming(self) -> bool:
        """What its peers send to the node is lost."""
        return self is not Direction.OUTGOING


@dataclass(frozen=True)
class Planted:
    """A divergence that was planted, `what` in words, `key` the object's; and the answer of the contract's response
    there. `visible`: a client sees that the object is not as it was.
    """

    what: str
    key: str
    answer: Mapping[str, object]
    visible: bool = True


class FaultKind(StrEnum):
    """What can happen to an instance or a node. Those of PROMISED have an RTO of their own in the contract (P0.4); for
    clients the others are a silence at worst, so that they are held to its RTO.
    """

    RESTART = "restart"
    DRAIN = "drain"
    CRASH = "crash"
    SILENCE = "silence"
    POWER_CUT = "power-cut"
    FULL_DISK = "full-disk"


PROMISED = (FaultKind.RESTART, FaultKind.DRAIN, FaultKind.CRASH, FaultKind.SILENCE)
