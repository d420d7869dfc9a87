"""One run at a time against a candidate: locks of this machine's user, which the kernel lets go with the process."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from readiness.candidate.fingerprint import MISSING
from readiness.candidate.load import Loaded
from readiness.errors import UsageError
from readiness.undo.state import state_folder


def keys_of(loaded: Loaded) -> tuple[str, ...]:
    """What a candidate is known by: its fingerprint, the addresses of its endpoints, its context and namespace. Two
    files that name one endpoint are one candidate.
    """
    found = {f"fingerprint {loaded.fingerprint}"}
    for name, behind in loaded.resolved.items():
        if name.startswith("endpoints.") and name.endswith(".url") and behind != MISSING:
            parts = urlsplit(behind)
            port = parts.port or (443 if parts.scheme == "https" else 80)
            found.add(f"endpoint {_host(parts.hostname or '')}:{port}")
    if loaded.candidate.kubernetes is not None:
        namespace = loaded.candidate.kubernetes.namespace or ""
        found.add(f"cluster {loaded.resolved.get('kubernetes.context', '')} namespace {namespace}")
    return tuple(sorted(found))


def _host(name: str) -> str:
    """One spelling for names that are known to be the same without a look-up."""
    plain = name.removesuffix(".")
    return "127.0.0.1" if plain == "localhost" else plain


@dataclass
class CandidateLock:
    """Held from `take` until `release`, or until this process ends, however it ends."""

    run: str
    _held: list[int] = field(default_factory=list)
    keys: tuple[str, ...] = ()

    def take(self, keys: Iterable[str]) -> None:
        """Raises UsageError, which names the other run, if one holds any of them; nothing is held then."""
        folder = state_folder("locks")
        for key in sorted(keys):
            self._take(folder / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.lock", key)
        self.keys = tuple(sorted(keys))

    def _take(self, path: Path, key: str) -> None:
        opened = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            other = _holder(opened)
            os.close(opened)
            self.release()
            raise UsageError(
                f"run {other} is still going on against this candidate ({key}): two at once would inject faults into "
                "two nodes; wait until it has ended"
            ) from None
        self._held.append(opened)
        os.ftruncate(opened, 0)
        os.pwrite(opened, json.dumps({"run": self.run, "process": os.getpid(), "key": key}).encode(), 0)

    def release(self) -> None:
        """Others may take them. Safe to call twice. The files stay: one that is removed could be locked twice."""
        while self._held:
            os.close(self._held.pop())


def _holder(opened: int) -> str:
    try:
        owner = json.loads(os.pread(opened, 4096, 0))
        return f"{owner['run']} (process {owner['process']})"
    except (ValueError, KeyError, TypeError):
        return "of unknown name"
