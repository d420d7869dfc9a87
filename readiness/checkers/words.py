"""How checkers speak: sentences for an operator who sees only the report."""

from __future__ import annotations

import re
from collections.abc import Iterable

from readiness.grounds import Window
from readiness.history import Op, Verb

_DID = {
    Verb.WRITE: "write",
    Verb.CREATE: "create",
    Verb.CAS: "compare-and-set",
    Verb.DELETE: "delete",
}
_AFTER_NOUN = re.compile(r" (?:with|without|that|whose|not|of|given|found)\b")


def at(seconds: float) -> str:
    """A time of the run, as printed everywhere."""
    return f"{seconds:.2f} s"


def name(op: Op) -> str:
    """The object that an operation is about."""
    return f"{op.bucket}/{op.key}"


def did(op: Op) -> str:
    """What a write did, with the id of the body: `write v17`, `delete`."""
    verb = _DID.get(op.verb, str(op.verb))
    return verb if op.value is None or op.verb is Verb.DELETE else f"{verb} {op.value}"


def acknowledged(op: Op) -> str:
    """`write v17 was acknowledged through bumble at 11.90 s`."""
    return f"{did(op)} was acknowledged through {op.endpoint} at {at(op.completed)}"


def answered(op: Op) -> str:
    """`endpoint sting answered 404 for scratch/k at 12.31 s`; a body is named by its id."""
    answer = op.value if op.status == 200 and op.value is not None else str(op.status)
    verb = "" if op.verb is Verb.READ else f" {op.verb}"
    return f"endpoint {op.endpoint} answered{verb} {answer} for {name(op)} at {at(op.completed)}"


def spell(window: Window) -> str:
    """`bumble read new from 2.00 s: 1.90 s to 2.11 s`."""
    lasted = f"{window.lower:.2f} s to {window.upper:.2f} s"
    if not (window.opened and window.closed):
        lasted = f"at least {window.lower:.2f} s ({'end' if window.opened else 'begin'} not observed)"
    through = " ".join(each for each in (window.endpoint, window.verb, window.connection) if each)
    return f"{through} from {at(window.at_least[0])}: {lasted}"


def count(number: int, noun: str) -> str:
    """`1 answer`, `2 answers`, `2 races that nobody won`, `2 corrupt bodies`."""
    if number == 1:
        return f"1 {noun}"
    found = _AFTER_NOUN.search(noun)
    end = found.start() if found else len(noun)
    plural = f"{noun[: end - 1]}ies" if re.search(r"[^aeiou]y$", noun[:end]) else f"{noun[:end]}s"
    return f"{number} {plural}{noun[end:]}"


def some(names: Iterable[str], most: int = 3) -> str:
    """The first few of many, in order, and how many more."""
    listed = sorted(set(names))
    more = len(listed) - most
    return ", ".join(listed[:most]) + (f" and {more} more" if more > 0 else "")
