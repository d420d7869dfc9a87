"""What is done to a candidate and must be undone, written down before it is done.

An undo is data, not a closure: whoever reads it can do it, also from another process.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable


class FaultVerb(StrEnum):
    """Everything that a provider does to a candidate. Which of them undoes which: `UNDO_OF`."""

    RESTART = "restart"
    KILL = "kill"
    START = "start_instance"
    FREEZE = "freeze"
    THAW = "thaw"
    DRAIN = "drain"
    RESTORE = "restore"
    UNPLUG = "unplug"
    PLUG = "plug"
    ISOLATE = "isolate_from_peers"
    REJOIN = "rejoin_peers"
    LIMP = "limp"
    UNLIMP = "unlimp"
    UPGRADE = "upgrade"
    TAKE_BACK = "take_back"
    POWER_OFF = "power_off"
    POWER_ON = "power_on"
    FILL = "fill"
    FREE = "free"
    ISOLATE_OUTSIDE = "isolate_from_outside"
    REJOIN_OUTSIDE = "rejoin_outside"
    WIPE = "wipe"
    REPAIR = "repair"
    CONFINE = "confine"
    RELEASE = "release"
    STOP_CACHES = "stop_caches"
    START_CACHES = "start_caches"
    ADD_KEY = "rotate_add"
    RETIRE_KEY = "rotate_retire"
    PLANT = "plant_divergence"
    UNPLANT = "remove_divergence"
    MAKE = "make"
    REMOVE = "remove"


UNDO_OF: Mapping[FaultVerb, FaultVerb] = {
    FaultVerb.RESTART: FaultVerb.START,
    FaultVerb.KILL: FaultVerb.START,
    FaultVerb.FREEZE: FaultVerb.THAW,
    FaultVerb.DRAIN: FaultVerb.RESTORE,
    FaultVerb.UNPLUG: FaultVerb.PLUG,
    FaultVerb.ISOLATE: FaultVerb.REJOIN,
    FaultVerb.LIMP: FaultVerb.UNLIMP,
    FaultVerb.UPGRADE: FaultVerb.TAKE_BACK,
    FaultVerb.POWER_OFF: FaultVerb.POWER_ON,
    FaultVerb.FILL: FaultVerb.FREE,
    FaultVerb.CONFINE: FaultVerb.RELEASE,
    FaultVerb.STOP_CACHES: FaultVerb.START_CACHES,
    FaultVerb.ADD_KEY: FaultVerb.RETIRE_KEY,
    FaultVerb.PLANT: FaultVerb.UNPLANT,
    FaultVerb.MAKE: FaultVerb.REMOVE,
    FaultVerb.ISOLATE_OUTSIDE: FaultVerb.REJOIN_OUTSIDE,
}
"""A restart undoes itself, unless it is interrupted. Erased data has no undo: a repair follows it."""

OF_A_NODE = frozenset(
    {
        FaultVerb.RESTORE,
        FaultVerb.PLUG,
        FaultVerb.REJOIN,
        FaultVerb.UNLIMP,
        FaultVerb.TAKE_BACK,
        FaultVerb.REJOIN_OUTSIDE,
    }
)
"""The undos whose target is a node; every instance of it is affected."""


@dataclass(frozen=True)
class Undo:
    """`verb` done to `target` (an instance, or a node) of that candidate by a provider of that kind."""

    provider: str
    candidate: str
    verb: FaultVerb
    target: str

    def as_data(self) -> dict[str, str]:
        """The undo as it is stored."""
        return {
            "provider": self.provider,
            "candidate": self.candidate,
            "verb": str(self.verb),
            "target": self.target,
        }

    @classmethod
    def of_data(cls, data: Mapping[str, str]) -> Undo:
        """What `as_data` stored. Raises KeyError or ValueError for anything else."""
        return cls(data["provider"], data["candidate"], FaultVerb(data["verb"]), data["target"])


class Journal(Protocol):
    """Where that is written. Thread-safe."""

    def open(self, action: FaultVerb, target: str, undo: Undo, reach: Mapping[str, str]) -> str:
        """Called before the action; the fault is there from now on. `reach`: what another process needs to undo it,
        by name; `by hand` is a command line. Returns an id. Raises OSError if it cannot be written: then nothing may
        be done.
        """
        ...

    def close(self, id_: str) -> None:
        """Called once it is undone."""
        ...


class MemoryJournal:
    """A journal that ends with this process."""

    def __init__(self) -> None:
        self._ids = itertools.count(1)
        self._lock = threading.Lock()
        self._open: dict[str, Undo] = {}

    def open(self, action: FaultVerb, target: str, undo: Undo, reach: Mapping[str, str]) -> str:
        with self._lock:
            id_ = f"{next(self._ids)}-{action}-{target}"
            self._open[id_] = undo
            return id_

    def close(self, id_: str) -> None:
        with self._lock:
            self._open.pop(id_, None)

    def left(self) -> tuple[Undo, ...]:
        """What is not undone yet, in the order in which it was done."""
        with self._lock:
            return tuple(self._open.values())


@runtime_checkable
class UndoesLater(Protocol):
    """Can undo what another process did to the candidate, without being started."""

    def undo(self, undo: Undo, reach: Mapping[str, str] | None = None) -> None:
        """Undoes it; `reach` is what that process wrote down for this. Raises whatever went wrong."""
        ...

    def affected(self, undo: Undo) -> tuple[str, ...]:
        """The instances that are to be seen in service again then."""
        ...

    def in_service(self, instance: str) -> bool:
        """As `Provider.in_service`."""
        ...


@dataclass(frozen=True)
class KeptEntry:
    """One thing that a run has done to the candidate, or was about to. `reach`: what is needed to undo it."""

    id: str
    time: str
    action: str
    undo: Undo
    reach: Mapping[str, str]


@dataclass(frozen=True)
class KeptJournal:
    """What one run has done and not undone, in the order in which it was done. `lives`: the run still goes on."""

    run: str
    lives: bool
    entries: tuple[KeptEntry, ...]


@runtime_checkable
class KeepsJournal(Protocol):
    """Keeps a copy of the undo journal where the candidate is, so that it can be played from any machine."""

    @property
    def lock(self) -> str | None:
        """What keeps other runs off the candidate, from every machine, while this one goes on; None: nothing does."""
        ...

    def kept_journal(self) -> KeptJournal | None:
        """What is open there, perhaps nothing, of the run that was there last; None if there is no trace of one that is
        over. Raises UsageError if it cannot be read. The provider need not be started.
        """
        ...

    def settle(self, ids: Sequence[str]) -> None:
        """Marks these entries of a run that is over as undone. Raises OSError if that cannot be written."""
        ...
