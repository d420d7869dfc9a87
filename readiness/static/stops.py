"""The plan's stop conditions S.1, S.2 and S.5: the facts of the running candidate on which they are judged."""

from __future__ import annotations

import contextlib
import socket
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from functools import partial
from urllib.parse import urlsplit

from readiness import contacts
from readiness.judges.stops import Caches, Step
from readiness.load.rig import Rig
from readiness.providers.abilities import HasCaches, StopsCaches
from readiness.recording import Asked, Recording
from readiness.s3.clients import libraries
from readiness.static.isolation import Leave
from readiness.static.round_trip import round_trip
from readiness.static.stored import record_stored
from readiness.static.surroundings import record_surroundings
from readiness.subject import Subject

TRIES = 3
CANDIDATE = "the candidate"


def independent_endpoints(subject: Subject, see: Recording, rig: Rig, leave: Leave) -> None:
    """S.1: the address, instance and node of each endpoint, and whether it is in service.

    A store that the suite started has its nodes on one machine, and one on Kubernetes is reached through ports of this
    machine while its pods were read from the API. Any other has declared its nodes: the ports of one host are one.
    """
    by_host = not subject.provider.owns_candidate and subject.candidate.kubernetes is None
    for endpoint in subject.topology.endpoints:
        if endpoint.instance:
            host, port = _address(endpoint.url)
            asked: Asked = {
                "host": host,
                "port": port,
                "instance": endpoint.instance,
                "node": endpoint.node,
                "by_host": by_host,
            }
            look = partial(subject.provider.in_service, endpoint.instance)
            see.fact(Step.ENDPOINT, endpoint.name, look, asked=asked, kept=bool)
    record_surroundings(subject, see, rig, leave)


def _address(url: str) -> tuple[str, int]:
    split = urlsplit(url)
    port = split.port or (443 if split.scheme == "https" else 80)
    try:
        return socket.gethostbyname(split.hostname or ""), port
    except OSError:
        return split.hostname or "", port


def volumes(subject: Subject, see: Recording, rig: Rig, leave: Leave) -> None:
    """S.2: the volumes that hold state data, as they are on the running candidate, and whether writes grow them."""
    see.fact(
        Step.VOLUMES,
        CANDIDATE,
        subject.provider.volumes,
        kept=lambda facts: [[fact.node, fact.kind, fact.access] for fact in facts],
    )
    record_surroundings(subject, see, rig, leave, partial(record_stored, subject, see, rig))


def without_caches(subject: Subject, see: Recording, rig: Rig, leave: Leave) -> None:
    """S.5: writes, reads and deletes while the declared cache endpoints are away, and, if that fails, with them
    back.
    """
    provider = subject.provider
    caches = (
        *subject.candidate.boundary.cache_endpoints,
        *(provider.cache_endpoints if isinstance(provider, HasCaches) else ()),
    )
    with contacts.deliberate():
        there = [see.fact(Step.CACHE_THERE, url, partial(_reachable, url), kept=bool) for url in caches]
    if not caches or not all(there):
        return
    if isinstance(provider, StopsCaches):
        how, away = Caches.STOPPED, _stopped(provider)
    else:
        how, away = Caches.OUT_OF_REACH, contacts.forbidden(caches)
    if not _without(subject, see, rig, how, away, caches):
        _round_trip(subject, see, rig, Caches.BACK, TRIES)
    record_surroundings(subject, see, rig, leave)


@contextlib.contextmanager
def _stopped(provider: StopsCaches) -> Iterator[None]:
    """The provider's caches are down meanwhile."""
    provider.stop_caches()
    try:
        yield
    finally:
        with contacts.deliberate():
            provider.start_caches()


def _without(
    subject: Subject,
    see: Recording,
    rig: Rig,
    how: Caches,
    away: AbstractContextManager[None],
    caches: Sequence[str],
) -> bool:
    """Whether a round trip was made without the caches, or none can be."""
    with away:
        with contacts.deliberate():
            gone = [see.fact(Step.CACHE_AWAY, url, partial(_away, url), kept=bool) for url in caches]
        if not all(gone):
            return True
        for number in range(TRIES):
            if _round_trip(subject, see, rig, how, number):
                return True
            time.sleep(1)
    return False


def _reachable(url: str) -> bool:
    try:
        socket.create_connection(_address(url), timeout=1).close()
    except OSError:
        return False
    return True


def _away(url: str) -> bool:
    return not _reachable(url)


def _round_trip(subject: Subject, see: Recording, rig: Rig, how: Caches, number: int) -> bool:
    """Writes, reads and deletes through every endpoint with both clients; whether all of it went well."""
    bucket, key, good = rig.buckets.versioned, f"s5/{uuid.uuid4().hex[:8]}", True
    for place, endpoint in enumerate(subject.topology.all_endpoints()):
        for library in libraries(subject.target(endpoint), subject.response_seconds):
            value = f"{key}/{place}/{library.name}"
            asked: Asked = {"caches": how, "number": number, "value": value}
            trip = partial(round_trip, library, bucket, value)
            good &= see.ask(Step.TRIP, endpoint, library.name, trip, asked=asked, kept=str) == value
    return good
