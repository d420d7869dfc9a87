"""How a campaign is played; the same for phase 1 and phase 2."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """`whole_within`: seconds in which the candidate must be whole again after a fault; None: what its contract
    promises (`failure.recovery_seconds`). After one that was not, it is waited for `patience` seconds only, until it
    is. `only`: the names of the faults that are done; None: all.
    """

    whole_within: float | None = None
    patience: float = 5.0
    only: frozenset[str] | None = None

    def wanted(self, name: str) -> bool:
        """Whether the fault of that name is done."""
        return self.only is None or name in self.only
