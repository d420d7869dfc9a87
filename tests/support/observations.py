"""Recordings by hand: what a healthy candidate answers, and the same with one defect."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import JsonValue

from readiness.candidate.load import load
from readiness.criteria import BY_ID
from readiness.criteria.model import Judge
from readiness.evidence.observation import Observation, Outcome
from readiness.evidence.seen import Promises, Seen
from readiness.finding import Finding
from readiness.history import Op
from readiness.recording import Recording, Stopped

Recorded = Sequence[Observation]
Defect = Callable[[Recorded], Recorded]
DECLARED: Mapping[str, Any] = load("embedded").candidate.model_dump(mode="json", by_alias=True)
PLAIN: Mapping[str, Any] = load("embedded-plain").candidate.model_dump(mode="json", by_alias=True)
"""A candidate that promises a backup instead of versions."""


def seen(
    step: str,
    endpoint: str = "a",
    client: str = "boto3",
    *,
    at: float = 1.0,
    outcome: Outcome = "ok",
    status: int | None = None,
    result: JsonValue = None,
    required: bool = False,
    **asked: JsonValue,
) -> Observation:
    """One observation."""
    return Observation(
        criterion="any",
        step=step,
        endpoint=endpoint,
        client=client,
        asked=asked,
        invoked=at,
        completed=at + 0.1,
        outcome=outcome,
        status=status,
        result=result,
        required=required,
    )


def refusal(step: str, endpoint: str = "a", status: int = 404, **more: Any) -> Observation:
    """One that the store refused."""
    return seen(step, endpoint, outcome="error", status=status, **more)


def changed(step: str, number: int = 0, **fields: Any) -> Defect:
    """The same recording, but the observation of that step with that number has these fields."""

    def change(recorded: Recorded) -> Recorded:
        places = [place for place, one in enumerate(recorded) if one.step == step]
        at = places[number]
        return [*recorded[:at], recorded[at].model_copy(update=fields), *recorded[at + 1 :]]

    return change


def lost(step: str, number: int = 0) -> Defect:
    """The store did not answer there."""
    return changed(step, number, outcome="unanswered", status=None, error="ReadTimeout", result=None)


def granted(step: str, number: int = 0, result: JsonValue = None) -> Defect:
    """The store did there what it should have refused."""
    return changed(step, number, outcome="ok", status=200, error=None, result=result)


def error(step: str, number: int = 0, status: int = 500) -> Defect:
    """The store answered there with that status."""
    return changed(step, number, outcome="error", status=status, error=f"HTTP {status}", result=None)


@dataclass(frozen=True)
class Case:
    """One criterion: a healthy recording, and what each defect makes of it.

    `judge`: where the criterion is judged from scenarios as well, its part that is not.
    """

    id: str
    healthy: Recorded
    defects: Mapping[str, Defect]
    unknown: Mapping[str, Defect] = field(default_factory=dict)
    proved: Mapping[str, Defect] = field(default_factory=dict)
    judge: Callable[[Seen], Finding] | None = None
    declared: Mapping[str, Any] = field(default_factory=lambda: DECLARED)

    @property
    def name(self) -> str:
        """Its id, and the shape of the candidate if that is another."""
        return f"{self.id}-plain" if self.declared is PLAIN else self.id

    def judged(self, recorded: Recorded, history: Sequence[Op] = ()) -> Finding:
        """What the judge makes of a recording."""
        given = Seen(Promises.of(self.declared), {}, recorded, history, self.declared)
        return self.judge(given) if self.judge else BY_ID[self.id].judged(given)


def judged(criterion: str, execution: Any, given: Any, judge: Judge | None = None) -> Finding:
    """What the criterion's judge, or this part of it, makes of what the execution records."""
    subject, *rest = given
    see = Recording(subject, criterion)
    with contextlib.suppress(Stopped):
        execution(subject, see, *rest)
    declared = subject.candidate.model_dump(mode="json", by_alias=True)
    seen = Seen(Promises.of(declared), {}, see.observations, (), declared)
    return judge(seen) if judge else BY_ID[criterion].judged(seen)
