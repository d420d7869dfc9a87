"""P1.1 and P1.2: buckets are listed, and HEAD tells those that exist from those that do not."""

from __future__ import annotations

from enum import StrEnum

from readiness.evidence.observation import Observation
from readiness.evidence.seen import Seen
from readiness.finding import Finding, proved
from readiness.judges.observed import Rule, absent, broken_rule, calls, fine


class Step(StrEnum):
    """What is asked."""

    LIST = "list-buckets"
    HEAD = "head-bucket"
    HEAD_ABSENT = "head-bucket (absent)"


def listed(seen: Seen) -> Finding:
    """P1.1. `asked.wanted` are the scratch buckets, the result those of them that the listing names."""
    return broken_rule(seen, {Step.LIST: _omits}) or proved(
        f"{calls(seen)} listings name the scratch buckets", calls(seen)
    )


def _omits(one: Observation) -> str | None:
    missing = _names(one.asked["wanted"]) - _names(one.result)
    return f"list-buckets {one.where} omits {sorted(missing)}" if missing else None


def _names(value: object) -> set[str]:
    return {str(name) for name in value} if isinstance(value, list) else set()


def headed(seen: Seen) -> Finding:
    """P1.2: HEAD of a bucket that exists, and of one that does not."""
    rules: dict[str, Rule] = {
        Step.HEAD: fine,
        Step.HEAD_ABSENT: absent("head-bucket of a bucket that does not exist,"),
    }
    return broken_rule(seen, rules) or proved(f"{calls(seen)} bucket HEADs", calls(seen))
