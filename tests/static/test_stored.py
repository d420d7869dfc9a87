"""How much is written until the bytes of the nodes grow: enough to fill what a store had taken before, and no more."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from readiness.judges.stored import Step
from readiness.static import stored
from readiness.static.stored import record_stored

NODES = ("bumble", "honey", "sting")
MIB = 1 << 20


class Store:
    """Keeps every body on these nodes; the first `taken` bytes fill space that was taken before."""

    def __init__(self, taken: int, nodes: tuple[str, ...] = NODES) -> None:
        self.taken, self.nodes = taken, nodes
        self.bodies: dict[str, int] = {}
        self.most = 0

    def put_object(self, **asked: Any) -> None:
        self.bodies[asked["Key"]] = len(asked["Body"])
        self.most = max(self.most, sum(self.bodies.values()))

    def delete_object(self, **asked: Any) -> None:
        del self.bodies[asked["Key"]]

    def stored_bytes(self, node: str) -> int:
        return max(0, sum(self.bodies.values()) - self.taken) if node in self.nodes else 0


class Notes:
    """What is recorded: the steps, in order."""

    def __init__(self) -> None:
        self.steps: list[Step | str] = []
        self.looks: dict[tuple[Step, str], int] = {}

    def fact(self, step: Step, node: str, look: Callable[[], int], **_more: Any) -> int:
        self.steps.append(step)
        self.looks[step, node] = look()
        return self.looks[step, node]

    def must(self, step: Step, _end: object, _library: str, call: Callable[[], None], **_more: Any) -> None:
        self.steps.append(step)
        call()

    def ask(self, step: str, _end: object, _library: str, call: Callable[[], None]) -> None:
        self.steps.append(step)
        call()


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "SETTLE_SECONDS", 0.01)


def recorded(store: Store) -> Notes:
    subject: Any = SimpleNamespace(
        provider=SimpleNamespace(name="a store", owns_candidate=False, stored_bytes=store.stored_bytes),
        topology=SimpleNamespace(nodes=NODES, all_endpoints=lambda: ["one", "two"]),
        contract=SimpleNamespace(durability=SimpleNamespace(copies=3)),
        random=Random,
        client=lambda _end, _seconds: store,
    )
    notes = Notes()
    rig: Any = SimpleNamespace(buckets=SimpleNamespace(plain="scratch"))
    record_stored(subject, notes, rig)  # type: ignore[arg-type]
    return notes


@pytest.mark.parametrize(("taken", "objects"), [(0, 3), (30 * MIB, 9), (100 * MIB, 21), (200 * MIB, 45)])
def test_more_is_written_until_space_that_was_taken_before_is_full(taken: int, objects: int) -> None:
    store = Store(taken)
    notes = recorded(store)
    assert notes.steps.count(Step.WRITE) == objects
    assert notes.steps.count(Step.BEFORE) == notes.steps.count(Step.AFTER) == len(NODES)
    assert store.bodies == {}


def test_a_look_at_which_a_node_had_grown_counts_though_it_has_shrunk_since() -> None:
    class Rotating(Store):
        shown = 0

        def stored_bytes(self, node: str) -> int:
            self.shown += bool(self.bodies) and node == NODES[0]
            return super().stored_bytes(node) if self.shown < 2 else 0

    looks = recorded(Rotating(0)).looks
    assert [looks[Step.AFTER, node] for node in NODES] == [0, 0, 0]
    assert [looks[Step.MOST, node] for node in NODES] == [24 * MIB] * 3


def test_nodes_that_never_grow_do_not_make_it_go_on_for_ever() -> None:
    store = Store(0, ("bumble",))
    assert recorded(store).steps.count(Step.WRITE) == sum(stored.ROUNDS)
    assert store.most == sum(stored.ROUNDS) * stored.SIZE
    assert store.bodies == {}
