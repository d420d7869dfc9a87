"""Short spellings for histories written by hand."""

from __future__ import annotations

import dataclasses
from itertools import count
from typing import Any

from hypothesis import settings

from readiness.finding import Finding
from readiness.grounds import Violation
from readiness.history import Op, Outcome, Verb

FIXED = settings(max_examples=settings().max_examples * 3 // 2)
"""Half as many examples again as tests/conftest.py asks for."""

_numbers = count()


def op(verb: Verb | str, span: tuple[float, float], status: int | None = 200, **more: Any) -> Op:
    """One answered operation on scratch/k through bumble; `status=None`: its answer was lost."""
    fields: dict[str, Any] = {
        "index": next(_numbers),
        "workload": "register",
        "process": "p1",
        "endpoint": "bumble",
        "verb": Verb(verb),
        "bucket": "scratch",
        "key": "k",
        "invoked": float(span[0]),
        "completed": float(span[1]),
        "outcome": Outcome.UNKNOWN if status is None else Outcome.OK,
        "status": status,
    }
    return Op(**(fields | more))


def write(value: str, *span: float, **more: Any) -> Op:
    return op("write", (span[0], span[1]), **({"value": value} | more))


def create(value: str, *span: float, **more: Any) -> Op:
    return op("create", (span[0], span[1]), **({"value": value} | more))


def cas(expected: str, value: str, *span: float, **more: Any) -> Op:
    return op("cas", (span[0], span[1]), **({"value": value, "expected": expected} | more))


def delete(*span: float, **more: Any) -> Op:
    return op("delete", (span[0], span[1]), **({"status": 204} | more))


def read(value: str | None, *span: float, **more: Any) -> Op:
    status = 404 if value is None else 200
    return op("read", (span[0], span[1]), **({"value": value, "status": status} | more))


def head(value: str | None, *span: float, **more: Any) -> Op:
    status = 404 if value is None else 200
    return op("head", (span[0], span[1]), **({"value": value, "status": status} | more))


def listing(keys: list[str], *span: float, **more: Any) -> Op:
    return op("list", (span[0], span[1]), **({"key": "", "keys": tuple(keys)} | more))


def failed(made: Op) -> Op:
    """The same operation, refused without effect."""
    return dataclasses.replace(made, outcome=Outcome.FAIL, status=503)


def violations(finding: Finding) -> list[Violation]:
    """What a finding says is violated."""
    return [ground for ground in finding.grounds if isinstance(ground, Violation)]
