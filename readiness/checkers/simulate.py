"""Histories of a register that is right, and of ones that are not, from a seed: for tests, cross-checks and
benchmarks.

The store here takes effect at one moment between call and return, so what it says has an order by
construction. A write whose answer is lost took effect at once, or much later, or never.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from readiness.history import READS, WRITES, Op, Outcome, Verb

ENDPOINTS = ("honey", "bumble", "sting")
_VERBS = (Verb.READ, Verb.READ, Verb.HEAD, Verb.WRITE, Verb.WRITE, Verb.CREATE, Verb.CAS, Verb.DELETE)


@dataclass(frozen=True, slots=True)
class Shape:
    """How a history is made. `lost` and `failed`: the probabilities of no answer and of a clean failure."""

    operations: int = 40
    clients: int = 4
    lost: float = 0.1
    failed: float = 0.05
    late: float = 0.5
    """The probability that an unanswered write takes effect late; half of the others never do."""
    bodies: int = 0
    """So many different bodies in all; 0: each write has its own."""


@dataclass(slots=True)
class _Plan:
    process: str
    verb: Verb
    invoked: float
    moment: float
    completed: float
    outcome: Outcome


def register(rng: random.Random, shape: Shape, *, bucket: str = "scratch", key: str = "k") -> list[Op]:
    """One object's history that has an order, in invocation order; indexes count from 0."""
    plans: list[_Plan] = []
    clock = {f"c{number}": rng.random() for number in range(shape.clients)}
    for _ in range(shape.operations):
        process = min(clock, key=lambda each: clock[each])
        invoked = clock[process] + rng.random() * 0.2
        completed = invoked + 0.01 + rng.expovariate(2.0)
        moment = rng.uniform(invoked, completed)
        dice = rng.random()
        outcome = Outcome.OK
        if dice < shape.lost:
            outcome = Outcome.UNKNOWN
            if rng.random() < shape.late:
                moment = invoked + rng.expovariate(0.2)
            elif rng.random() < 0.5:
                moment = float("inf")
        elif dice < shape.lost + shape.failed:
            outcome, moment = Outcome.FAIL, float("inf")
        plans.append(_Plan(process, rng.choice(_VERBS), invoked, moment, completed, outcome))
        clock[process] = completed
    return _played(rng, plans, shape, bucket, key)


def _played(rng: random.Random, plans: list[_Plan], shape: Shape, bucket: str, key: str) -> list[Op]:
    """What the store says to each plan, at its moment."""
    state: str | None = None
    seen: list[str] = []
    done: list[tuple[float, Op]] = []
    for number, plan in enumerate(sorted(plans, key=lambda each: each.moment)):
        body = f"v{rng.randrange(shape.bodies) if shape.bodies else number}"
        if plan.verb is Verb.CAS and not seen:
            plan.verb = Verb.READ
        expected = None
        if plan.verb is Verb.CAS:
            expected = state if state is not None and rng.random() < 0.6 else rng.choice(seen[-6:])
        status, after = _answer(plan.verb, state, body, expected)
        if plan.moment != float("inf"):
            state = after
        if plan.verb in WRITES and plan.verb is not Verb.DELETE:
            seen.append(body)
        answered = plan.outcome is Outcome.OK
        value = body if plan.verb in WRITES and plan.verb is not Verb.DELETE else None
        if plan.verb in READS and answered:
            value = state
        done.append(
            (
                plan.invoked,
                Op(
                    index=0,
                    workload="register",
                    process=plan.process,
                    endpoint=rng.choice(ENDPOINTS),
                    verb=plan.verb,
                    bucket=bucket,
                    key=key,
                    invoked=plan.invoked,
                    completed=plan.completed,
                    outcome=plan.outcome,
                    status=status if answered else None,
                    value=value,
                    expected=expected,
                ),
            )
        )
    done.sort(key=lambda each: each[0])
    return [replace(op, index=index) for index, (_, op) in enumerate(done)]


def _answer(verb: Verb, state: str | None, body: str, expected: str | None) -> tuple[int, str | None]:
    """The status that a right store gives in `state`, and what it holds afterwards."""
    match verb:
        case Verb.WRITE:
            return 200, body
        case Verb.CREATE:
            return (200, body) if state is None else (412, state)
        case Verb.CAS:
            if state is None:
                return 404, state
            return (200, body) if state == expected else (412, state)
        case Verb.DELETE:
            return 204, None
        case _:
            return (404 if state is None else 200), state


def spoilt(rng: random.Random, history: Sequence[Op]) -> list[Op]:
    """The history with one answer changed, as a broken store could have. It may still have an order."""
    ops = list(history)
    answered = [index for index, op in enumerate(ops) if op.ok]
    if not answered:
        return ops
    index = rng.choice(answered)
    op = ops[index]
    bodies = [other.value for other in ops if other.value is not None and other.verb in WRITES]
    if op.verb in READS:
        value = rng.choice([None, *bodies])
        ops[index] = replace(op, value=value, status=404 if value is None else 200)
    elif op.verb is Verb.CREATE:
        ops[index] = replace(op, status=200 if op.status == 412 else 412)
    elif op.verb is Verb.CAS:
        ops[index] = replace(
            op, status=rng.choice([status for status in (200, 404, 412) if status != op.status])
        )
    else:  # acknowledged, but not done: gone from the history of effects, or done too late for it
        late = op.completed + rng.random() * 5
        ops[index] = replace(op, invoked=late, completed=late + 0.1)
    return sorted(ops, key=lambda each: (each.invoked, each.index))


def many(seed: int, *, operations: int, keys: int, clients: int, lost: float = 0.02) -> list[Op]:
    """A history over many objects, as a workload makes it."""
    rng = random.Random(seed)
    shape = Shape(operations=operations // keys, clients=clients, lost=lost)
    ops = [op for number in range(keys) for op in register(rng, shape, key=f"k{number:04d}")]
    ops.sort(key=lambda op: op.invoked)
    return [replace(op, index=index) for index, op in enumerate(ops)]
