"""What one kind of provider must be able to do, so that the engine can make faults and proofs of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Generic, Self, TypeVar

from readiness.providers.engine.journal import FaultVerb
from readiness.topology import Direction, Keys, Proof, Topology, Unsupported


class Watch(ABC):
    """What is observed of one instance from before an act until after it. It is made before the act, which happens
    inside; `how` says in words how it was done, for the proof.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:  # noqa: B027 - most end nothing
        """Nothing to end."""

    def absent(self, verb: FaultVerb) -> str | None:
        """Why there is nothing that the verb could hit, such as "it did not run"; None: there is something."""
        return None

    def look(self) -> None:  # noqa: B027 - not all need it
        """Look between a stop and a start."""

    @abstractmethod
    def killed(self, how: str) -> Proof:
        """Proof that it ran, and was ended from outside."""

    @abstractmethod
    def stopped(self, how: str) -> Proof:
        """Proof that it has ended."""

    @abstractmethod
    def replaced(self, how: str) -> Proof:
        """Proof that what ran is gone, and another one is there."""

    @abstractmethod
    def frozen(self, how: str) -> Proof:
        """Proof that it is there, and does not answer."""


class NetworkWatch(ABC):
    """What is observed of a node's network from before it is cut until after that."""

    @abstractmethod
    def cut(self, how: str) -> Proof:
        """Proof that it answered, and now there is silence."""


class PeersWatch(ABC):
    """What is observed between a node, its peers and its clients from before the peers are cut off until after that."""

    @abstractmethod
    def split(self, how: str) -> Proof:
        """Proof that what had to be lost between the node and its peers is lost, and its clients still reach it."""


class PaceWatch(ABC):
    """How fast a node answers, from before it is made to limp until after that."""

    @abstractmethod
    def slowed(self, how: str) -> Proof:
        """Proof that it answers, and takes many times as long as before."""


W = TypeVar("W", bound=Watch)


