"""A rolling upgrade: each node in turn goes to the other version, and then each back, under one load."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from readiness.campaign.scenarios import Scenario
from readiness.campaign.stage import Stage
from readiness.evidence.scenario import RunningVersions
from readiness.evidence.seen import RTO
from readiness.faults import Fault, injected
from readiness.providers.abilities import Upgrades
from readiness.providers.base import Provider
from readiness.topology import FaultKind, Proof, Topology, Unsupported

NAME = "rolling-upgrade"
BOTH_RUN = 1.5
"""Seconds between a move after which the candidate is whole and the snapshot before the next one; at least SETTLE / 2,
for so long the last move is judged.
"""


def rolling_upgrade(topology: Topology) -> Scenario:
    """Every node to the second version and back, the next one only when the candidate is whole again. What runs is seen
    before the first move, and right after each move and before the next one.
    """

    def play(stage: Stage, _rto: RTO) -> None:
        able = _able(stage.subject.provider)
        with _all_back(stage, topology, able):
            _look(stage, able)
            for move in (upgrade, take_back):
                for node in topology.nodes:
                    if not _moved(stage, able, move(topology, node, able)):
                        return

    judged = topology.service is not None
    return Scenario(NAME, FaultKind.DRAIN, (), play, service_only=True, judged_outage=judged)


def upgrade(topology: Topology, node: str, able: Upgrades) -> Fault:
    """The second version of the store runs on a node from now on. It serves again without a heal."""
    return _move("upgrade", topology, node, lambda: able.upgrade(node))


def take_back(topology: Topology, node: str, able: Upgrades) -> Fault:
    """The first version runs there again."""

    def act() -> Proof:
        able.take_back(node)
        found = able.versions_on(node)
        return Proof(bool(found), f"{node} runs {', '.join(found.values())}")

    return _move("take-back", topology, node, act)


def _move(word: str, topology: Topology, node: str, act: Callable[[], Proof]) -> Fault:
    names = tuple(instance.name for instance in topology.on(node))
    return Fault(
        f"{word}:{node}", FaultKind.RESTART, (node,), names, lambda _provider: [act()], lambda _provider: None
    )


def _able(provider: Provider) -> Upgrades:
    if not isinstance(provider, Upgrades):
        raise Unsupported(f"the provider {provider.name} cannot start another version of the store on a node")
    return provider


def _moved(stage: Stage, able: Upgrades, move: Fault) -> bool:
    """One node is moved, and what runs then is kept for a while; whether the candidate is whole."""
    with stage.fault(move):
        pass
    _look(stage, able)
    stage.recover(settle=BOTH_RUN)
    _look(stage, able)
    return stage.record.whole


def _look(stage: Stage, able: Upgrades) -> None:
    """Keeps what is seen to run. What cannot be seen is in doubt."""
    topology = stage.subject.topology
    try:
        running = {node: dict(able.versions_on(node)) for node in topology.nodes}
    except OSError as error:
        stage.record.doubt(f"it was not seen which version runs: {error}")
        return
    ends = {
        node: tuple(end.name for end in topology.endpoints if end.node == node) for node in topology.nodes
    }
    stage.record.versions.append(RunningVersions(stage.now(), running, ends))


@contextlib.contextmanager
def _all_back(stage: Stage, topology: Topology, able: Upgrades) -> Iterator[None]:
    """However it ends, every node runs the first version afterwards. Large bodies and previous versions are asked for
    as often as while a fault is held. Raises Unjudged where that cannot be undone.
    """

    def heal(_provider: Provider) -> None:
        failed: list[str] = []
        for node in topology.nodes:
            try:
                able.take_back(node)
            except Exception as error:  # noqa: BLE001 - one that fails must not keep the others from it
                failed.append(str(error))
        if failed:
            raise RuntimeError("; ".join(failed))

    armed = Proof(fired=True, observed="armed")
    guard = Fault(NAME, FaultKind.RESTART, topology.nodes, (), lambda _provider: [armed], heal)
    subject, watch = stage.subject, stage.rig.watch
    stage.context.faults_held += 1
    try:
        with injected(guard, subject.provider, watch, stage.now, lambda _event: None, subject.not_undone):
            yield
    finally:
        stage.context.faults_held -= 1
