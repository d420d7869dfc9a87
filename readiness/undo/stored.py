"""Journals of earlier runs, as they lie on the disk."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from readiness.candidate.load import Loaded
from readiness.errors import UsageError
from readiness.providers.engine.journal import Undo
from readiness.undo.journal import PART, append
from readiness.undo.living import Process
from readiness.undo.lock import keys_of
from readiness.undo.state import state_folder, sync_folder


@dataclass(frozen=True)
class Entry:
    """One thing that was done, or was about to be. `reach`: what is needed to undo it; `by hand` in it is a command."""

    id: str
    time: str
    action: str
    undo: Undo
    reach: Mapping[str, str]

    @property
    def words(self) -> str:
        """What was done, and to what."""
        return f"{self.action} {self.undo.target}"


@dataclass(frozen=True)
class Stored:
    """The journal of one run. `entries` are those that are open, in the order in which they were written."""

    path: Path
    run: str
    candidate: str
    candidate_path: str
    fingerprint: str
    provider: str
    process: Process | None
    keys: tuple[str, ...]
    entries: tuple[Entry, ...]

    @property
    def goes_on(self) -> bool:
        """Whether the run still lives: it holds its journal, or its process is there."""
        try:
            with self.held():
                return self.process is not None and self.process.lives
        except BlockingIOError:
            return True
        except FileNotFoundError:
            return False

    @contextmanager
    def held(self) -> Iterator[int]:
        """Nobody else plays it meanwhile. Raises BlockingIOError, or FileNotFoundError if it is gone."""
        opened = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield opened
        finally:
            os.close(opened)

    def close(self, opened: int, done: Iterable[Entry]) -> None:
        """Marks these as undone; a journal in which nothing is open is removed."""
        if not self.path.read_bytes().endswith(
            b"\n"
        ):  # a crash cut off the last line: what it says was not done
            os.write(opened, b"\n")
        closed = set()
        for entry in done:
            append(opened, {"kind": "close", "id": entry.id})
            closed.add(entry.id)
        if closed >= {entry.id for entry in self.entries}:
            self.path.unlink(missing_ok=True)
            sync_folder(self.path.parent)

    def found_at(self, loaded: Loaded) -> Stored:
        """The same with the candidate file that is given, if it says the same and the run's own is not there any
        more.
        """
        moved = self.fingerprint == loaded.fingerprint and not Path(self.candidate_path).exists()
        return replace(self, candidate_path=str(loaded.path.resolve())) if moved else self

    def is_about(self, loaded: Loaded) -> bool:
        """Whether it is of that candidate: the same file, the same fingerprint, or the same endpoint."""
        same = self.candidate_path == str(loaded.path.resolve()) or self.fingerprint == loaded.fingerprint
        return same or bool(set(self.keys) & set(keys_of(loaded)))


def journals() -> list[Stored]:
    """All that are there, the oldest first. Raises UsageError for one that cannot be read."""
    return [_read(path) for path in sorted(state_folder(PART).glob("*.jsonl"))]


def refuse_open(loaded: Loaded, command: str) -> None:
    """Raises UsageError, with that command, if an earlier run left something on this candidate that is not undone."""
    for journal in journals():
        if journal.entries and journal.is_about(loaded) and not journal.goes_on:
            left = ", ".join(entry.words for entry in journal.entries[:5])
            raise UsageError(
                f"run {journal.run} ended before it could undo what it did to this candidate ({left}): what is found "
                f"now could come from that; undo it first with: {command}"
            )


def _read(path: Path) -> Stored:
    rows: list[dict[str, Any]] = []
    with contextlib.suppress(FileNotFoundError):
        for line in path.read_text("utf-8").split("\n")[:-1]:  # what has no end was not done yet
            with contextlib.suppress(ValueError):
                rows.append(json.loads(line))
    closed = {row["id"] for row in rows if row.get("kind") == "close"}
    try:
        first = rows[0] if rows else {"run": path.stem}
        entries = tuple(
            Entry(row["id"], row["time"], row["action"], Undo.of_data(row), row["reach"])
            for row in rows
            if row.get("kind") == "open" and row["id"] not in closed
        )
        return Stored(
            path,
            first["run"],
            first.get("candidate", "unknown"),
            first.get("path", ""),
            first.get("fingerprint", ""),
            first.get("provider", ""),
            Process.of_text(first.get("process", "")),
            tuple(first.get("keys", ())),
            entries,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(
            f"the undo journal {path} cannot be read ({error!r}): it was written by another version; undo what it "
            "lists by hand, then remove it"
        ) from None
