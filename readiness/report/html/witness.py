"""The shortest history that refutes a criterion, step by step: who asked whom, when, what was due, what came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from readiness.history import READS, WRITES, Op, Outcome, Verb, from_json
from readiness.report.words import short

MOST, MOST_TEXT = 40, 300


@dataclass(frozen=True)
class WitnessStep:
    """One operation of a witness."""

    client: str
    endpoint: str
    when: str
    asked: str
    expected: str
    came: str
    culprit: bool


def steps(lines: Sequence[str]) -> list[WitnessStep]:
    """The operations of a stored witness in the order of their invocation; a line that is not one is left out."""
    ops = []
    for line in lines[:MOST]:
        try:
            ops.append(from_json(line))
        except (ValueError, TypeError, KeyError):
            continue
    ops.sort(key=lambda op: (op.invoked, op.index))
    last = max(ops, key=lambda op: op.completed, default=None)
    return [_step(op, ops, culprit=op is last) for op in ops]


def _step(op: Op, ops: Sequence[Op], *, culprit: bool) -> WitnessStep:
    through = " ".join(part for part in (op.library, op.connection and f"{op.connection} connection") if part)
    return WitnessStep(
        client=short(f"{op.workload} {op.process} ({through})", MOST_TEXT),
        endpoint=short(op.endpoint, MOST_TEXT),
        when=f"{op.invoked:.3f} to {op.completed:.3f} s",
        asked=short(_asked(op), MOST_TEXT),
        expected=short(_expected(op, ops), MOST_TEXT),
        came=short(_came(op), MOST_TEXT),
        culprit=culprit,
    )


def _asked(op: Op) -> str:
    what = f"{op.verb} {op.bucket}/{op.key}".rstrip("/ ")
    if op.verb in (Verb.WRITE, Verb.CREATE, Verb.CAS):
        what += f", body {op.value}"
    return f"{what}, if it still is {op.expected}" if op.expected else what


def _expected(op: Op, ops: Sequence[Op]) -> str:
    if op.workload == "probe" and (not op.ok or (op.status or 200) >= 400):
        return "an answer within the contract's response time"
    before = [
        o
        for o in ops
        if o.acknowledged and (o.bucket, o.key) == (op.bucket, op.key) and o.completed < op.invoked
    ]
    latest = max(before, key=lambda o: o.invoked, default=None)
    if op.verb is Verb.READ_VERSION:
        return "the body that this version was written with"
    if op.verb in READS and latest is not None:
        return "404, or newer" if latest.verb is Verb.DELETE else f"{latest.value}, or newer"
    if op.verb in READS and (op.value or "").startswith("?"):
        return "a body that the suite wrote, or 404"
    if op.verb is Verb.CREATE:
        return "412 if the object is there; one winner"
    if op.verb is Verb.CAS:
        return f"200 only if it still is {op.expected}"
    return "done, once acknowledged" if op.verb in WRITES else "what the other views say"


def _came(op: Op) -> str:
    if op.outcome is Outcome.UNKNOWN:
        return f"no answer: {op.error or 'time-out'}; may have happened"
    text = f"{op.status}" if op.status else str(op.outcome)
    if op.value is not None and op.verb not in WRITES and op.status == 200:
        text += f", body {op.value}"
    if op.keys is not None:
        shown = ", ".join(op.keys[:8]) + (" …" if len(op.keys) > 8 else "")
        text += f", {len(op.keys)} keys: {shown}"
    return f"{text}, {op.error}" if op.error else text
