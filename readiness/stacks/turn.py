"""P3.0: only one stack is in migration at a time, by a lock object that is created with `If-None-Match: *`."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from readiness.checkers.words import count
from readiness.errors import Refuted
from readiness.finding import Finding, proved, refuted
from readiness.tofu.env import judgement
from readiness.tofu.objects import Objects

NAME = "migration-in-progress.json"


class MigrationInProgressError(Refuted):
    """Another stack is in migration: its name is in the message. Nothing was begun."""


@contextmanager
def turn(objects: Objects, prefix: str, stack: str) -> Iterator[None]:
    """Hold the only turn to migrate, for this stack. Raises MigrationInProgressError while another one has it.

    A run that died in a migration leaves the object behind, on purpose: somebody must look at that stack before
    another one is begun.
    """
    key = f"{prefix}/{NAME}"
    mine = json.dumps({"stack": stack, "turn": secrets.token_hex(8)}).encode()
    if not objects.create(key, mine):
        raise MigrationInProgressError(
            f"{stack} cannot be migrated now: {holder(objects, prefix)} is in migration"
        )
    try:
        yield
    finally:
        if objects.get(key) == mine:
            objects.delete(key)


def holder(objects: Objects, prefix: str) -> str:
    """The stack that is in migration, as the lock object says."""
    body = objects.get(f"{prefix}/{NAME}")
    try:
        return str(json.loads(body or b"")["stack"])
    except (ValueError, KeyError, TypeError):
        return "an unknown stack"


@judgement
def one_at_a_time(through: Sequence[Objects], prefix: str, stacks: Sequence[str]) -> Finding:
    """P3.0: while the first stack has its turn, every other is refused through every endpoint; afterwards each
    gets one."""
    before = sum(objects.calls for objects in through)

    def seen() -> int:
        return sum(objects.calls for objects in through) - before

    first, *others = stacks
    with turn(through[0], prefix, first):
        for objects in through:
            for other in (*others, first):
                try:
                    with turn(objects, prefix, other):
                        reason = f"{objects.endpoint.name}: {other} got a turn while {first} was in migration"
                        return refuted(reason, observations=seen())
                except MigrationInProgressError as refusal:
                    if first not in str(refusal).partition(": ")[2]:
                        return refuted(f"{objects.endpoint.name}: {refusal}", observations=seen())
    for at, other in enumerate(others):
        with turn(through[at % len(through)], prefix, other):
            pass
    return proved(f"one turn for {len(stacks)} stacks, through {count(len(through), 'endpoint')}", seen())
