"""A defect as a value: what a lying store does, where that was seen, and which criterion must say so."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from readiness.s3.wire import Wire
from readiness.topology import Topology
from tests.battery.call import Act
from tests.battery.world import World

Options = Callable[[Path], list[str]]
Event = Callable[[World, Mapping[str, Wire], str, tuple[str, ...]], Awaitable[None]]


@dataclass(frozen=True)
class Defect:
    """One defect.

    `expects`: criteria that must be REFUTED (or, for defects of the harness rather than of the store, only not
    PROVED: `never_proved`). `look`: criteria that are judged beside them. `scenarios`: those of the campaign that are
    played, all others are not. `act` answers requests; `event` is told each verb of the provider just before it is
    done; `verbs` replace verbs of the provider and are given the real one; `route` leads endpoints to other ones'
    addresses; `topology` changes what the provider says of itself. `says`: a part of the message by which an operator
    understands what the store did.

    `options` makes what a run is given, in an empty folder, and returns the options for it; `runs` are the criteria
    that run, if others than are judged. `refuses`: the run must end with exit code 4 before anything is judged, and the
    message of that is what the operator reads.
    """

    name: str
    source: str
    does: str
    expects: tuple[str, ...]
    says: str
    scenarios: tuple[str, ...] = ()
    look: tuple[str, ...] = ()
    act: Act | None = None
    event: Event | None = None
    verbs: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    route: Mapping[str, str] = field(default_factory=dict)
    topology: Callable[[Topology], Topology] | None = None
    never_proved: bool = False
    quick: bool = False
    options: Options | None = None
    runs: tuple[str, ...] = ()
    refuses: bool = False

    @property
    def criteria(self) -> tuple[str, ...]:
        """Everything that is judged."""
        return tuple(dict.fromkeys((*self.expects, *self.look)))
