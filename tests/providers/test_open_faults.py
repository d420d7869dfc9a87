"""Faults that are open: written down before they are done, closed once undone, and undone in the right order."""

from __future__ import annotations

import pytest

from readiness.providers.engine.journal import FaultVerb, MemoryJournal, Undo
from readiness.providers.engine.open_faults import OpenFaults
from readiness.topology import Unsupported


def undo(verb: FaultVerb, target: str) -> Undo:
    return Undo("lab", "mine", verb, target)


def faults() -> tuple[OpenFaults, MemoryJournal]:
    journal = MemoryJournal()
    return OpenFaults("lab", "mine", journal), journal


def test_the_last_fault_is_undone_first() -> None:
    found, journal = faults()
    found.open(FaultVerb.KILL, "store-bumble", {})
    found.open(FaultVerb.UNPLUG, "honey", {})
    assert found.latest_first() == [undo(FaultVerb.PLUG, "honey"), undo(FaultVerb.START, "store-bumble")]
    found.close(FaultVerb.PLUG, "honey")
    assert found.latest_first() == [undo(FaultVerb.START, "store-bumble")]
    assert journal.left() == (undo(FaultVerb.START, "store-bumble"),)


def test_one_undo_closes_every_fault_that_it_undoes() -> None:
    found, journal = faults()
    for verb in (FaultVerb.RESTART, FaultVerb.KILL):
        found.open(verb, "store-bumble", {})
    assert undo(FaultVerb.START, "store-bumble") in found
    found.close(FaultVerb.START, "store-bumble")
    assert (journal.left(), undo(FaultVerb.START, "store-bumble") in found) == ((), False)
    found.close(FaultVerb.START, "store-bumble")


def fail(found: OpenFaults, verb: FaultVerb, target: str, error: Exception) -> None:
    """A fault that is written down, and ends with that error."""
    with found.doing(verb, target, lambda undo, of: {"by": f"{undo} {of}"}) as write_down:
        write_down()
        raise error


def test_what_turns_out_to_be_unsupported_was_not_done() -> None:
    found, journal = faults()
    found.open(FaultVerb.KILL, "store-bumble", {})
    with pytest.raises(Unsupported):
        fail(found, FaultVerb.RESTART, "store-bumble", Unsupported("not here"))
    assert journal.left() == (undo(FaultVerb.START, "store-bumble"),), "that of the kill stays"
    assert undo(FaultVerb.START, "store-bumble") in found


def test_what_fails_otherwise_stays_open() -> None:
    found, journal = faults()
    with pytest.raises(RuntimeError):
        fail(found, FaultVerb.UNPLUG, "honey", RuntimeError("half way"))
    assert journal.left() == (undo(FaultVerb.PLUG, "honey"),)
    found.close_all()
    assert (journal.left(), found.latest_first()) == ((), [])
