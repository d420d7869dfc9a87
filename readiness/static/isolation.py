"""Isolating every node of a candidate for a while, with the observations that show it and how the candidate serves
meanwhile.
"""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Callable, Iterator
from functools import partial

from readiness.errors import NotRun
from readiness.faults import wait_whole
from readiness.judges.surroundings import Step, When
from readiness.load.rig import Rig
from readiness.providers.abilities import IsolatesNodes
from readiness.recording import Asked, Recording
from readiness.s3.clients import libraries
from readiness.s3.library import Answered, Unanswered, translate
from readiness.static.round_trip import round_trip
from readiness.subject import Subject
from readiness.topology import Proof, Unsupported

WHOLE_SECONDS, INTERVAL = 60.0, 0.5
"""How long the candidate may take to be whole once its nodes have rejoined, before anything else is judged."""
Leave = Callable[[], None]
"""Raises NotRun where no fault may be done to the candidate."""


def must_be_allowed(subject: Subject, leave: Leave) -> None:
    """Raises Unsupported where nothing may be done to the candidate, or where something could not be undone."""
    if subject.not_undone.reason:
        raise Unsupported(subject.not_undone.reason)
    try:
        leave()
    except NotRun as refused:
        raise Unsupported(str(refused)) from None


@contextlib.contextmanager
def isolated(subject: Subject, see: Recording, rig: Rig, leave: Leave) -> Iterator[bool]:
    """Every node reaches nothing but the candidate's nodes and the suite meanwhile; that, or why not, is recorded.
    Gives whether the candidate serves: what it cannot do because some nodes are isolated says nothing of it.
    """
    provider = subject.provider
    if not isinstance(provider, IsolatesNodes):
        yield True
        return
    _serves(subject, see, rig, When.BEFORE)
    begun: list[str] = []
    unable: list[str] = []
    nodes = subject.topology.nodes
    try:
        fired = [_isolate(subject, provider, see, node, leave, begun, unable) for node in nodes]
        yield _serves(subject, see, rig, When.ISOLATED) if all(fired) else begun == unable
    finally:
        for node in reversed(begun):
            _rejoin(subject, provider, node)
    if begun != unable:
        wait_whole(subject.provider, rig.watch, WHOLE_SECONDS)
        _wait_until_served(subject, rig)
        _serves(subject, see, rig, When.AFTER)


def _isolate(
    subject: Subject,
    provider: IsolatesNodes,
    see: Recording,
    node: str,
    leave: Leave,
    begun: list[str],
    unable: list[str],
) -> bool:
    """Whether it was seen to be isolated. `begun`: the nodes to which it may have been done; `unable`: those of them of
    which the provider said that it cannot.
    """

    def act() -> Proof:
        must_be_allowed(subject, leave)
        begun.append(node)
        try:
            return provider.isolate_from_outside(node)
        except Unsupported:
            unable.append(node)
            raise

    proof = see.fact(
        Step.ISOLATED, node, act, kept=lambda proof: {"fired": proof.fired, "observed": proof.observed}
    )
    return proof is not None and proof.fired


def _rejoin(subject: Subject, provider: IsolatesNodes, node: str) -> None:
    try:
        provider.rejoin_outside(node)
    except Exception as error:  # noqa: BLE001 - whatever it was, the candidate is not what it was before
        subject.not_undone.failed(f"isolate {node}", error)


def _wait_until_served(subject: Subject, rig: Rig) -> None:
    """Wait until every endpoint serves, or for some time: what it was cut off from may be asked again only slowly, and
    nothing of that is another criterion's.
    """
    deadline = time.monotonic() + WHOLE_SECONDS
    for endpoint in subject.topology.all_endpoints():
        library = libraries(subject.target(endpoint), subject.response_seconds)[0]
        while time.monotonic() < deadline:
            with contextlib.suppress(Answered, Unanswered):
                translate(partial(round_trip, library, rig.buckets.plain, f"rejoined/{uuid.uuid4().hex[:8]}"))
                break
            time.sleep(INTERVAL)


def _serves(subject: Subject, see: Recording, rig: Rig, when: When) -> bool:
    """A write, a read and a delete through every endpoint; whether all went well."""
    good = True
    for number, endpoint in enumerate(subject.topology.all_endpoints()):
        library = libraries(subject.target(endpoint), subject.response_seconds)[0]
        value = f"isolated/{uuid.uuid4().hex[:8]}/{number}"
        asked: Asked = {"when": when, "value": value}
        trip = partial(round_trip, library, rig.buckets.plain, value)
        good &= see.ask(Step.SERVES, endpoint, library.name, trip, asked=asked, kept=str) == value
    return good
