"""What a provider is: the candidate's topology, and the reversible things that can be done to it.

Providers know nothing of pytest, of workloads and of verdicts. A verb that a provider cannot do raises
`Unsupported` with the reason; a fault that was done returns a `Proof` that it really happened.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Protocol, TypeAlias

from readiness.topology import Keys, Proof, Topology, VolumeFact

MetricsTarget: TypeAlias = Literal["s3", "admin"]


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
    def metrics(self, instance: str, path: str, target: MetricsTarget = "admin") -> str:
        """The metrics page at that path, from the instance's S3 endpoint or, with "admin", from where its metrics are.

        Raises Unsupported if it has none, OSError if it does not answer as a whole within some seconds.
        """
        ...

    def capture(self) -> Mapping[str, str]:
        """Failure capture: what can be read (status, log tails) by read verbs only, secrets removed."""
        ...

    def versions(self) -> Mapping[str, str]:
        """Versions of the store's parts, as they say themselves."""
        ...

    def recorded_calls(self) -> tuple[str, ...]:
        """Every verb that the provider did to the candidate so far, in order (P1.7)."""
        ...
