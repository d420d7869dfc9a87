"""The private folder of a run."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from pathlib import Path

from readiness.providers.engine.journal import FaultVerb, Undo
from readiness.undo.journal import DurableJournal
from readiness.undo.play import WORK


class WorkFolder:
    """The run's journal names it before it is made, so that it is removed even if the run is killed."""

    def __init__(self, journal: DurableJournal) -> None:
        self.path = Path(tempfile.gettempdir()) / f"{WORK}{secrets.token_hex(6)}"
        self._journal = journal
        self._entry: str | None = None

    def make(self, candidate: str) -> None:
        """Make it, empty, for this user only. The journal has begun."""
        undo = Undo("session", candidate, FaultVerb.REMOVE, str(self.path))
        self._entry = self._journal.open(
            FaultVerb.MAKE, str(self.path), undo, {"by hand": f"rm -rf {self.path}"}
        )
        self.path.mkdir(mode=0o700)

    def remove(self) -> None:
        """Remove it, if it was made. What cannot be removed stays in the journal."""
        shutil.rmtree(self.path, ignore_errors=True)
        if self._entry and not self.path.exists():
            self._journal.close(self._entry)
