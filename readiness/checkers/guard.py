"""A checker that throws has judged nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec

from readiness.checkers.render import render
from readiness.finding import Finding, unknown
from readiness.grounds import Doubt, DoubtKind

_Args = ParamSpec("_Args")


def guarded(checker: Callable[_Args, Finding], *args: _Args.args, **kwargs: _Args.kwargs) -> Finding:
    """The checker's finding, made honest; UNKNOWN with the exception's type and message if it raises one."""
    try:
        return checker(*args, **kwargs)
    except Exception as error:  # noqa: BLE001  the whole point
        name = getattr(checker, "__name__", type(checker).__name__)
        doubt = Doubt(DoubtKind.CHECKER_FAILED, name, names=(type(error).__name__, str(error)))
        return unknown(render(doubt), grounds=[doubt])
