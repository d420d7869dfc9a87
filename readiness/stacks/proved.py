"""What must be proved of a stack before anything may be applied to it."""

from __future__ import annotations

from collections.abc import Mapping

from readiness.errors import Refuted
from readiness.finding import Finding, State


class NotProvedError(Refuted):
    """An apply was attempted before the five steps of its stack were proved."""


def must_be_proved(stack: str, steps: Mapping[str, Finding]) -> None:
    """Every step of this stack is there and PROVED, by direct observations. Raises NotProvedError: nothing may be
    applied."""
    wanted = [f"P3.{stack}.{number}" for number in range(1, 6)]
    missing = [
        f"{name} is {steps[name].state if name in steps else State.NOT_RUN}"
        for name in wanted
        if name not in steps or steps[name].state is not State.PROVED
    ]
    if missing:
        raise NotProvedError(f"{stack} must not be applied: {', '.join(missing)}")
