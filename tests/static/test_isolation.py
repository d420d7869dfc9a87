"""Isolating the nodes of a candidate: whatever goes wrong, they have all rejoined, or the run knows who has not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from readiness.errors import NotRun
from readiness.not_undone import NotUndone
from readiness.providers.engine.isolation import IsolationWatch
from readiness.recording import Recording
from readiness.static import isolation
from readiness.topology import Proof, Unsupported
from tests.static.test_static import live

NODES = ("bumble", "honey")


class Nodes:
    """Two nodes; `isolates` and `rejoins` may raise for some."""

    owns_candidate = False
    name = "commands"

    def __init__(self, isolates: Callable[[str], Proof], rejoins: Callable[[str], None]) -> None:
        self._isolates, self._rejoins = isolates, rejoins
        self.done: list[str] = []
        self.serves = False

    def isolate_from_outside(self, node: str) -> Proof:
        self.done.append(f"isolate {node}")
        return self._isolates(node)

    def rejoin_outside(self, node: str) -> None:
        self.done.append(f"rejoin {node}")
        self._rejoins(node)

    def in_service(self, _instance: str) -> bool:
        return True

    def whole(self) -> bool:
        return True


def fires(node: str) -> Proof:
    return Proof(True, f"{node} reaches nothing else")


def fine(_node: str) -> None:
    pass


def isolated(
    monkeypatch: pytest.MonkeyPatch,
    isolates: Callable[[str], Proof] = fires,
    rejoins: Callable[[str], None] = fine,
    leave: Callable[[], None] = lambda: None,
    inside: Callable[[], None] = lambda: None,
    serves: bool = True,
) -> tuple[Nodes, Recording, NotUndone]:
    """What was done, what was recorded, and what could not be undone."""
    monkeypatch.setattr(isolation, "_serves", lambda *_: serves)
    monkeypatch.setattr(isolation, "_wait_until_served", lambda *_: None)
    nodes, not_undone = Nodes(isolates, rejoins), NotUndone(lambda _line: None)
    subject: Any = SimpleNamespace(
        **vars(live())
        | {"provider": nodes, "not_undone": not_undone, "topology": SimpleNamespace(nodes=NODES)}
    )
    see = Recording(subject, "S.1")
    rig: Any = SimpleNamespace(watch=SimpleNamespace(all_in_service=lambda: True))
    with isolation.isolated(subject, see, rig, leave) as nodes.serves:
        inside()
    return nodes, see, not_undone


def test_every_node_is_isolated_and_rejoins(monkeypatch: pytest.MonkeyPatch) -> None:
    nodes, see, not_undone = isolated(monkeypatch)
    assert nodes.done == ["isolate bumble", "isolate honey", "rejoin honey", "rejoin bumble"]
    assert [one.result for one in see.observations] == [
        {"fired": True, "observed": f"{node} reaches nothing else"} for node in NODES
    ]
    assert not_undone.reason is None


def test_without_leave_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise NotRun("faults need --allow-faults")

    nodes, see, _ = isolated(monkeypatch, leave=refuse)
    assert nodes.done == []
    assert {one.error for one in see.observations} == {"faults need --allow-faults"}


def test_a_node_that_cannot_be_isolated_is_recorded_and_all_rejoin(monkeypatch: pytest.MonkeyPatch) -> None:
    def one_has_no_command(node: str) -> Proof:
        if node == "honey":
            raise Unsupported("isolate: the candidate file declares no isolate command of node honey")
        return fires(node)

    nodes, see, _ = isolated(monkeypatch, one_has_no_command)
    assert nodes.done[-2:] == ["rejoin honey", "rejoin bumble"]
    assert [one.outcome for one in see.observations] == ["ok", "error"]


@pytest.mark.parametrize(("able", "waited"), [((), []), (("honey",), ["waited"]), (NODES, ["waited"])])
def test_it_is_waited_for_only_where_a_node_was_isolated(
    able: tuple[str, ...], waited: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A candidate that is never whole is not waited for because it cannot be isolated."""

    def isolates(node: str) -> Proof:
        if node not in able:
            raise Unsupported("isolate: the candidate file declares no isolate command")
        return fires(node)

    done: list[str] = []
    monkeypatch.setattr(isolation, "wait_whole", lambda *_: done.append("waited"))
    nodes, _, _ = isolated(monkeypatch, isolates)
    assert done == waited
    assert nodes.serves is (len(able) != 1), "known where no node is isolated, or every one"


def test_what_fails_meanwhile_leaves_no_node_isolated(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise RuntimeError("the check broke")

    done: list[str] = []
    with pytest.raises(RuntimeError, match="the check broke"):
        isolated(monkeypatch, rejoins=done.append, inside=fail)
    assert done == ["honey", "bumble"]


def test_a_node_that_does_not_rejoin_is_known_from_then_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def stays(node: str) -> None:
        if node == "honey":
            raise RuntimeError("rejoin honey ended with 1")

    nodes, _, not_undone = isolated(monkeypatch, rejoins=stays)
    assert nodes.done[-1] == "rejoin bumble", "the other one rejoins all the same"
    assert "it could not undo isolate honey: RuntimeError: rejoin honey ended with 1" in (
        not_undone.reason or ""
    )


def test_whether_it_serves_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not known where only some nodes are isolated; as ever where none is."""

    def only_one(node: str) -> Proof:
        return Proof(node == "bumble", node)

    def refuse() -> None:
        raise NotRun("faults need --allow-faults")

    assert isolated(monkeypatch)[0].serves
    assert not isolated(monkeypatch, serves=False)[0].serves
    assert not isolated(monkeypatch, only_one)[0].serves
    assert isolated(monkeypatch, leave=refuse)[0].serves


OUT, OWN = ("10.9.9.9:53", "10.9.9.8:443"), ("10.0.0.1:9000",)


@pytest.mark.parametrize(
    ("before", "after", "fired", "observed"),
    [
        (
            OUT,
            OWN,
            True,
            "reached 10.9.9.9:53, 10.9.9.8:443 before, none of it after it, and still 10.0.0.1:9000",
        ),
        (OUT, (*OUT[1:], *OWN), False, "before, and 10.9.9.8:443 still after it"),
        (OUT, (), False, "it reaches none of the candidate's own endpoints either"),
        (
            (),
            OWN,
            False,
            "none of 10.9.9.9:53, 10.9.9.8:443 outside of the candidate was reached even before it",
        ),
    ],
)
def test_isolation_is_believed_for_what_is_not_reached_any_more(
    before: Sequence[str], after: Sequence[str], fired: bool, observed: str
) -> None:
    """Not where nothing was reached before, nor where the command that tries reaches nothing at all."""
    now = [before]

    def reached(addresses: Sequence[str]) -> list[str]:
        return [address for address in addresses if address in now[0]]

    watch = IsolationWatch("bumble", reached, OUT, OWN)
    now[0] = after
    proof = watch.cut("it")
    assert proof.fired is fired
    assert observed in proof.observed


def test_a_node_for_which_no_address_outside_is_known() -> None:
    proof = IsolationWatch("bumble", lambda _addresses: [], (), OWN).cut("it")
    assert not proof.fired
    assert "no address that is known outside of the candidate was reached even before it" in proof.observed
