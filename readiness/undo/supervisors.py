"""The process that outlives a run, while it undoes what that run has done: nobody else should do so meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from pathlib import Path

SUPERVISOR = "readiness.providers.supervisor"
WAIT_SECONDS, INTERVAL = 120.0, 0.2


def at_work(folders: Collection[str]) -> list[int]:
    """The processes, of this machine, that undo what runs with these private folders did."""
    return [int(path.name) for path in Path("/proc").glob("[0-9]*") if _serves(path, folders)]


def wait_for(
    folders: Collection[str], announce: Callable[[str], None], seconds: float = WAIT_SECONDS
) -> bool:
    """Wait until there is none; False if one is still there when the time is over. Commands that heal a store are not
    made to be run twice at the same time.
    """
    deadline = time.monotonic() + seconds
    if found := at_work(folders):
        announce(f"process {found[0]}, which outlived the run, undoes it already: waiting for it")
    while at_work(folders):
        if time.monotonic() > deadline:
            return False
        time.sleep(INTERVAL)
    return True


def _serves(process: Path, folders: Collection[str]) -> bool:
    """Its last arguments are the module's name, the number of the run's process, and the run's private folder."""
    try:
        arguments = (process / "cmdline").read_text("utf-8", errors="replace").split("\0")[:-1]
        return arguments[-3:-2] == [SUPERVISOR] and arguments[-1] in folders
    except OSError:
        return False
