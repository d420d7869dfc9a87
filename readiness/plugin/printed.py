"""What pytest prints of a test: one line where the suite knows the reason, and no secret."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from readiness.errors import NotRun, Refuted, Unjudged, WrongAnswer


def without_secrets(report: pytest.TestReport, clean: Callable[[str], str]) -> None:
    """Nothing that pytest prints of a test holds a secret."""
    if isinstance(report.longrepr, tuple):  # of a skipped test: file, line, reason
        path, line, reason = report.longrepr
        report.longrepr = (path, line, clean(reason))
    elif report.longrepr is not None:
        report.longrepr = clean(str(report.longrepr))
    report.sections = [(name, clean(text)) for name, text in report.sections]


def short(excinfo: pytest.ExceptionInfo[BaseException]) -> str:
    """The reason of a test that was judged, or was not run; of any other error, where it was raised."""
    if isinstance(excinfo.value, Refuted | WrongAnswer | Unjudged | NotRun | pytest.skip.Exception):
        return f"{type(excinfo.value).__name__}: {excinfo.value}"
    return str(excinfo.getrepr(style="short"))
