"""P1.17 and P1.29: damaged uploads are refused, and leave nothing."""

from __future__ import annotations

from enum import StrEnum

from readiness.evidence.observation import Observation
from readiness.evidence.seen import Seen
from readiness.finding import Finding, proved
from readiness.judges.observed import broken_rule, calls


class Step(StrEnum):
    """What is asked. `asked.damage` names the checksum that does not fit."""

    PUT = "damaged PUT"
    HEAD = "HEAD after a damaged PUT"


def damaged(seen: Seen) -> Finding:
    """An upload whose checksum does not fit is refused with a client error, and HEAD finds nothing."""
    return broken_rule(seen, {Step.PUT: _refused, Step.HEAD: _left}) or proved(
        "damaged uploads refused by every endpoint, nothing left", calls(seen)
    )


def _refused(one: Observation) -> str | None:
    if one.status is not None and 400 <= one.status < 500:
        return None
    answer = f"HTTP {one.status}, expected 400" if one.status is not None else one.why()
    return f"{_where(one)}: {answer}"


def _left(one: Observation) -> str | None:
    if one.outcome == "error" and one.status == 404:
        return None
    if one.outcome == "unanswered":
        return f"{_where(one)}: refused, but whether it left an object is unknown: {one.why()}"
    return f"{_where(one)}: it left an object{'' if one.ok else f' ({one.why()})'}"


def _where(one: Observation) -> str:
    return f"PUT to {one.asked['bucket']} with a wrong {one.asked['damage']} through {one.endpoint}"
