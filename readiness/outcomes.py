"""What ended a check, as a finding: the one place that maps exceptions to states (docs/read-a-verdict.md)."""

from __future__ import annotations

from readiness.errors import NotRun, Refuted, Unjudged, WrongAnswer
from readiness.finding import Finding, State, refuted, unknown
from readiness.topology import Unsupported


def finding_of(error: BaseException) -> Finding:
    """REFUTED only by evidence that says so; NOT RUN by what says that it was not exercised; UNKNOWN by all else: an
    exception of the suite says nothing about the candidate.
    """
    if isinstance(error, Refuted | WrongAnswer):
        return refuted(str(error))
    if isinstance(error, NotRun | Unsupported):
        return Finding(State.NOT_RUN, str(error))
    if isinstance(error, Unjudged):
        return unknown(str(error))
    return unknown(f"{type(error).__name__}: {error}")
