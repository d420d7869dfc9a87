"""What a provider is: the candidate's topology, and the reversible things that can be done to it.

Providers know nothing of pytest, of workloads and of verdicts. A verb that a provider cannot do raises
`Unsupported` with the reason; a fault that was done returns a `Proof` that it really happened.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol


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


def changing(calls: Iterable[str]) -> list[str]:
    """Of recorded calls (`SECONDS KIND VERB TARGET`) those that are not reads. A `note` is what the candidate did by
    itself, such as an orchestrator's restart: nobody called for it.
    """
    return [call for call in calls if call.split()[1:2] not in (["read"], ["note"])]


class Provider(Protocol):
    """The verbs. All calls are thread-safe, block until done or raise, and have an upper time limit of their
    own.

    Undo verbs (`start_instance`, `thaw`, `restore`, `plug`) are idempotent: called without the fault, they do
    nothing.
    """

    @property
    def name(self) -> str: ...
    @property
    def owns_candidate(self) -> bool:
        """True if the suite itself started the candidate: faults then need no --allow-faults."""
        ...

    def start(self) -> Topology:
        """Start or reach the candidate and wait until it serves. Raises UsageError for what an operator can
        put right.
        """
        ...

    def stop(self) -> None:
        """Heal everything, stop and remove what the provider started. Never raises for what is gone already."""
        ...

    @property
    def topology(self) -> Topology: ...
    def keys(self, role: str) -> Keys:
        """The credential of `admin` or `read_only`. Raises Unsupported if the candidate has none of that
        role.
        """
        ...

    def in_service(self, instance: str) -> bool:
        """One evaluation of the contract's readiness rule, bounded to 0.5 s."""
        ...

    def started_at(self, instance: str) -> float | None:
        """Monotonic time (time.monotonic) of the instance's last start, None if it is not running."""
        ...

    def restart(self, instance: str) -> Proof:
        """Graceful stop (SIGTERM, bounded) and start of one instance; returns once the new one has been
        started, not once ready.
        """
        ...

    def kill(self, instance: str) -> Proof: ...
    def start_instance(self, instance: str) -> None: ...
    def freeze(self, instance: str) -> Proof: ...
    def thaw(self, instance: str) -> None: ...
    def drain(self, node: str) -> Proof:
        """Node maintenance: every instance of the node stops gracefully, and stays away until `restore`."""
        ...

    def restore(self, node: str) -> None: ...
    def unplug(self, node: str) -> Proof:
        """The node's network is gone: packets to and from it are dropped without an answer."""
        ...

    def plug(self, node: str) -> None: ...
    def wipe(self, node: str) -> Proof:
        """Remove the data of a node whose instances are all stopped."""
        ...

    def repair(self, node: str) -> str:
        """Run the contract's documented procedure for an emptied node (before its instances start); returns
        what was done.
        """
        ...

    def whole(self) -> bool:
        """Every instance is in service and the cluster says that all members and copies are back."""
        ...

    def rotate(self, old: Keys | None) -> Keys:
        """Add a new administrative credential (old None), or retire `old`. Raises Unsupported if the contract
        does not offer it.
        """
        ...

    def divergence_check(self) -> Mapping[str, object]:
        """The contract's non-destructive response to bucket-index divergence; raises Unsupported if there is
        none.
        """
        ...

    def volumes(self) -> tuple[VolumeFact, ...]: ...
    def metrics(self, instance: str, path: str) -> str: ...
    def capture(self) -> Mapping[str, str]:
        """Failure capture: what can be read (status, log tails) by read verbs only, secrets removed."""
        ...

    def versions(self) -> Mapping[str, str]:
        """Versions of the store's parts, as they say themselves."""
        ...

    def recorded_calls(self) -> tuple[str, ...]:
        """Every verb that the provider did to the candidate so far, in order (P1.7)."""
        ...
