"""The journal that a run has left where its candidate is: it can be played from any machine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from readiness import providers
from readiness.candidate.load import Loaded
from readiness.providers.engine.journal import KeepsJournal
from readiness.undo.living import Process
from readiness.undo.stored import Entry


@dataclass(frozen=True)
class Remote:
    """As `readiness.undo.stored.Stored`, but kept by the provider, and about exactly the candidate that it reaches."""

    run: str
    candidate: str
    candidate_path: str
    fingerprint: str
    provider: str
    goes_on: bool
    entries: tuple[Entry, ...]
    _keeper: KeepsJournal
    process: Process | None = None

    @contextmanager
    def held(self) -> Iterator[int]:
        """Playing it twice at once does no harm: each undo is idempotent."""
        yield -1

    def close(self, _opened: int, done: Iterable[Entry]) -> None:
        """Marks these as undone. Raises OSError if that cannot be written."""
        self._keeper.settle([entry.id for entry in done])


def remote(loaded: Loaded) -> Remote | None:
    """What is open where that candidate is; None if nothing is, or if its provider keeps nothing there. Raises
    UsageError if it cannot be read.
    """
    if loaded.candidate.provider.kind in providers.OWNED:
        return None
    provider = providers.create(loaded)
    if not isinstance(provider, KeepsJournal):
        return None
    kept = provider.kept_journal()
    if kept is None:
        return None
    entries = tuple(Entry(one.id, one.time, one.action, one.undo, one.reach) for one in kept.entries)
    return Remote(
        kept.run,
        loaded.candidate.name,
        str(loaded.path.resolve()),
        loaded.fingerprint,
        loaded.candidate.provider.kind,
        kept.lives,
        entries,
        provider,
    )
