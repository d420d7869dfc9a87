"""What proves that an instance ended or was replaced: it was seen away, and its identity tells one from the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from readiness.providers.commands import observe
from readiness.providers.commands.observe import Incarnation, Sighting, Watcher
from readiness.topology import Proof

OLD, NEW, NOBODY, UNTOLD = Incarnation("7 100"), Incarnation("8 200"), Incarnation(""), Incarnation(None)
UP, GONE = (Sighting.ANSWERED,), (Sighting.ANSWERED, Sighting.REFUSED)


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observe, "SETTLE_SECONDS", 0.1)
    monkeypatch.setattr(observe, "ABSENCE_SECONDS", 0.1)


def watched(looks: Sequence[Sighting]) -> Iterator[Watcher]:
    """A watcher to whom the instance looks like this, the last of it for good."""
    left = list(looks)
    with Watcher(lambda: left.pop(0) if len(left) > 1 else left[0]) as watcher:
        yield watcher


def replaced(looks: Sequence[Sighting], old: Incarnation, new: Incarnation, *, answers: bool = True) -> Proof:
    (proof,) = (
        observe.replaced("s", watcher, old, lambda: new, "it", answers=answers) for watcher in watched(looks)
    )
    return proof


def test_an_instance_without_an_endpoint_is_known_by_its_identity() -> None:
    assert replaced(UP, OLD, NEW, answers=False).fired
    assert not replaced(UP, OLD, OLD, answers=False).fired
    assert not replaced(UP, UNTOLD, UNTOLD, answers=False).fired


def ended(looks: Sequence[Sighting], old: Incarnation, new: Incarnation) -> Proof:
    (proof,) = (observe.ended("s", watcher, old, lambda: new, "it") for watcher in watched(looks))
    return proof


@pytest.mark.parametrize(
    ("looks", "old", "new", "fired"),
    [
        (GONE, OLD, NEW, True),
        (GONE, UNTOLD, UNTOLD, True),
        (UP, OLD, NEW, False),
        (UP, UNTOLD, UNTOLD, False),
        (GONE, OLD, OLD, False),
        (GONE, OLD, NOBODY, False),
    ],
)
def test_replaced(looks: Sequence[Sighting], old: Incarnation, new: Incarnation, *, fired: bool) -> None:
    assert replaced(looks, old, new).fired is fired


@pytest.mark.parametrize(
    ("looks", "old", "new", "fired"),
    [
        (GONE, OLD, OLD, True),
        (GONE, UNTOLD, UNTOLD, True),
        (UP, OLD, NOBODY, True),
        (UP, OLD, NEW, False),
        (UP, OLD, UNTOLD, False),
        (UP, UNTOLD, UNTOLD, False),
    ],
)
def test_ended(looks: Sequence[Sighting], old: Incarnation, new: Incarnation, *, fired: bool) -> None:
    assert ended(looks, old, new).fired is fired


@pytest.mark.parametrize(
    ("first", "again", "others", "message"),
    [
        (OLD, OLD, {"t": NEW}, None),
        (UNTOLD, UNTOLD, {"t": UNTOLD}, None),
        (NOBODY, NOBODY, {"t": NOBODY}, None),
        (OLD, NEW, {}, "s: its identity is '7 100' and then '8 200', before anything was done"),
        (OLD, OLD, {"t": OLD, "u": NEW}, "s has the identity of t: '7 100'"),
    ],
)
def test_an_identity_that_tells_nothing(
    first: Incarnation, again: Incarnation, others: dict[str, Incarnation], message: str | None
) -> None:
    assert observe.not_telling("s", first, again, others) == message
