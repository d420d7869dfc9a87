"""A fault always heals, is believed only when it was seen to fire, and keeps its instances out of service meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from readiness import faults
from readiness.errors import Unjudged
from readiness.evidence.scenario import Event
from readiness.faults import Fault, injected, wait_whole
from readiness.not_undone import NotUndone
from readiness.topology import FaultKind, Proof
from tests.plugin.fake import TOPOLOGY


class Book:
    """Provider and service watch in one: notes what is done to it, in order. `fails`: how often healing fails first."""

    def __init__(self, *, fired: bool = True, fails: int = 0) -> None:
        self.done: list[str] = []
        self.fired, self.fails = fired, fails
        self.ready = True

    def kill(self, name: str) -> Proof:
        self.done.append(f"kill {name}")
        return Proof(self.fired, f"{name}: seen {self.fired}")

    freeze = restart = drain = unplug = kill

    def thaw(self, name: str) -> None:
        self.done.append(f"heal {name}")
        if self.fails:
            self.fails -= 1
            raise OSError("busy")

    start_instance = restore = plug = thaw

    def hold_out(self, names: tuple[str, ...]) -> None:
        self.done.append(f"out {','.join(names)}")

    def readmit(self, names: tuple[str, ...]) -> None:
        self.done.append(f"in {','.join(names)}")

    def all_in_service(self) -> bool:
        return self.ready

    def whole(self) -> bool:
        return True


SILENCE = faults.silence(TOPOLOGY, "a")


def through(
    book: Any, fault: Fault = SILENCE, error: BaseException | None = None, not_undone: NotUndone | None = None
) -> Event:
    clock = iter(float(n) for n in range(100))
    noted: list[Event] = []
    try:
        with injected(fault, book, book, lambda: next(clock), noted.append, not_undone or NotUndone(print)):
            book.done.append("held")
            if error:
                raise error
    finally:
        assert len(noted) == 1, "every event is noted, once"
        book.event = noted[0]
    return noted[0]


def test_in_order() -> None:
    book = Book()
    event = through(book)
    assert book.done == ["out a-0", "kill a-0", "held", "heal a-0", "in a-0"]
    assert event.fired is not None
    assert event.healing is not None
    assert event.healed is not None
    assert event.injecting < event.fired < event.healing < event.healed
    assert event.proofs == ["a-0: seen True"]


@pytest.mark.parametrize(
    ("kind", "counted"), [("crash", 10.0), ("silence", 10.0), ("drain", 32.0), ("restart", 32.0)]
)
def test_a_graceful_fault_that_takes_its_time_counts_from_when_it_is_there(kind: str, counted: float) -> None:
    event = Event("a fault", kind, ("a",), ("a-0",), injecting=10.0, fired=32.0)
    assert event.counts_from == counted


@pytest.mark.parametrize("error", [ValueError("x"), KeyboardInterrupt("SIGTERM"), SystemExit(1)])
def test_it_heals_whatever_happens_meanwhile(error: BaseException) -> None:
    book: Any = Book()
    with pytest.raises(type(error)):
        through(book, error=error)
    assert book.done[-2:] == ["heal a-0", "in a-0"]
    assert book.event.healed is not None


def test_an_interrupted_injection_heals_too() -> None:
    def inject(provider: Any) -> list[Proof]:
        provider.kill("a-0")
        raise KeyboardInterrupt

    book: Any = Book()
    with pytest.raises(KeyboardInterrupt):
        through(book, Fault("f", FaultKind.CRASH, ("a",), ("a-0",), inject, SILENCE.heal))
    assert book.done == ["out a-0", "kill a-0", "heal a-0", "in a-0"]
    assert book.event.fired is None


def test_healing_is_tried_again_and_a_heal_that_fails_is_no_success(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    book: Any = Book(fails=2)
    assert through(book).healed is not None
    assert book.done.count("heal a-0") == 3
    stuck: Any = Book(fails=9)
    message: list[str] = []
    not_undone = NotUndone(message.append)
    assert not_undone.reason is None
    with pytest.raises(
        Unjudged, match="the suite itself left the candidate broken: it could not undo silence:a"
    ):
        through(stuck, not_undone=not_undone)
    assert "silence:a: OSError: busy" in str(not_undone.reason)
    assert NotUndone(print).reason is None
    (line,) = message
    assert line.startswith("COULD NOT UNDO silence:a: OSError: busy.")
    assert stuck.done.count("heal a-0") == 3
    assert stuck.done[-1] == "in a-0"


def test_a_fault_that_does_not_fire_is_unjudged_and_healed() -> None:
    book: Any = Book(fired=False)
    with pytest.raises(Unjudged, match=r"silence:a did not fire: a-0: seen False"):
        through(book)
    assert "held" not in book.done
    assert book.done[-2:] == ["heal a-0", "in a-0"]
    assert book.event.fired is None
    nothing = Fault("nothing", FaultKind.CRASH, (), (), lambda _p: [], lambda _p: None)
    with pytest.raises(Unjudged, match="nothing was observed"):
        through(Book(), nothing)


def test_one_of_two_that_did_not_fire_is_enough() -> None:
    proofs = [Proof(fired=True, observed="a-0 gone"), Proof(fired=False, observed="b-0 runs")]
    half = Fault("half", FaultKind.CRASH, ("a", "b"), (), lambda _p: proofs, lambda _p: None)
    with pytest.raises(Unjudged, match="b-0 runs"):
        through(Book(), half)


@pytest.mark.parametrize(
    ("fault", "kind", "instances"),
    [
        (faults.restart("a-0", "a"), FaultKind.RESTART, ("a-0",)),
        (faults.kill("a-0", "a"), FaultKind.CRASH, ("a-0",)),
        (faults.freeze("a-0", "a"), FaultKind.SILENCE, ("a-0",)),
        (faults.drain(TOPOLOGY, "b"), FaultKind.DRAIN, ("b-0",)),
        (faults.crash(TOPOLOGY, "a", "b"), FaultKind.CRASH, ("a-0", "b-0")),
        (faults.silence(TOPOLOGY, "b"), FaultKind.SILENCE, ("b-0",)),
        (faults.unplug(TOPOLOGY, "b"), FaultKind.SILENCE, ("b-0",)),
    ],
)
def test_each_fault_hits_and_heals_what_it_says(
    fault: Fault, kind: FaultKind, instances: tuple[str, ...]
) -> None:
    book = Book()
    event = through(book, fault)
    assert (fault.kind, fault.instances, event.kind) == (kind, instances, kind)
    hit = {line.split()[1][0] for line in book.done if line.startswith("kill")}
    healed = {line.split()[1][0] for line in book.done if line.startswith("heal")}
    assert hit == healed == set(fault.nodes)


def test_whole_is_waited_for_and_not_assumed() -> None:
    book: Any = Book()
    assert wait_whole(book, book, 1)
    book.ready = False
    assert not wait_whole(book, book, 0.15)
