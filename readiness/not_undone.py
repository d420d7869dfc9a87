"""Faults that the suite could not undo: from then on nothing is the candidate's own doing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class NotUndone:
    """One object for the whole run. `announce` takes a line for whoever watches: what could not be undone is reported
    at once.
    """

    announce: Callable[[str], None]
    left: list[str] = field(default_factory=list)

    def failed(self, fault: str, error: Exception) -> str:
        """Notes that this fault was not undone; returns the reason that criteria give from then on."""
        self.left.append(f"{fault}: {type(error).__name__}: {error}")
        self.announce(
            f"COULD NOT UNDO {self.left[-1]}. The candidate is left as the fault made it: start or repair by hand what "
            "it names"
        )
        return self.reason or ""

    @property
    def reason(self) -> str | None:
        """Why nothing can be judged any more; None while everything was undone."""
        if not self.left:
            return None
        return f"the suite itself left the candidate broken: it could not undo {'; '.join(self.left)}"
