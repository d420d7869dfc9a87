"""Faults: reversible events. Each says what it hits, proves that it fired, always heals, and waits until the
candidate is whole.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from readiness.errors import Unjudged
from readiness.evidence.scenario import Event
from readiness.load.service import ServiceWatch
from readiness.not_undone import NotUndone
from readiness.providers.abilities import CutsPower, FillsDisks, Limps, SplitsPeers
from readiness.providers.base import Provider
from readiness.topology import Direction, FaultKind, Proof, Topology, Unsupported

T = TypeVar("T")
A = TypeVar("A")


@dataclass(frozen=True)
class Fault:
    """`kind` says whose RTO applies; `instances` are out of service from just before `inject` until they
    prove ready again. `ability`: what only some providers can do, and this fault needs.
    """

    name: str
    kind: FaultKind
    nodes: tuple[str, ...]
    instances: tuple[str, ...]
    inject: Callable[[Provider], list[Proof]]
    heal: Callable[[Provider], None]
    ability: _Ability[Any] | None = None

    def require(self, provider: Provider) -> None:
        """Raises Unsupported if this provider can never do it. Nothing is done."""
        if self.ability is not None:
            self.ability.of(provider)


def restart(instance: str, node: str) -> Fault:
    """One graceful restart of one instance."""
    return Fault(
        f"restart:{instance}", FaultKind.RESTART, (node,), (instance,),
        lambda p: [p.restart(instance)], lambda p: p.start_instance(instance),
    )  # fmt: skip


def kill(instance: str, node: str) -> Fault:
    """One instance killed: its kernel still resets connections."""
    return Fault(
        f"kill:{instance}", FaultKind.CRASH, (node,), (instance,),
        lambda p: [p.kill(instance)], lambda p: p.start_instance(instance),
    )  # fmt: skip


def freeze(instance: str, node: str) -> Fault:
    """One instance that stops answering without closing anything."""
    return Fault(
        f"freeze:{instance}", FaultKind.SILENCE, (node,), (instance,),
        lambda p: [p.freeze(instance)], lambda p: p.thaw(instance),
    )  # fmt: skip


def drain(topology: Topology, node: str) -> Fault:
    """Node maintenance."""
    names = _names(topology, (node,))
    return Fault(
        f"drain:{node}", FaultKind.DRAIN, (node,), names, lambda p: [p.drain(node)], lambda p: p.restore(node)
    )


def crash(topology: Topology, *nodes: str) -> Fault:
    """Loss of nodes by crash: every process of theirs is killed, as near to at once as can be."""
    names = _names(topology, nodes)
    return Fault(
        f"crash:{'+'.join(nodes)}", FaultKind.CRASH, nodes, names,
        lambda p: _together(p.kill, names), lambda p: _each(p.start_instance, names),
    )  # fmt: skip


def silence(topology: Topology, *nodes: str) -> Fault:
    """Loss of nodes by silence: every process of theirs is frozen; nothing answers and nothing is reset."""
    names = _names(topology, nodes)
    return Fault(
        f"silence:{'+'.join(nodes)}", FaultKind.SILENCE, nodes, names,
        lambda p: _together(p.freeze, names), lambda p: _each(p.thaw, names),
    )  # fmt: skip


def unplug(topology: Topology, node: str) -> Fault:
    """Loss of a node by silence of its network: its processes run on, unreachable."""
    names = _names(topology, (node,))
    return Fault(
        f"unplug:{node}",
        FaultKind.SILENCE,
        (node,),
        names,
        lambda p: [p.unplug(node)],
        lambda p: p.plug(node),
    )


def power_cut(topology: Topology, *nodes: str) -> Fault:
    """The power of these nodes is cut, as near to at once as can be: their processes die, and what was not synced is
    gone.
    """
    return _special(
        f"power-cut:{'+'.join(nodes)}", FaultKind.POWER_CUT, nodes, _names(topology, nodes),
        _CUTS_POWER, lambda p: _together(p.power_off, nodes), lambda p: _together(p.power_on, nodes),
    )  # fmt: skip


def power_was_cut(provider: Provider, nodes: tuple[str, ...]) -> list[str]:
    """What was seen once nodes whose power was cut are back. Raises Unjudged if what they had not synced is there."""
    able = _CUTS_POWER.of(provider)
    proofs = [able.power_was_cut(node) for node in nodes]
    seen = [proof.observed for proof in proofs]
    if not all(proof.fired for proof in proofs):
        raise Unjudged(f"the power was not cut: {'; '.join(seen)}")
    return seen


def full_disk(*nodes: str) -> Fault:
    """The disks of these nodes are full. Their instances are not held out: what they answer is judged."""
    return _special(
        f"full-disk:{'+'.join(nodes)}", FaultKind.FULL_DISK, nodes, (),
        _FILLS_DISKS, lambda p: _together(p.fill, nodes), lambda p: _each(p.free, nodes),
    )  # fmt: skip


def split(node: str, way: Direction) -> Fault:
    """A node that its clients reach, and that does not reach its peers, is not reached by them, or both. Its instances
    are where they were: whether they are in service is for them to say.
    """
    name = "split" if way is Direction.BOTH else f"split-{way}"
    return _special(
        f"{name}:{node}", FaultKind.SILENCE, (node,), (),
        _SPLITS_PEERS, lambda p: [p.isolate_from_peers(node, way)], lambda p: p.rejoin_peers(node),
    )  # fmt: skip


def limp(node: str) -> Fault:
    """A node that answers, and takes hundreds of times as long."""
    return _special(
        f"limp:{node}", FaultKind.SILENCE, (node,), (),
        _LIMPS, lambda p: [p.limp(node)], lambda p: p.unlimp(node),
    )  # fmt: skip


@dataclass(frozen=True)
class _Ability(Generic[A]):
    """What only some providers can do."""

    find: Callable[[Provider], A | None]
    without: str

    def of(self, provider: Provider) -> A:
        """The provider. Raises Unsupported if it lacks the ability."""
        able = self.find(provider)
        if able is None:
            raise Unsupported(f"the provider {provider.name} cannot {self.without}")
        return able


_CUTS_POWER = _Ability(lambda p: p if isinstance(p, CutsPower) else None, "cut a node's power")
_FILLS_DISKS = _Ability(lambda p: p if isinstance(p, FillsDisks) else None, "fill a node's disk")
_SPLITS_PEERS = _Ability(
    lambda p: p if isinstance(p, SplitsPeers) else None, "cut a node off from its peers alone"
)
_LIMPS = _Ability(lambda p: p if isinstance(p, Limps) else None, "make a node limp")


def _special(
    name: str,
    kind: FaultKind,
    nodes: tuple[str, ...],
    instances: tuple[str, ...],
    ability: _Ability[A],
    inject: Callable[[A], list[Proof]],
    heal: Callable[[A], object],
) -> Fault:
    """A fault that needs an ability. A provider without it cannot inject it, and has nothing to heal."""

    def undo(provider: Provider) -> None:
        able = ability.find(provider)
        if able is not None:
            heal(able)

    return Fault(name, kind, nodes, instances, lambda provider: inject(ability.of(provider)), undo, ability)


@contextlib.contextmanager
def injected(
    fault: Fault,
    provider: Provider,
    watch: ServiceWatch,
    now: Callable[[], float],
    note: Callable[[Event], None],
    not_undone: NotUndone,
) -> Iterator[Event]:
    """Do the fault, yield, heal it whatever happens. Does not wait until whole.

    Raises Unjudged if it did not fire, or could not be healed, which `not_undone` knows from then on.
    """
    event = Event(fault.name, fault.kind, fault.nodes, fault.instances, now())
    watch.hold_out(fault.instances)
    try:
        proofs = fault.inject(provider)
        event.proofs = [proof.observed for proof in proofs]
        if not proofs or not all(proof.fired for proof in proofs):
            raise Unjudged(
                f"the fault {fault.name} did not fire: {'; '.join(event.proofs) or 'nothing was observed'}"
            )
        event.fired = now()
        yield event
    finally:
        event.healing = now()
        try:
            _heal(fault, provider)
        except Exception as error:
            raise Unjudged(not_undone.failed(fault.name, error)) from error
        finally:
            event.healed = now()
            watch.readmit(fault.instances)
            note(event)


def _heal(fault: Fault, provider: Provider, tries: int = 3) -> None:
    for left in range(tries - 1, -1, -1):
        try:
            fault.heal(provider)
            return
        except Exception:
            if not left:
                raise
            time.sleep(0.5)


def wait_whole(provider: Provider, watch: ServiceWatch, seconds: float) -> bool:
    """Wait until every instance is in service and the candidate says that it is whole; False if it is not in
    time.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if watch.all_in_service() and provider.whole():
            return True
        time.sleep(0.1)
    return False


def _together(verb: Callable[[str], T], names: tuple[str, ...]) -> list[T]:
    """The verb for all of them at once: where each takes seconds, one after the other would be no common loss."""
    with ThreadPoolExecutor(max(1, len(names))) as pool:
        return list(pool.map(verb, names))


def _each(undo: Callable[[str], None], names: tuple[str, ...]) -> None:
    for name in names:
        undo(name)


def _names(topology: Topology, nodes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(instance.name for node in nodes for instance in topology.on(node))
