"""Observations whose result has a shape of its own: read as that shape, or nothing is judged from them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from pydantic import BaseModel, ValidationError

from readiness.evidence.observation import Observation
from readiness.evidence.seen import Seen
from readiness.finding import Finding, unknown

M = TypeVar("M", bound=BaseModel)
P = ParamSpec("P")


class Unshaped(ValueError):
    """A result that is not of the shape of its step: it was altered, or another version of the suite made it."""


def typed(one: Observation, model: type[M]) -> M:
    """The result of this observation. Raises Unshaped."""
    try:
        return model.model_validate(one.result)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise Unshaped(f"{one.step} ({one.endpoint}): {place}: {first['msg']}".replace(": :", ":")) from None


def careful(judge: Callable[Concatenate[Seen, P], Finding]) -> Callable[Concatenate[Seen, P], Finding]:
    """The judge; UNKNOWN where a result is not of its step's shape."""

    @functools.wraps(judge)
    def judged(seen: Seen, /, *args: P.args, **kwargs: P.kwargs) -> Finding:
        try:
            return judge(seen, *args, **kwargs)
        except Unshaped as error:
            return unknown(f"what was recorded cannot be judged: {error}")

    return judged
