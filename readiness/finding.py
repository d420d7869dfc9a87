"""What a judgement says: one of four states, its reason, what was measured, and the operations that show it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import count
from typing import TYPE_CHECKING, TypeAlias

from readiness.grounds import Violation, ViolationKind

if TYPE_CHECKING:
    from readiness.grounds import Ground
    from readiness.history import Op

Measured: TypeAlias = Mapping[str, float | int | str | bool | None]


class State(StrEnum):
    """The state of a criterion. When findings merge, the worst wins: REFUTED > UNKNOWN > NOT RUN > PROVED."""

    REFUTED = "REFUTED"
    UNKNOWN = "UNKNOWN"
    NOT_RUN = "NOT RUN"
    PROVED = "PROVED"


UNAVAILABLE = frozenset({ViolationKind.OUTAGE, ViolationKind.NO_WINNER})
"""Violations by answers that did not come; all others are answers that are wrong."""
WORST_FIRST = (State.REFUTED, State.UNKNOWN, State.NOT_RUN, State.PROVED)


def worst(states: Iterable[State]) -> State:
    """The merged state. Nothing to merge is UNKNOWN: an empty set of findings proves nothing."""
    present = set(states)
    return next((state for state in WORST_FIRST if state in present), State.UNKNOWN)


class Unobserved(ValueError):
    """A finding that claims to be PROVED by nothing."""


@dataclass(frozen=True)
class Finding:
    """A judgement with its grounds.

    `observations` counts the direct observations of the candidate behind it: nothing is PROVED without one (stop
    condition S.6). `witness` is the shortest history that shows a refusal. `grounds` are what the checkers put into
    `reason`, as values. `impossible`: NOT RUN because the provider or the machine lacks the means for the fault, and
    for no other cause.

    Raises Unobserved for a PROVED finding without an observation, ValueError for an impossible one that is not NOT RUN.
    """

    state: State
    reason: str
    measured: Measured = field(default_factory=dict)
    observations: int = 0
    witness: tuple[Op, ...] = ()
    grounds: tuple[Ground, ...] = ()
    impossible: bool = False

    @property
    def wrong_answer(self) -> bool:
        """REFUTED by an answer: something acknowledged was lost, denied or mixed up, or two clients won. A missing
        answer is not one.
        """
        return self.state is State.REFUTED and any(
            isinstance(ground, Violation) and ground.kind not in UNAVAILABLE for ground in self.grounds
        )

    def __post_init__(self) -> None:
        if self.state is State.PROVED and self.observations <= 0:
            raise Unobserved(f"PROVED without a direct observation: {self.reason}")
        if self.impossible and self.state is not State.NOT_RUN:
            raise ValueError(f"{self.state}, and impossible: {self.reason}")

    def cleaned(self, clean: Callable[[str], str]) -> Finding:
        """The same with every text of its reason and of what was measured cleaned, such as of secrets."""
        measured = {
            clean(name): clean(value) if isinstance(value, str) else value
            for name, value in self.measured.items()
        }
        return replace(self, reason=clean(self.reason), measured=measured)


def proved(reason: str, observations: int, **measured: float | int | str | bool | None) -> Finding:
    """PROVED by that many direct observations of the candidate; UNKNOWN if there is none."""
    return proved_by(reason, observations, measured)


def proved_by(reason: str, observations: int, measured: Measured, grounds: Iterable[Ground] = ()) -> Finding:
    """PROVED by that many direct observations of the candidate; UNKNOWN if there is none."""
    if observations <= 0:
        return Finding(State.UNKNOWN, f"no direct observation supports it: {reason}", measured)
    return Finding(State.PROVED, reason, measured, observations, grounds=tuple(grounds))


def refuted(
    reason: str,
    *,
    observations: int = 1,
    witness: Iterable[Op] = (),
    measured: Measured | None = None,
    grounds: Iterable[Ground] = (),
) -> Finding:
    """A REFUTED finding; `witness` holds the operations that show it."""
    return Finding(State.REFUTED, reason, measured or {}, observations, tuple(witness), tuple(grounds))


def unknown(
    reason: str,
    *,
    observations: int = 0,
    measured: Measured | None = None,
    grounds: Iterable[Ground] = (),
) -> Finding:
    """An UNKNOWN finding: the reason says what could not be judged."""
    return Finding(State.UNKNOWN, reason, measured or {}, observations, grounds=tuple(grounds))


def impossible(reason: str) -> Finding:
    """NOT RUN, for the provider or the machine lacks the means for its fault; the reason says which."""
    return Finding(State.NOT_RUN, reason, impossible=True)


def merge(findings: Iterable[Finding]) -> Finding:
    """One finding for many: worst state, the reasons and grounds of that state joined, measured values united,
    counts added. It is impossible only if every finding that did not run is.

    No measured value is lost: where a further finding has another value under a name that is taken, it is kept as
    `2: NAME`, `3: NAME` and so on.
    """
    parts = list(findings)
    state = worst(part.state for part in parts)
    deciding = [part for part in parts if part.state is state]
    reasons = list(dict.fromkeys(part.reason for part in deciding if part.reason))
    measured: dict[str, float | int | str | bool | None] = {}
    for part in parts:
        for name, value in part.measured.items():
            measured[_free(name, value, measured)] = value
    witness = next((part.witness for part in deciding if part.witness), ())
    return Finding(
        state,
        "; ".join(reasons) or "nothing was judged",
        measured,
        sum(part.observations for part in parts),
        witness,
        tuple(dict.fromkeys(ground for part in deciding for ground in part.grounds)),
        state is State.NOT_RUN and all(part.impossible for part in deciding),
    )


def _free(name: str, value: float | int | str | bool | None, taken: Measured) -> str:
    """The first of `NAME`, `2: NAME`, `3: NAME` … that is not taken, or is by the same value."""
    names = (f"{number}: {name}" if number > 1 else name for number in count(1))
    return next(free for free in names if free not in taken or taken[free] == value)
