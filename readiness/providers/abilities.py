"""What only some providers can do. Ask with `isinstance`: a provider has an ability by having its methods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from readiness.topology import Direction, Planted, Proof, TcpSocket, WayOut


@runtime_checkable
class AdoptsProcesses(Protocol):
    """Has a supervisor, which outlives this process by as long as it takes to leave nothing behind."""

    def adopt(self, pid: int) -> None:
        """A process started elsewhere (with its group, if it leads one) that must not outlive the run. Raises
        RuntimeError before the provider was started.
        """
        ...

    def after_death(self, argv: Sequence[str], env: Mapping[str, str]) -> None:
        """A command that runs only if this process dies without ending the run. Raises RuntimeError before the
        provider was started.
        """
        ...


@runtime_checkable
class KeepsCommandLog(Protocol):
    """Runs the operator's own commands, and keeps what they printed."""

    def command_log(self) -> str:
        """Every command of the candidate file but the probes, with its exit status and the end of its output;
        without secrets.
        """
        ...


@runtime_checkable
class HasCaches(Protocol):
    """Runs caches of its own beside the store (boundary condition S.5)."""

    @property
    def cache_endpoints(self) -> tuple[str, ...]:
        """Their URLs; empty where the candidate asks for none."""
        ...


@runtime_checkable
class StopsCaches(Protocol):
    """Can take those caches away."""

    def stop_caches(self) -> None: ...
    def start_caches(self) -> None:
        """Undoes `stop_caches`; without it, nothing happens."""
        ...


@runtime_checkable
class HasAlertRules(Protocol):
    """Can read alert rules where the candidate runs."""

    def alert_rules(self) -> str | None:
        """The text of the alert rules that the contract names; None where it names a file. Raises OSError."""
        ...


@runtime_checkable
class Heals(Protocol):
    """Knows which faults it has done and not undone."""

    def heal(self) -> list[str]:
        """Undoes them all, the last one first; returns those that could not be undone, with the reason."""
        ...


@runtime_checkable
class CutsPower(Protocol):
    """Can cut the power of a node. A kill leaves what the kernel had not written yet; this does not."""

    def power_off(self, node: str) -> Proof:
        """Its processes die, and of its disk only what was synced is left. Raises Unsupported."""
        ...

    def power_on(self, node: str) -> None:
        """Undoes `power_off`; returns once its instances were started. Without it, nothing happens."""
        ...

    def power_was_cut(self, node: str) -> Proof:
        """Asked once the node is back: whether what was never synced before the last `power_off` is gone."""
        ...


@runtime_checkable
class FillsDisks(Protocol):
    """Can take the space of a node's disk away."""

    def fill(self, node: str) -> Proof:
        """Its disk is full. While it is, fills what was freed meanwhile. Raises Unsupported."""
        ...

    def free(self, node: str) -> None:
        """Undoes `fill`. Without it, nothing happens."""
        ...


@runtime_checkable
class StoresBytes(Protocol):
    """Can see how much each node stores."""

    def stored_bytes(self, node: str) -> int:
        """Bytes that the node's data takes on its disk now. Raises Unsupported, or OSError if they cannot be read."""
        ...


@runtime_checkable
class SeesWayOut(Protocol):
    """Can try from inside of a node's network what it reaches."""

    def way_out(self, node: str) -> WayOut:
        """Tries to leave the candidate's network, within a few seconds. Raises Unsupported."""
        ...


@runtime_checkable
class Confines(Protocol):
    """Can leave the candidate nothing to reach but its own parts and the suite, for as long as it is judged."""

    def confine(self) -> None:
        """From now on, until `release`. It may restart instances, one after the other. Raises Unsupported with the
        reason if that cannot be done, or is not enforced; then nothing is confined.
        """
        ...

    def release(self) -> None:
        """Undoes `confine`; without it, nothing happens."""
        ...


@runtime_checkable
class IsolatesNodes(Protocol):
    """Can put everything but the candidate's nodes and the suite out of a node's reach."""

    def isolate_from_outside(self, node: str) -> Proof:
        """Isolates it until `rejoin_outside`; the proof is that it does not reach what it reached before. Raises
        Unsupported.
        """
        ...

    def rejoin_outside(self, node: str) -> None:
        """Undoes `isolate_from_outside`; without it, nothing happens."""
        ...


@runtime_checkable
class PlantsDivergence(Protocol):
    """Can try the contract's response to divergence on one that it made."""

    def planted_divergence(self) -> Planted:
        """Plants one in a disposable copy of the candidate, and carries out the response there. Raises Unsupported, and
        OSError or RuntimeError if the copy does not work.
        """
        ...


@runtime_checkable
class PlantsInScratch(Protocol):
    """Can make the index and the data of one scratch object of the candidate disagree, and agree again."""

    def plant_divergence(self, bucket: str, key: str) -> None:
        """Raises Unsupported if it cannot, and RuntimeError if it may have done it by half: it is to be removed."""
        ...

    def remove_divergence(self, bucket: str, key: str) -> None:
        """Undoes that, or nothing if there is nothing. Raises RuntimeError."""
        ...


@runtime_checkable
class ShowsConnections(Protocol):
    """Can see the TCP sockets of an instance."""

    def connections(self, instance: str) -> Sequence[TcpSocket]:
        """Its sockets now, those that listen among them. Raises Unsupported, or OSError if they cannot be read."""
        ...


@runtime_checkable
class SplitsPeers(Protocol):
    """Can cut a node off from its peers and not from its clients: a split brain."""

    def isolate_from_peers(self, node: str, way: Direction) -> Proof:
        """Packets between the node and its peers are dropped without an answer, in both directions or in one. Raises
        Unsupported.
        """
        ...

    def rejoin_peers(self, node: str) -> None:
        """Undoes `isolate_from_peers`; without it, nothing happens."""
        ...


@runtime_checkable
class Limps(Protocol):
    """Can make a node slow without stopping it: a grey failure."""

    def limp(self, node: str) -> Proof:
        """From now on the node answers hundreds of times slower. Raises Unsupported."""
        ...

    def unlimp(self, node: str) -> None:
        """Undoes `limp`; without it, nothing happens."""
        ...


@runtime_checkable
class KeepsHouse(Protocol):
    """Knows how to trigger the housekeeping of a store that it started."""

    def housekeep(self) -> Proof:
        """One round of it; returns when it is over. The proof is that something was cleaned up. Raises Unsupported
        where the store has none that can be triggered.
        """
        ...


@runtime_checkable
class Upgrades(Protocol):
    """Can start the other version of the store on a node, and see which version runs."""

    def upgrade(self, node: str) -> Proof:
        """The store on the node is stopped gracefully and its second version started: the proof is that this runs.
        Returns once it was started, not once ready. Raises Unsupported.
        """
        ...

    def take_back(self, node: str) -> None:
        """Undoes `upgrade`: the first version runs again. Without it, nothing happens. Raises RuntimeError if another
        version runs then.
        """
        ...

    def versions_on(self, node: str) -> Mapping[str, str]:
        """What each instance of the node that has the store's version runs now, in the words of its program. Raises
        Unsupported, or OSError where that cannot be seen now.
        """
        ...
