"""The evidence folder of one run: everything the run saw, append-only while running, sealed at the end, free
of secrets.

Layout: `run.json` (what was judged, how, with what); `history/SCOPE.jsonl` (operations, readiness.history.Op,
one a line); `events.jsonl` (faults with their proofs, provider calls, notes); `criteria.jsonl` (findings as
they were made); `capture/` (failure capture); `verdict.json`; `seal.json` (SHA-256 of every other file). A
line is on disk within a second of its operation.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from readiness.evidence.observation import OBSERVATIONS, Observation
from readiness.evidence.scenario import Event
from readiness.history import Op
from readiness.redact import Redactor

SEAL, STATEMENT_NAME, SIGNED = "seal.json", "statement.json", "statement.dsse.json"
MAX_FILE_BYTES = 64 * 1024 * 1024


def private_open(path: Path, mode: str) -> IO[str]:
    """Opens a text file in UTF-8; a file that this makes can be read by its owner alone (mode 0600)."""
    return open(path, mode, encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600))


class EvidenceFull(Exception):
    """A history outgrew its bound: what follows could not be kept, so it cannot be judged."""


class Recorder:
    """Collects the operations of one scope (a scenario, a criterion) and appends each to its file.
    Thread-safe.
    """

    def __init__(
        self, scope: str, path: Path, clock: Callable[[], float], clean: Callable[[str], str] = str
    ) -> None:
        self.scope, self.path, self._clean = scope, path, clean
        self.history: list[Op] = []
        self.now = clock
        self._out = private_open(path, "x")
        self._lock, self._bytes, self._flushed = threading.Lock(), 0, 0.0

    def record(self, **fields: Any) -> Op:
        """Adds one operation; `index` is given here. Raises EvidenceFull beyond the bound."""
        if fields.get("error"):
            fields["error"] = self._clean(fields["error"])
        with self._lock:
            op = Op(index=len(self.history), **fields)
            line = op.as_json() + "\n"
            self._bytes += len(line)
            if self._bytes > MAX_FILE_BYTES:
                raise EvidenceFull(f"the history of {self.scope} outgrew {MAX_FILE_BYTES >> 20} MiB")
            self.history.append(op)
            self._out.write(line)
            if self.now() - self._flushed > 0.5:
                self._out.flush()
                self._flushed = self.now()
            return op

    def flush(self) -> None:
        """Hands everything recorded to the operating system."""
        with self._lock:
            if not self._out.closed:
                self._out.flush()

    def close(self) -> None:
        """Flush and close the file; the history stays readable."""
        with self._lock:
            self._out.close()


def _file_name(name: str) -> str:
    return re.sub(r"[^\w.+-]+", "_", name)


class Evidence:
    """The evidence folder while a run writes it."""

    def __init__(self, folder: Path, redactor: Redactor) -> None:
        self.folder = folder
        self.redactor = redactor
        self.epoch = time.monotonic()
        self._lock = threading.Lock()
        self._recorders: dict[str, Recorder] = {}
        folder.mkdir(mode=0o700, parents=True)
        (folder / "history").mkdir(mode=0o700)

    def now(self) -> float:
        """Seconds since the run began: the clock of every operation and event."""
        return time.monotonic() - self.epoch

    def recorder(self, scope: str) -> Recorder:
        """A new recorder for that scope. Raises ValueError if the scope has one already."""
        name = _file_name(scope)
        if name in self._recorders:
            raise ValueError(f"the scope {scope} is recorded already")
        recorder = self._recorders[name] = Recorder(
            scope, self.folder / "history" / f"{name}.jsonl", self.now, self.redactor.clean
        )
        return recorder

    def recorders(self) -> Iterator[Recorder]:
        """All recorders so far."""
        yield from list(self._recorders.values())

    def history_file(self, scope: str) -> str | None:
        """The file of that scope's operations, below the folder; None if it has no recorder."""
        recorder = self._recorders.get(_file_name(scope))
        return str(recorder.path.relative_to(self.folder)) if recorder else None

    def drop(self, scope: str) -> None:
        """Forgets the recorder of that scope, and removes its file. Raises KeyError if there is none."""
        recorder = self._recorders.pop(_file_name(scope))
        recorder.close()
        recorder.path.unlink()

    def write(self, name: str, content: Mapping[str, Any]) -> Path:
        """Writes a JSON file whole, replacing an earlier one."""
        path = self.folder / name
        plain = json.loads(json.dumps(content, default=str))
        text = json.dumps(self.redactor.clean_value(plain), indent=1, ensure_ascii=False)
        with private_open(path, "w") as out:
            out.write(text + "\n")
        return path

    def append(self, name: str, row: Mapping[str, Any]) -> None:
        """Appends one JSON line, with the time it was written, and flushes."""
        stamped = {"at": round(self.now(), 4), **row}
        plain = json.loads(json.dumps(stamped, default=str))
        line = json.dumps(self.redactor.clean_value(plain), ensure_ascii=False)
        with self._lock, private_open(self.folder / name, "a") as out:
            out.write(line + "\n")

    def observe(self, seen: Observation) -> Observation:
        """One line of observations.jsonl. Returns it as it was kept, without secrets: what is judged now is what can
        be judged again.
        """
        plain = self.redactor.clean_value(seen.model_dump(mode="json", exclude_defaults=True))
        line = json.dumps(plain, ensure_ascii=False)
        with self._lock, private_open(self.folder / OBSERVATIONS, "a") as out:
            out.write(line + "\n")
        return Observation.model_validate_json(line)

    def event(self, what: str, /, **details: Any) -> None:
        """One line of events.jsonl."""
        self.append("events.jsonl", {"event": what, **details})

    def fault(self, event: Event, **details: Any) -> None:
        """One line of events.jsonl: a fault, what proved it, and when it was healed."""
        self.event("fault", **details, **asdict(event))

    def capture(self, name: str, text: str) -> Path:
        """Keeps a captured text (at most 1 MiB, its tail) under capture/."""
        path = self.folder / "capture" / _file_name(name)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        with private_open(path, "w") as out:
            out.write(self.redactor.clean(text)[-(1 << 20) :])
        return path

    def kept(self) -> int:
        """How many operations and observations the folder holds."""
        self.flush()
        return kept_in(self.folder)

    def flush(self) -> None:
        """Afterwards everything recorded can be read from the folder."""
        for recorder in self._recorders.values():
            recorder.flush()

    def close(self) -> None:
        """Closes the recorders; the folder can still be written to."""
        for recorder in self._recorders.values():
            with contextlib.suppress(ValueError):
                recorder.close()

    def seal(self) -> str:
        """Writes the seal and returns its digest. What is changed, added or removed later breaks it."""
        self.close()
        digest = _root(files := _digests(self.folder))
        sealed = {"sealed": datetime.now(UTC).isoformat(timespec="seconds"), "root": digest, "files": files}
        with private_open(self.folder / SEAL, "w") as out:
            out.write(json.dumps(sealed, indent=1) + "\n")
        for path in self.folder.rglob("*"):  # other parts write here too
            path.chmod(0o700 if path.is_dir() else 0o600)
        return digest


