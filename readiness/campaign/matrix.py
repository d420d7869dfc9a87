"""A quiescent snapshot: the same objects seen by LIST, HEAD, GET and versions, through every endpoint, with
both libraries.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any

from readiness.evidence.folder import Recorder
from readiness.history import Outcome, Verb
from readiness.load.bodies import identify
from readiness.load.context import KnownObject
from readiness.load.operations import unquote_value
from readiness.s3.library import Answered, Library, Unanswered
from readiness.topology import Endpoint

Place = tuple[str, str]
"""Bucket and prefix."""
REPEATS = 2
"""How often a view repeats a call that was not answered, over all of its calls."""
PAUSE = 0.3
"""Seconds before it does."""


def _tuple(call: Callable[[], Iterable[str]]) -> tuple[str, ...]:
    return tuple(call())


@dataclass(frozen=True)
class _Cell:
    """One call of a view."""

    verb: Verb
    bucket: str
    key: str
    call: Callable[[], Any]


class Snapshots:
    """Takes snapshots of objects that nobody changes any more."""

    def __init__(self, recorder: Recorder, libraries: Callable[[Endpoint], Iterable[Library]]) -> None:
        self._recorder, self._libraries = recorder, libraries

    def take(
        self,
        label: str,
        endpoints: Iterable[Endpoint],
        objects: Iterable[KnownObject],
        versions: Sequence[Place] = (),
    ) -> None:
        """One snapshot of the objects, and with the first library of the versions in these places; every call is
        recorded, whatever comes back.

        A call that is not answered is repeated after a pause, as a client would: how long a store may be silent is
        judged by its outages. A view ends at a silence that lasts: the next calls would each wait as long, and what
        does not answer has been seen.
        """
        wanted = list(objects)
        for endpoint in endpoints:
            for number, library in enumerate(self._libraries(endpoint)):
                listings = _listings(library, () if number else versions)
                self._view(label, endpoint, library, chain(_cells(library, wanted), listings))

    def _view(self, label: str, endpoint: Endpoint, library: Library, cells: Iterable[_Cell]) -> None:
        repeats = REPEATS
        for cell in cells:
            while not self._see(label, endpoint, library, cell):
                if not repeats:
                    return
                repeats -= 1
                time.sleep(PAUSE)

    def _see(self, label: str, endpoint: Endpoint, library: Library, cell: _Cell) -> bool:
        """Whether the call was answered."""
        verb = cell.verb
        began = self._recorder.now()
        outcome, status, error, found = Outcome.OK, 200, None, None
        try:
            found = cell.call()
        except Answered as problem:
            status, error = problem.status, str(problem)[:200]
            absent = status == 404 and verb in (Verb.HEAD, Verb.READ, Verb.HEAD_BUCKET)
            outcome = Outcome.OK if absent else Outcome.FAIL
        except Unanswered as problem:
            outcome, status, error = Outcome.UNKNOWN, 0, str(problem)[:200]
        self._recorder.record(
            workload="bucket" if verb in (Verb.LIST_BUCKETS, Verb.HEAD_BUCKET) else "matrix",
            process=label,
            endpoint=endpoint.name,
            verb=verb,
            bucket=cell.bucket,
            key=cell.key,
            invoked=round(began, 6),
            completed=round(self._recorder.now(), 6),
            outcome=outcome,
            status=status or None,
            value=found if isinstance(found, str) else None,
            keys=found if isinstance(found, tuple) else None,
            error=error,
            library=library.name,
        )
        return outcome is not Outcome.UNKNOWN


def _listings(library: Library, places: Sequence[Place]) -> Iterator[_Cell]:
    for bucket, prefix in places:
        yield _Cell(Verb.VERSIONS, bucket, prefix, partial(_versions, library, bucket, prefix))


def _cells(library: Library, wanted: list[KnownObject]) -> Iterator[_Cell]:
    """Every call of a view of these objects, with the library of its endpoint."""
    for bucket in sorted({known.bucket for known in wanted}):
        here = [known for known in wanted if known.bucket == bucket]
        prefix = here[0].key.rsplit("/", 1)[0] + "/"
        yield _Cell(Verb.HEAD_BUCKET, bucket, "", partial(library.head_bucket, bucket))
        yield _Cell(Verb.LIST, bucket, prefix, partial(_tuple, partial(library.list_keys, bucket, prefix)))
        yield from _listings(library, [(bucket, prefix)])
        for known in here:
            yield _Cell(Verb.HEAD, bucket, known.key, partial(_value, library, bucket, known.key))
            yield _Cell(Verb.READ, bucket, known.key, partial(_body, library, bucket, known.key))
    yield _Cell(Verb.LIST_BUCKETS, "", "", partial(_tuple, library.list_buckets))


def _versions(library: Library, bucket: str, prefix: str) -> tuple[str, ...]:
    return tuple(sorted(f"{v.key}@{v.version}" for v in library.versions(bucket, prefix)))


def _value(library: Library, bucket: str, key: str) -> str:
    return unquote_value(library.head(bucket, key).value)


def _body(library: Library, bucket: str, key: str) -> str:
    return identify(library.get(bucket, key))
