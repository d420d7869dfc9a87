"""How a rolling upgrade is played: in which order, what is seen in between, and that every node is taken back."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from itertools import count
from types import SimpleNamespace
from typing import cast

import pytest

from readiness.campaign.stage import Stage
from readiness.campaign.upgrade import rolling_upgrade
from readiness.errors import Unjudged
from readiness.evidence.scenario import DOUBT, Event
from readiness.faults import Fault, injected
from readiness.load.service import ServiceWatch
from readiness.not_undone import NotUndone
from readiness.providers.base import Provider
from readiness.topology import Endpoint, Instance, Proof, Topology, Unsupported
from tests.campaign.healthy import RTO

NODES = ("bumble", "honey", "sting")
TOPOLOGY = Topology(
    NODES,
    tuple(Instance(f"store-{node}", node, "store") for node in NODES),
    tuple(Endpoint(node, f"http://{node}:1", node, f"store-{node}") for node in NODES),
    Endpoint("service", "http://service:1"),
)


class Fleet:
    """A provider of three nodes; `refuses`: nodes whose upgrade does not fire, or whose undo fails."""

    name = "fleet"

    def __init__(self) -> None:
        self.done: list[str] = []
        self.runs = dict.fromkeys(NODES, "1.0.0")
        self.refuses: set[str] = set()
        self.unseen = False

    def upgrade(self, node: str) -> Proof:
        self.done.append(f"upgrade {node}")
        if node in self.refuses:
            return Proof(False, f"{node} runs 1.0.0")
        self.runs[node] = "1.0.1"
        return Proof(True, f"{node} runs 1.0.1")

    def take_back(self, node: str) -> None:
        if self.runs[node] == "1.0.0":
            return
        self.done.append(f"take back {node}")
        if f"back {node}" in self.refuses:
            raise RuntimeError(f"{node} runs 1.0.1 still")
        self.runs[node] = "1.0.0"

    def versions_on(self, node: str) -> Mapping[str, str]:
        if self.unseen:
            raise OSError(f"{node} cannot be asked")
        return {f"store-{node}": self.runs[node]}


class Watch:
    """Notes which instances are held out."""

    def __init__(self) -> None:
        self.held: list[str] = []

    def hold_out(self, instances: tuple[str, ...]) -> None:
        self.held += instances

    def readmit(self, instances: tuple[str, ...]) -> None:
        for name in instances:
            self.held.remove(name)


class Scene:
    """What the play needs of a stage. `lasting`: after so many moves the candidate is not whole any more."""

    def __init__(self, provider: object, lasting: int = 99) -> None:
        clock = count()
        self.provider, self.lasting, self.watch = provider, lasting, Watch()
        self.not_undone = NotUndone(lambda _line: None)
        self.record = rolling_upgrade(TOPOLOGY).record(TOPOLOGY)
        self.subject = SimpleNamespace(topology=TOPOLOGY, provider=provider, not_undone=self.not_undone)
        self.rig = SimpleNamespace(watch=self.watch)
        self.context = SimpleNamespace(faults_held=0)
        self.now = lambda: float(next(clock))
        self.held_while_whole: list[str] = []

    @contextlib.contextmanager
    def fault(self, fault: Fault) -> Iterator[Event]:
        assert self.context.faults_held == 1
        with injected(
            fault, cast("Provider", self.provider), cast("ServiceWatch", self.watch), self.now,
            lambda _event: None, self.not_undone,
        ) as event:  # fmt: skip
            self.record.events.append(event)
            yield event

    def recover(self, settle: float) -> None:
        assert settle > 0
        self.held_while_whole += self.watch.held
        self.record.whole = len(self.record.events) <= self.lasting

    def play(self) -> None:
        rolling_upgrade(TOPOLOGY).play(cast("Stage", self), RTO)


def test_every_node_goes_there_and_then_back_one_after_the_other() -> None:
    fleet = Fleet()
    scene = Scene(fleet)
    scene.play()
    assert fleet.done == [f"{word} {node}" for word in ("upgrade", "take back") for node in NODES]
    assert [event.fault for event in scene.record.events] == [
        f"{word}:{node}" for word in ("upgrade", "take-back") for node in NODES
    ]
    assert scene.record.endpoints_through == ("service",)
    assert scene.held_while_whole == [], "a node that was moved serves"
    assert scene.context.faults_held == 0


def test_what_runs_is_seen_before_after_each_move_and_before_the_next() -> None:
    scene = Scene(Fleet())
    scene.play()
    seen = [
        "".join(run[f"store-{node}"][-1] for node, run in look.nodes.items())
        for look in scene.record.versions
    ]
    assert seen == [
        "000",
        *(each for one in ("100", "110", "111", "011", "001", "000") for each in (one, one)),
    ]
    assert scene.record.versions[0].endpoints == {node: (node,) for node in NODES}


def test_an_upgrade_that_does_not_fire_ends_it_and_every_node_is_taken_back() -> None:
    fleet = Fleet()
    fleet.refuses = {"honey"}
    scene = Scene(fleet)
    with pytest.raises(Unjudged, match=r"the fault upgrade:honey did not fire: honey runs 1\.0\.0"):
        scene.play()
    assert fleet.done == ["upgrade bumble", "upgrade honey", "take back bumble"]
    assert set(fleet.runs.values()) == {"1.0.0"}
    assert scene.not_undone.reason is None
    assert scene.context.faults_held == 0


def test_a_candidate_that_is_not_whole_is_moved_no_further_and_taken_back() -> None:
    fleet = Fleet()
    scene = Scene(fleet, lasting=1)
    scene.play()
    assert fleet.done == ["upgrade bumble", "upgrade honey", "take back bumble", "take back honey"]
    assert not scene.record.whole


def test_a_node_that_is_not_taken_back_is_known() -> None:
    fleet = Fleet()
    fleet.refuses = {"back bumble"}
    scene = Scene(fleet)
    with pytest.raises(Unjudged, match=r"bumble runs 1\.0\.1 still"):
        scene.play()
    assert "bumble runs 1.0.1 still" in str(scene.not_undone.reason)
    assert fleet.runs == {"bumble": "1.0.1", "honey": "1.0.0", "sting": "1.0.0"}, "the others were taken back"


def test_a_version_that_cannot_be_seen_leaves_a_doubt() -> None:
    fleet = Fleet()
    fleet.unseen = True
    scene = Scene(fleet)
    with pytest.raises(OSError, match="cannot be asked"):
        scene.play()  # taking back asks for it again
    assert "bumble cannot be asked" in scene.record.notes[DOUBT]
    assert set(fleet.runs.values()) == {"1.0.0"}


def test_a_provider_that_cannot_do_it_says_so() -> None:
    with pytest.raises(Unsupported, match="the provider plain cannot start another version of the store"):
        Scene(SimpleNamespace(name="plain")).play()
