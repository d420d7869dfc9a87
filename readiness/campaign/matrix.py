"""A quiescent snapshot: the same objects seen by LIST, HEAD, GET and versions, through every endpoint, with
both libraries.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, TypeVar

from readiness.evidence.folder import Recorder
from readiness.history import Outcome, Verb
from readiness.load.bodies import identify
from readiness.load.context import KnownObject
from readiness.load.operations import unquote_value
from readiness.s3.library import Answered, Library, Unanswered
from readiness.topology import Endpoint

T = TypeVar("T")


def _tuple(call: Callable[[], Iterable[str]]) -> tuple[str, ...]:
    return tuple(call())


class _Silent(Exception):
    """A call was not answered in time."""


class Snapshots:
    """Takes snapshots of objects that nobody changes any more."""

    def __init__(self, recorder: Recorder, libraries: Callable[[Endpoint], Iterable[Library]]) -> None:
        self._recorder, self._libraries = recorder, libraries

    def take(self, label: str, endpoints: Iterable[Endpoint], objects: Iterable[KnownObject]) -> None:
        """One snapshot; every call is recorded, whatever comes back. A view ends at its first silence: the next calls
        would each wait as long, and what does not answer has been seen.
        """
        wanted = list(objects)
        for endpoint in endpoints:
            for library in self._libraries(endpoint):
                with contextlib.suppress(_Silent):
                    self._view(label, endpoint, library, wanted)

    def _view(self, label: str, endpoint: Endpoint, library: Library, wanted: list[KnownObject]) -> None:
        for bucket in sorted({known.bucket for known in wanted}):
            here = [known for known in wanted if known.bucket == bucket]
            prefix = here[0].key.rsplit("/", 1)[0] + "/"
            self._bucket(label, endpoint, library, bucket, prefix)
            for known in here:
                self._object(label, endpoint, library, known)
        self._see(label, endpoint, library, Verb.LIST_BUCKETS, "", "", partial(_tuple, library.list_buckets))

    def _bucket(self, label: str, endpoint: Endpoint, library: Library, bucket: str, prefix: str) -> None:
        self._see(label, endpoint, library, Verb.HEAD_BUCKET, bucket, "", lambda: library.head_bucket(bucket))
        self._see(
            label,
            endpoint,
            library,
            Verb.LIST,
            bucket,
            prefix,
            lambda: tuple(library.list_keys(bucket, prefix)),
        )
        self._see(
            label,
            endpoint,
            library,
            Verb.VERSIONS,
            bucket,
            prefix,
            lambda: tuple(sorted(f"{v.key}@{v.version}" for v in library.versions(bucket, prefix))),
        )

    def _object(self, label: str, endpoint: Endpoint, library: Library, known: KnownObject) -> None:
        at = (known.bucket, known.key)
        self._see(label, endpoint, library, Verb.HEAD, *at, lambda: unquote_value(library.head(*at).value))
        self._see(label, endpoint, library, Verb.READ, *at, lambda: identify(library.get(*at)))

    def _see(
        self,
        label: str,
        endpoint: Endpoint,
        library: Library,
        verb: Verb,
        bucket: str,
        key: str,
        call: Callable[[], Any],
    ) -> None:
        began = self._recorder.now()
        outcome, status, error, found = Outcome.OK, 200, None, None
        try:
            found = call()
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
            bucket=bucket,
            key=key,
            invoked=round(began, 6),
            completed=round(self._recorder.now(), 6),
            outcome=outcome,
            status=status or None,
            value=found if isinstance(found, str) else None,
            keys=found if isinstance(found, tuple) else None,
            error=error,
            library=library.name,
        )
        if outcome is Outcome.UNKNOWN:
            raise _Silent
