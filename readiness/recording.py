"""Recorded calls: what was asked of which endpoint with which client, and what came back, kept as evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import ParamSpec, TypeVar

from readiness.errors import Broken
from readiness.evidence.observation import Observation, Outcome
from readiness.s3.clients import libraries
from readiness.s3.library import Answered, Library, Unanswered
from readiness.subject import Subject
from readiness.topology import Endpoint

P = ParamSpec("P")
R = TypeVar("R")


class Recording:
    """The observations of one criterion. Thread-safe as far as Evidence is."""

    def __init__(self, subject: Subject, criterion: str) -> None:
        self.subject, self.criterion = subject, criterion
        self.observations: list[Observation] = []

    @property
    def count(self) -> int:
        """How many calls were made so far."""
        return len(self.observations)

    def views(self) -> Iterator[tuple[Endpoint, Library]]:
        """Every endpoint with each client library."""
        for endpoint in self.subject.topology.all_endpoints():
            for library in libraries(self.subject.target(endpoint), self.subject.response_seconds * 3):
                yield endpoint, library

    def must(
        self,
        endpoint: Endpoint,
        client: str,
        what: str,
        call: Callable[P, R],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        """The call's result. Raises Broken if the store answers with an error or not at all."""
        answer = self.attempt(endpoint, client, what, call, *args, **kwargs)
        if isinstance(answer, Answered | Unanswered):
            raise Broken(f"{what} through {endpoint.name} with {client}: {answer}")
        return answer

    def attempt(
        self,
        endpoint: Endpoint,
        client: str,
        what: str,
        call: Callable[P, R],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R | Answered | Unanswered:
        """The call's result, or the error it ended in."""
        began = self.subject.now()
        answer: R | Answered | Unanswered
        outcome: Outcome = "ok"
        status: int | None = None
        error: str | None = None
        try:
            answer = call(*args, **kwargs)
        except Answered as problem:
            answer, outcome, status, error = problem, "error", problem.status, str(problem)[:300]
        except Unanswered as problem:
            answer, outcome, error = problem, "unanswered", str(problem)[:300]
        self._keep(endpoint.name, client, what, began, outcome, status, error)
        return answer

    def _keep(
        self,
        endpoint: str,
        client: str,
        step: str,
        began: float,
        outcome: Outcome,
        status: int | None,
        error: str | None,
    ) -> None:
        seen = Observation(
            criterion=self.criterion,
            step=step,
            endpoint=endpoint,
            client=client,
            invoked=round(began, 6),
            completed=round(self.subject.now(), 6),
            outcome=outcome,
            status=status,
            error=error,
        )
        self.observations.append(seen)
        self.subject.evidence.observe(seen)
