"""P3.0: only one stack is in migration at a time, by a lock object that is created with `If-None-Match: *`."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from pydantic import JsonValue

from readiness.errors import Refuted
from readiness.evidence.observation import Outcome
from readiness.judges.stacks.steps import Step
from readiness.recording import Recording, Stopped
from readiness.s3.library import Malformed
from readiness.tofu.objects import Objects, StoreError

NAME = "migration-in-progress.json"


class MigrationInProgressError(Refuted):
    """Another stack, the `holder`, is in migration. Nothing was begun."""

    def __init__(self, stack: str, holder: str) -> None:
        super().__init__(f"{stack} cannot be migrated now: {holder} is in migration")
        self.holder = holder


@contextmanager
def turn(objects: Objects, prefix: str, stack: str) -> Iterator[None]:
    """Hold the only turn to migrate, for this stack. Raises MigrationInProgressError while another one has it.

    A run that died in a migration leaves the object behind, on purpose: somebody must look at that stack before
    another one is begun.
    """
    key = f"{prefix}/{NAME}"
    mine = json.dumps({"stack": stack, "turn": secrets.token_hex(8)}).encode()
    if not objects.create(key, mine):
        raise MigrationInProgressError(stack, holder(objects, prefix))
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


def one_at_a_time(see: Recording, through: Sequence[Objects], prefix: str, stacks: Sequence[str]) -> None:
    """P3.0: while the first stack has its turn, every stack asks for one through every endpoint; afterwards each of
    the others does. Raises Stopped where the candidate gives no answer.
    """
    tries = _Tries(see, through, prefix)
    first, *others = stacks
    with tries.ask(through[0], first):
        for objects in through:
            for other in (*others, first):
                with tries.ask(objects, other, holding=first):
                    pass
    for at, other in enumerate(others):
        with tries.ask(through[at % len(through)], other):
            pass


class _Tries:
    """Asks for turns and keeps what came back."""

    def __init__(self, see: Recording, through: Sequence[Objects], prefix: str) -> None:
        self._see, self._prefix = see, prefix
        self._through: list[JsonValue] = [objects.endpoint.name for objects in through]

    @contextmanager
    def ask(self, objects: Objects, stack: str, holding: str = "") -> Iterator[None]:
        """Ask for a turn, and hold it if it is given; `holding` is the stack that has it already. Raises Stopped."""
        began = self._see.subject.now()
        asked: dict[str, JsonValue] = {"stack": stack, "holding": holding, "through": self._through}

        def keep(outcome: Outcome, error: str | None = None, result: JsonValue = None) -> None:
            name = objects.endpoint.name
            self._see.keep(Step.TURN, name, "boto3", began, outcome, error=error, result=result, asked=asked)

        try:
            with ExitStack() as held:
                try:
                    held.enter_context(turn(objects, self._prefix, stack))
                except MigrationInProgressError as refusal:
                    keep("ok", result={"taken": False, "holder": refusal.holder})
                else:
                    keep("ok", result={"taken": True, "holder": stack})
                yield
        except StoreError as error:
            keep("unanswered", str(error))
            raise Stopped(str(error)) from error
        except Malformed as error:
            keep("malformed", str(error))
            raise Stopped(str(error)) from error
