"""The faults of one run that are not undone yet: each is in the journal before it is done, and closed once undone."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

from readiness.providers.engine.journal import UNDO_OF, FaultVerb, Journal, Undo
from readiness.topology import Unsupported

Reach = Callable[[FaultVerb, str], Mapping[str, str]]
"""What another process needs to do that undo to that target."""


class OpenFaults:
    """The open faults of one candidate, by what undoes them. Thread-safe."""

    def __init__(self, kind: str, candidate: str, journal: Journal) -> None:
        self._kind, self._candidate, self._journal = kind, candidate, journal
        self._lock = threading.Lock()
        self._ids: defaultdict[Undo, list[str]] = defaultdict(list)

    def __contains__(self, undo: Undo) -> bool:
        with self._lock:
            return undo in self._ids

    def open(self, action: FaultVerb, target: str, reach: Mapping[str, str]) -> str:
        """Written down: this is about to be done, or there. Returns its id. Raises OSError if the journal cannot be
        written: then nothing may be done.
        """
        undo = self._undo(UNDO_OF[action], target)
        id_ = self._journal.open(action, target, undo, reach)
        with self._lock:
            self._ids[undo].append(id_)
        return id_

    def close(self, verb: FaultVerb, target: str) -> None:
        """Undone by that verb; nothing happens if nothing was open."""
        with self._lock:
            done = self._ids.pop(self._undo(verb, target), [])
        self._closed(done)

    @contextmanager
    def doing(self, action: FaultVerb, target: str, reach: Reach) -> Iterator[Callable[[], None]]:
        """Gives what is called once, right before the fault: it writes down what is done and how it is undone.

        What turns out to be Unsupported only when it is tried was not done.
        """
        undo, ids = self._undo(UNDO_OF[action], target), list[str]()
        try:
            yield lambda: ids.append(self.open(action, target, reach(undo.verb, target)))
        except Unsupported:
            with self._lock:
                self._ids[undo] = [id_ for id_ in self._ids[undo] if id_ not in ids]
            self._closed(ids)
            raise

    def close_all(self) -> None:
        """The candidate was the run's own, and is not there any more: there is nothing to undo."""
        with self._lock:
            ids = [id_ for each in self._ids.values() for id_ in each]
            self._ids.clear()
        self._closed(ids)

    def latest_first(self) -> list[Undo]:
        """What undoes them, in the order in which that is to be done."""
        with self._lock:
            return list(reversed(self._ids))

    def _undo(self, verb: FaultVerb, target: str) -> Undo:
        return Undo(self._kind, self._candidate, verb, target)

    def _closed(self, ids: Iterable[str]) -> None:
        for id_ in ids:
            self._journal.close(id_)