def kept_in(folder: Path) -> int:
    """How many operations of loads and observations of checks an evidence folder holds."""
    files = [*(folder / "history").glob("*.jsonl"), folder / OBSERVATIONS]
    return sum(len(path.read_text("utf-8").splitlines()) for path in files if path.exists())


class BrokenSeal(Exception):
    """The folder is not the evidence that was sealed; the message names the first difference."""


def verify_seal(folder: Path) -> dict[str, Any]:
    """The seal of an unchanged evidence folder. Raises BrokenSeal for an edited, truncated or unsealed one."""
    try:
        seal = json.loads((folder / SEAL).read_text("utf-8"))
        listed = dict(seal["files"])
        root = seal["root"]
    except (OSError, ValueError, KeyError, TypeError):
        raise BrokenSeal(
            f"{folder} has no readable {SEAL}: the run did not end, or it is not an evidence folder"
        ) from None
    found = _digests(folder)
    for name in sorted(listed.keys() | found.keys()):
        if listed.get(name) != found.get(name):
            what = "is missing" if name not in found else "was added" if name not in listed else "was changed"
            raise BrokenSeal(f"{folder}: {name} {what} after the run was sealed")
    if _root(found) != root:
        raise BrokenSeal(f"{folder}: {SEAL} was edited")
    return dict(seal)


def _digests(folder: Path) -> dict[str, str]:
    names = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != SEAL)
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in names}


def digests(folder: Path) -> dict[str, str]:
    """The SHA-256 of every file of the evidence, the seal, the statement and its signature apart."""
    apart = (SEAL, STATEMENT_NAME, SIGNED)
    return {name: digest for name, digest in _digests(folder).items() if name not in apart}


def _root(files: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()