class Driver(ABC, Generic[W]):
    """The primitives. They observe and act; they neither lock nor record, and judge nothing: the engine does.

    An act returns in words how it was done. Acts have an upper time limit of their own, and raise whatever went wrong.
    """

    keys: Mapping[str, Keys]
    """The credential of each role that the candidate has."""
    starts_are_known = True
    """Whether `started_at` knows of every start, not only of those of this run."""

    @property
    @abstractmethod
    def topology(self) -> Topology:
        """What there is. Raises RuntimeError before that is known."""

    # -- what may be done

    def check(self, verb: FaultVerb, target: str) -> None:
        """Called before anything is written down or done. Raises Unsupported with the reason, or RuntimeError."""

    def needs(self, undo: FaultVerb, target: str) -> bool:
        """Whether there is something to undo."""
        return True

    def take_over(self, undo: FaultVerb, target: str) -> None:
        """A fault that another process left is to be undone by this one: `needs` says so from now on."""

    def reach(self, undo: FaultVerb, target: str) -> Mapping[str, str]:
        """What another process needs to undo it, for the journal; `by hand` is a command line, without secrets."""
        return {}

    # -- observing

    @abstractmethod
    def runs(self, instance: str) -> bool:
        """Whether the instance is there, frozen or not."""

    @abstractmethod
    def started_at(self, instance: str) -> float | None:
        """Monotonic time of its last start; None: it does not run, or (see `starts_are_known`) nobody knows."""

    @abstractmethod
    def ready(self, instance: str) -> bool:
        """What besides the contract's readiness rule must hold while the instance is in service."""

    @abstractmethod
    def settled(self) -> bool:
        """Whether the store itself says that all members and copies are there. Asked while all are in service."""

    @abstractmethod
    def watch(self, instance: str) -> W:
        """Look at the instance before an act. Raises RuntimeError if there is none."""

    @abstractmethod
    def watch_network(self, node: str) -> NetworkWatch:
        """Look at the node's network before it is cut."""

    @abstractmethod
    def metrics_url(self, instance: str) -> str:
        """The base URL of its metrics. Raises Unsupported."""

    # -- acts upon one instance

    @abstractmethod
    def stop(self, seen: W) -> str:
        """Gracefully, bounded."""

    @abstractmethod
    def kill(self, seen: W) -> str: ...
    @abstractmethod
    def start(self, instance: str) -> None:
        """Undoes `stop` and `kill`."""

    def restart(self, seen: W) -> str:
        """Stop and start; returns once the new one has been started, not once ready."""
        how = self.stop(seen)
        seen.look()
        self.start(seen.name)
        return how

    @abstractmethod
    def freeze(self, seen: W) -> str: ...
    @abstractmethod
    def thaw(self, instance: str) -> None:
        """Undoes `freeze`."""

    # -- acts upon one node

    def drain(self, node: str) -> Proof | None:
        """Maintenance by means of the node's own; None: there are none, each instance is to be stopped."""
        return None

    def restore(self, node: str) -> None:
        """Undoes `drain`."""

    @abstractmethod
    def cut(self, node: str) -> str:
        """Packets to and from the node are dropped without an answer."""

    @abstractmethod
    def join(self, node: str) -> None:
        """Undoes `cut`."""

    def watch_peers(self, node: str, way: Direction) -> PeersWatch:
        """Look at the node and its peers before they are cut off from each other. Raises Unsupported."""
        raise Unsupported(
            f"{node}: this provider can cut a node off from everything, but not from its peers alone"
        )

    def isolate(self, node: str, way: Direction) -> str:
        """Packets between the node and its peers are dropped without an answer; those of its clients are not."""
        raise Unsupported(
            f"{node}: this provider can cut a node off from everything, but not from its peers alone"
        )

    def rejoin(self, node: str) -> None:
        """Undoes `isolate`."""

    def watch_pace(self, node: str) -> PaceWatch:
        """Look at how fast the node answers before it is made to limp. Raises Unsupported."""
        raise Unsupported(f"{node}: this provider cannot make a node limp")

    def limp(self, node: str) -> str:
        """The node answers on, and takes hundreds of times as long."""
        raise Unsupported(f"{node}: this provider cannot make a node limp")

    def unlimp(self, node: str) -> None:
        """Undoes `limp`."""

    def upgrade(self, node: str) -> str:
        """The store on this node is stopped gracefully, and its second version started. Raises Unsupported."""
        raise Unsupported(f"{node}: this provider cannot start another version of the store")

    def take_back(self, node: str) -> None:
        """Undoes `upgrade`."""

    def versions_on(self, node: str) -> Mapping[str, str]:
        """What each instance of the node that has the store's version runs now, in the words of its program. Raises
        Unsupported, or OSError where that cannot be seen now.
        """
        raise Unsupported(f"{node}: this provider cannot see which version runs")

    def power_off(self, node: str) -> Proof:
        """The node's power is cut: its processes die, and its disk has only what was synced. Raises Unsupported."""
        raise Unsupported(f"the power of {node} cannot be cut here")

    def power_on(self, node: str) -> None:
        """Undoes `power_off`: its disk is as it was left, and its instances are started."""

    def power_was_cut(self, node: str) -> Proof:
        """Asked once the node is back after `power_off`: whether what was never synced is gone."""
        raise Unsupported(f"the power of {node} cannot be cut here")

    def fill(self, node: str) -> Proof:
        """The node's disk is full. Safe to call again while it is: what was freed meanwhile is filled. Raises
        Unsupported.
        """
        raise Unsupported(f"the disk of {node} cannot be filled here")

    def free(self, node: str) -> None:
        """Undoes `fill`."""

    @abstractmethod
    def erase(self, node: str) -> Proof:
        """Remove the data of a node whose instances are all stopped."""

    @abstractmethod
    def repair(self, node: str) -> str:
        """The contract's procedure for an emptied node; returns what was done. Raises Unsupported."""


def of_role(keys: Mapping[str, Keys], role: str) -> Keys:
    """The credential of that role. Raises Unsupported if there is none."""
    if role not in keys:
        raise Unsupported(f"the candidate has no {role} credential")
    return keys[role]


def emptied(node: str, had: int, left: int, how: str) -> Proof:
    """Proof that there were files, and there are none."""
    return Proof(had > 0 and left == 0, f"{node}: {had} files before and {left} after {how}")


def together(node: str, proofs: Iterable[Proof]) -> Proof:
    """The proof of all of a node's instances."""
    found = list(proofs)
    return Proof(
        bool(found) and all(proof.fired for proof in found),
        f"{node}: {'; '.join(proof.observed for proof in found)}",
    )
