"""Observed calls: what was asked of which endpoint with which library, and what came back, kept as evidence."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import ParamSpec, TypeVar

from readiness.finding import Finding, refuted
from readiness.plugin.live import Live
from readiness.s3.clients import libraries
from readiness.s3.library import Answered, Library, Unanswered
from readiness.topology import Endpoint

P = ParamSpec("P")
R = TypeVar("R")


class Broken(Exception):
    """What was asked must succeed on a store that serves, and did not: refutes the criterion."""


class Observer:
    """Counts and keeps the calls of one criterion."""

    def __init__(self, live: Live, criterion: str) -> None:
        self.live, self.criterion, self.count = live, criterion, 0

    def views(self) -> Iterator[tuple[Endpoint, Library]]:
        """Every endpoint with each client library."""
        for endpoint in self.live.topology.all_endpoints():
            for library in libraries(self.live.target(endpoint), self.live.response_seconds * 3):
                yield endpoint, library

    def must(
        self,
        endpoint: Endpoint,
        library: str,
        what: str,
        call: Callable[P, R],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        """The call's result. Raises Broken if the store answers with an error or not at all."""
        answer = self.attempt(endpoint, library, what, call, *args, **kwargs)
        if isinstance(answer, Answered | Unanswered):
            raise Broken(f"{what} through {endpoint.name} with {library}: {answer}")
        return answer

    def attempt(
        self,
        endpoint: Endpoint,
        library: str,
        what: str,
        call: Callable[P, R],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R | Answered | Unanswered:
        """The call's result, or the error it ended in."""
        began = self.live.run.evidence.now() if self.live.run.evidence else 0.0
        self.count += 1
        answer: R | Answered | Unanswered
        try:
            answer = call(*args, **kwargs)
            said = "ok"
        except (Answered, Unanswered) as error:
            answer, said = error, str(error)[:300]
        if self.live.run.evidence:
            self.live.run.evidence.append(
                "observations.jsonl",
                {
                    "criterion": self.criterion,
                    "endpoint": endpoint.name,
                    "library": library,
                    "what": what,
                    "began": round(began, 4),
                    "answer": said,
                },
            )
        return answer


def criterion(id_: str) -> Callable[[Callable[[Live, Observer], Finding]], Callable[[Live], Finding]]:
    """A check of this criterion: Broken becomes REFUTED, and what was measured so far counts."""

    def wrap(check: Callable[[Live, Observer], Finding]) -> Callable[[Live], Finding]:
        @functools.wraps(check)
        def run(live: Live) -> Finding:
            observer = Observer(live, id_)
            try:
                return check(live, observer)
            except Broken as error:
                return refuted(str(error), observations=max(1, observer.count))

        return run

    return wrap
