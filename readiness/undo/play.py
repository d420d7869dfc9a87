"""Undoing what a journal holds, from its data alone: idempotent, so that it can be played again."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from readiness import providers
from readiness.candidate.load import load
from readiness.errors import UsageError
from readiness.paths import IMPORTS
from readiness.providers.engine.journal import FaultVerb, UndoesLater
from readiness.redact import one_line
from readiness.undo.living import Process
from readiness.undo.stored import Entry
from readiness.undo.supervisors import wait_for

OBSERVE_SECONDS, INTERVAL, REMOVE_SECONDS = 30.0, 0.2, 60.0
WORK = "tofu-ha-"
"""How the names of a run's private folders begin: no other folder is ever removed."""
Announce = Callable[[str], None]


class Playable(Protocol):
    """The journal of one run, wherever it is kept."""

    @property
    def run(self) -> str: ...
    @property
    def candidate(self) -> str: ...
    @property
    def candidate_path(self) -> str: ...
    @property
    def fingerprint(self) -> str: ...
    @property
    def provider(self) -> str: ...
    @property
    def process(self) -> Process | None:
        """The process of the run, where the journal names it."""
        ...

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What is open, in the order in which it was done."""
        ...

    @property
    def goes_on(self) -> bool:
        """Whether the run still lives."""
        ...

    def held(self) -> AbstractContextManager[int]:
        """Nobody else plays it meanwhile. Raises BlockingIOError, or FileNotFoundError if it is gone."""
        ...

    def close(self, opened: int, done: Iterable[Entry]) -> None:
        """Marks these as undone; `opened` is what `held` gave."""
        ...


@dataclass
class Played:
    """What came of one journal."""

    undone: list[Entry] = field(default_factory=list)
    failed: list[tuple[Entry, str]] = field(default_factory=list)


def play(journal: Playable, announce: Announce) -> Played:
    """Undo everything that is open, the last first, and close what was seen to be undone. Raises BlockingIOError if
    another process is doing so.
    """
    played = Played()
    folders = {entry.undo.target for entry in journal.entries if entry.undo.verb is FaultVerb.REMOVE}
    with journal.held() as opened:
        if not wait_for(folders, announce):
            announce("it does not end: undoing anyway")
        later = None if journal.provider in providers.OWNED else _provider(journal)
        for entry in reversed(journal.entries):
            try:
                how = _undo(journal, entry, later)
            except Exception as error:  # noqa: BLE001 - one that fails must not keep the others from being undone
                played.failed.append((entry, one_line(str(error) or type(error).__name__)))
            else:
                announce(f"undone: {entry.words}: {how}")
                played.undone.append(entry)
        if isinstance(later, UndoesLater):
            _observe(later, played)
        journal.close(opened, played.undone)
    return played


def by_hand(entry: Entry) -> str:
    """What to do if it cannot be undone from here."""
    return entry.reach.get("by hand") or f"{entry.undo.verb} {entry.undo.target}"


def _provider(journal: Playable) -> UndoesLater | str:
    """The provider that undoes it, or why none can."""
    try:
        loaded = load(journal.candidate_path)
        if loaded.fingerprint != journal.fingerprint:
            return (
                f"the candidate file {journal.candidate_path}, or what it refers to, has changed since the run: it may "
                "name another store now"
            )
        provider = providers.create(loaded)
    except UsageError as error:
        return str(error)
    return provider if isinstance(provider, UndoesLater) else "this kind of provider cannot"


def _undo(journal: Playable, entry: Entry, later: UndoesLater | str | None) -> str:
    if entry.undo.verb is FaultVerb.REMOVE:
        return _remove(entry)
    if later is None:
        return "its store belonged to the run, and ended with it"
    if isinstance(later, str):
        raise UsageError(later)
    later.undo(entry.undo, entry.reach)
    return f"{entry.undo.verb} of {journal.candidate}"


def _observe(provider: UndoesLater, played: Played) -> None:
    """What was done is undone once it is seen: what is not in service again stays open."""
    waiting = {id(entry): list(provider.affected(entry.undo)) for entry in played.undone}
    deadline = time.monotonic() + OBSERVE_SECONDS
    while waiting:
        waiting = {
            key: left
            for key, names in waiting.items()
            if (left := [name for name in names if not provider.in_service(name)])
        }
        if not waiting or time.monotonic() > deadline:
            break
        time.sleep(INTERVAL)
    for entry in [entry for entry in played.undone if id(entry) in waiting]:
        played.undone.remove(entry)
        names = ", ".join(waiting[id(entry)])
        played.failed.append((entry, f"{names} is not in service {OBSERVE_SECONDS:g} s after it was undone"))


def _remove(entry: Entry) -> str:
    if run := entry.reach.get("containers"):
        return _remove_containers(run)
    path = Path(entry.undo.target)
    if entry.reach.get("litter"):
        path.unlink(missing_ok=True)
        return "removed"
    if not path.name.startswith(WORK):
        raise UsageError(f"{path} is not the folder of a run")
    ended = _end_processes_in(path)
    if path.exists():
        shutil.rmtree(path)
    return f"removed, with {ended} processes in it" if ended else "removed"


def _end_processes_in(folder: Path) -> int:
    """Ends what still works in a private folder of a run that is over, such as a tofu that it had started."""
    ended = 0
    for each in Path("/proc").glob("[0-9]*"):
        try:
            if (each / "cwd").readlink().is_relative_to(folder) and int(each.name) != os.getpid():
                os.kill(int(each.name), signal.SIGKILL)
                ended += 1
        except OSError:
            continue
    return ended


def _remove_containers(run: str) -> str:
    argv = [sys.executable, "-m", "readiness.providers.containers.remove", run]
    env = dict(os.environ) | {"PYTHONPATH": str(IMPORTS), "PYTHONSAFEPATH": "1"}
    ran = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=REMOVE_SECONDS, check=False)
    if ran.returncode:
        raise RuntimeError(f"{shlex.join(argv[1:])} ended with {ran.returncode}: {ran.stderr}")
    return "the containers, networks and volumes of the run were removed"
