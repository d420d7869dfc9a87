"""The journal of a run's faults on disk: each is written down, and is on the disk, before it is done."""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import json
import os
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from readiness.candidate.load import Loaded
from readiness.providers.engine.journal import FaultVerb, Undo
from readiness.undo.living import this_process
from readiness.undo.lock import keys_of
from readiness.undo.state import state_folder, sync_folder

PART = "undo"


class DurableJournal:
    """Implements `readiness.providers.engine.journal.Journal`: one file a run, of JSON lines, append-only, mode 0600.

    The first line says which run this is; the file is locked while the run lives, and removed once everything is
    undone. Raises OSError where the disk does not take a line: the fault must not be done then.
    """

    def __init__(self, run: str, loaded: Loaded) -> None:
        self._run, self._loaded = run, loaded
        self._ids = itertools.count(1)
        self._lock = threading.Lock()
        self._open: set[str] = set()
        self._file: int | None = None
        self.path = Path()

    def begin(self) -> None:
        """Make the file. Raises UsageError if the state folder cannot be written."""
        folder = state_folder(PART)
        self.path = folder / f"{self._run}.jsonl"
        self._file = os.open(
            self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600
        )
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        keys = keys_of(self._loaded)
        self._append({"kind": "run", **self._about(), "process": this_process().text, "keys": keys})
        sync_folder(folder)

    def open(self, action: FaultVerb, target: str, undo: Undo, reach: Mapping[str, str]) -> str:
        with self._lock:
            id_ = f"{next(self._ids)}-{action}-{target}"
            about = {**self._about(), "action": str(action), **undo.as_data(), "reach": dict(reach)}
            self._append({"kind": "open", "id": id_, **about})
            self._open.add(id_)
            return id_

    def close(self, id_: str) -> None:
        with self._lock:
            if id_ in self._open:
                self._append({"kind": "close", "id": id_, "time": _now()})
                self._open.discard(id_)

    def end(self) -> None:
        """The run is over. A journal in which nothing is open is removed. Safe to call twice."""
        with self._lock:
            if self._file is None:
                return
            if not self._open:
                with contextlib.suppress(OSError):
                    self.path.unlink()
                    sync_folder(self.path.parent)
            os.close(self._file)
            self._file = None

    def _about(self) -> dict[str, Any]:
        candidate = self._loaded.candidate
        return {
            "time": _now(),
            "run": self._run,
            "candidate": candidate.name,
            "path": str(self._loaded.path.resolve()),
            "fingerprint": self._loaded.fingerprint,
            "provider": candidate.provider.kind,
        }

    def _append(self, row: Mapping[str, Any]) -> None:
        if self._file is None:
            raise OSError("the undo journal is not open: nothing may be done to the candidate")
        append(self._file, row)


def append(opened: int, row: Mapping[str, Any]) -> None:
    """Appends one line, which is on the disk when this returns."""
    line = json.dumps(row, ensure_ascii=False).encode() + b"\n"
    if os.write(opened, line) != len(line):
        raise OSError("the disk did not take a whole line of the undo journal")
    os.fsync(opened)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
