"""A checker that throws has judged nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec

from readiness.finding import Finding, unknown

_Args = ParamSpec("_Args")


def guarded(checker: Callable[_Args, Finding], *args: _Args.args, **kwargs: _Args.kwargs) -> Finding:
    """The checker's finding, made honest; UNKNOWN with the exception's type and message if it raises one."""
    try:
        return checker(*args, **kwargs).honest()
    except Exception as error:  # noqa: BLE001  the whole point
        name = getattr(checker, "__name__", type(checker).__name__)
        return unknown(f"{name} could not judge: {type(error).__name__}: {error}")
