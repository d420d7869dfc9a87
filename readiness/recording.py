"""Recorded calls: what was asked of whom with which client, and what came back, kept as evidence.

A check records what its judge needs and decides nothing. Every client library has this one recorded way: `ask` for
boto3 and minio, `wire` for the suite's own client, `fact` for what a provider can tell besides S3.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, TypeVar

from pydantic import JsonValue

from readiness.evidence.folder import Recorder
from readiness.evidence.observation import PROVIDER, Observation, Outcome
from readiness.s3.clients import libraries
from readiness.s3.library import Answered, Library, Malformed, Unanswered, translate
from readiness.s3.wire import NoReply, NotSent, Reply
from readiness.subject import Subject
from readiness.topology import Endpoint, Unsupported

R = TypeVar("R")
Asked = Mapping[str, JsonValue]
Kept = Callable[[R], JsonValue]


class Stopped(Exception):
    """What had to succeed did not: it is recorded, and refutes. Nothing more is asked for this criterion."""


def nothing(_answer: object) -> JsonValue:
    """What is kept of an answer by default: that it came."""
    return None


class Recording:
    """The observations of one criterion. Thread-safe as far as Evidence is."""

    def __init__(self, subject: Subject, criterion: str) -> None:
        self.subject, self.criterion = subject, criterion
        self.observations: list[Observation] = []
        self.load: Recorder | None = None

    def recorder(self, scope: str) -> Recorder:
        """Keeps the operations of a load of this criterion; its judge is given them as `Seen.history`."""
        self.load = self.subject.evidence.recorder(scope)
        return self.load

    def views(self) -> Iterator[tuple[Endpoint, Library]]:
        """Every endpoint with each client library."""
        for endpoint in self.subject.topology.all_endpoints():
            for library in libraries(self.subject.target(endpoint), self.subject.response_seconds * 3):
                yield endpoint, library

    def must(
        self,
        step: str,
        endpoint: Endpoint,
        client: str,
        call: Callable[[], R],
        *,
        asked: Asked | None = None,
        kept: Kept[R] = nothing,
    ) -> R:
        """The result of a call that succeeds on a store that serves. Raises Stopped if it does not."""
        answer = self.ask(step, endpoint, client, call, asked=asked, kept=kept, required=True)
        if isinstance(answer, Answered | Unanswered):
            raise Stopped(str(answer))
        return answer

    def ask(
        self,
        step: str,
        endpoint: Endpoint,
        client: str,
        call: Callable[[], R],
        *,
        asked: Asked | None = None,
        kept: Kept[R] = nothing,
        required: bool = False,
    ) -> R | Answered | Unanswered:
        """The result of a call with boto3 or minio, or the error it ended in. `kept` is what the judge needs of it."""
        began = self.subject.now()
        more: dict[str, Any] = {"asked": asked, "required": required}
        try:
            answer, result = translate(lambda: _both(call, kept))
        except Malformed as wrong:
            self.keep(step, endpoint.name, client, began, "malformed", wrong.status, str(wrong), **more)
            return wrong
        except Answered as refusal:
            self.keep(step, endpoint.name, client, began, "error", refusal.status, str(refusal), **more)
            return refusal
        except Unanswered as silence:
            self.keep(step, endpoint.name, client, began, "unanswered", error=str(silence), **more)
            return silence
        self.keep(step, endpoint.name, client, began, "ok", result=result, **more)
        return answer

    async def wire(
        self,
        step: str,
        endpoint: Endpoint,
        call: Awaitable[Reply],
        *,
        asked: Asked | None = None,
        required: bool = False,
    ) -> Reply | None:
        """The reply to one request of the suite's own client, whatever its status; None if none came."""
        began = self.subject.now()
        more: dict[str, Any] = {"asked": asked, "required": required}
        try:
            reply = await call
        except (NoReply, NotSent) as silence:
            self.keep(step, endpoint.name, "wire", began, "unanswered", error=str(silence), **more)
            return None
        outcome: Outcome = "ok" if reply.status < 300 else "error"
        refusal = None if outcome == "ok" else f"HTTP {reply.status} {reply.code or ''}".strip()
        self.keep(step, endpoint.name, "wire", began, outcome, reply.status, refusal, **more)
        return reply

    def fact(
        self,
        step: str,
        about: str,
        call: Callable[[], R],
        *,
        asked: Asked | None = None,
        kept: Kept[R] = nothing,
        required: bool = False,
    ) -> R | None:
        """What the provider says about an instance or a node, besides S3; None if it cannot (outcome error) or fails
        (unanswered).
        """
        began = self.subject.now()
        more: dict[str, Any] = {"asked": asked, "required": required}
        try:
            answer = call()
        except Unsupported as error:
            self.keep(step, about, PROVIDER, began, "error", error=str(error), **more)
            return None
        except (OSError, ValueError, RuntimeError) as error:
            problem = f"{type(error).__name__}: {error}"
            self.keep(step, about, PROVIDER, began, "unanswered", error=problem, **more)
            return None
        self.keep(step, about, PROVIDER, began, "ok", result=kept(answer), **more)
        return answer

    def keep(
        self,
        step: str,
        endpoint: str,
        client: str,
        began: float,
        outcome: Outcome,
        status: int | None = None,
        error: str | None = None,
        result: JsonValue = None,
        *,
        ended: float | None = None,
        asked: Asked | None = None,
        required: bool = False,
    ) -> Observation:
        """Keeps what was asked in a way of its own: `began` and `ended` (now, by default) are seconds since the run
        began. Returns the observation as it was kept.
        """
        seen = Observation(
            criterion=self.criterion,
            step=step,
            endpoint=endpoint,
            client=client,
            asked=dict(asked or {}),
            invoked=round(began, 6),
            completed=round(self.subject.now() if ended is None else ended, 6),
            outcome=outcome,
            status=status,
            error=error and error[:300],
            result=result,
            required=required,
        )
        return self._kept(seen)

    def again(self, seen: Observation) -> Observation:
        """Keeps what was observed for another criterion as an observation of this one, too."""
        return self._kept(seen.model_copy(update={"criterion": self.criterion}))

    def take_over(self, other: Recording) -> None:
        """What was kept for this criterion already, while another one was asked for. Raises ValueError for a recording
        of another criterion.
        """
        if other.criterion != self.criterion:
            raise ValueError(f"{other.criterion} is not {self.criterion}")
        self.observations += other.observations

    def _kept(self, seen: Observation) -> Observation:
        kept = self.subject.evidence.observe(seen)
        self.observations.append(kept)
        return kept


def _both(call: Callable[[], R], kept: Kept[R]) -> tuple[R, JsonValue]:
    answer = call()
    return answer, kept(answer)
