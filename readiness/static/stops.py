"""The plan's stop conditions S.1, S.2, S.4 and S.5: the facts of the running candidate on which they are judged."""

from __future__ import annotations

import contextlib
import socket
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from urllib.parse import urlsplit

from pydantic import JsonValue

from readiness import contacts
from readiness.evidence.calls import changing
from readiness.judges.stops import Caches, Step
from readiness.load.bodies import body_of, identify
from readiness.load.rig import Rig
from readiness.providers.abilities import HasCaches, PlantsDivergence, StopsCaches
from readiness.recording import Asked, Recording
from readiness.s3.clients import libraries
from readiness.s3.library import Library
from readiness.static.isolation import Leave
from readiness.static.round_trip import round_trip
from readiness.static.stored import record_stored
from readiness.static.surroundings import record_surroundings
from readiness.subject import Subject
from readiness.topology import Planted, Unsupported

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


def divergence_response(subject: Subject, see: Recording, rig: Rig) -> None:
    """S.4: carry out the contract's response to bucket-index divergence, and see that it changed nothing."""
    if subject.contract.divergence.response == "none":
        return
    bucket, front, seconds = rig.buckets.versioned, subject.front, subject.response_seconds
    library = libraries(subject.target(front), seconds)[0]
    prefix = f"s4/{uuid.uuid4().hex[:8]}/"
    for number in range(5):
        value = f"{prefix}{number}"
        put = partial(library.put, bucket, value, body_of(value, 500), value)
        see.must(Step.PLANT, front, library.name, put, asked={"bucket": bucket, "key": value})
    _picture(subject, see, Step.BEFORE, bucket, prefix)
    calls = len(subject.provider.recorded_calls())
    answer = see.fact(Step.RESPONSE, CANDIDATE, subject.provider.divergence_check, kept=_as_kept)
    if answer is None:
        return
    done = changing(subject.provider.recorded_calls()[calls:])
    see.fact(Step.CALLS, CANDIDATE, lambda: done, kept=list)
    _picture(subject, see, Step.AFTER, bucket, prefix)
    see.fact(Step.PLANTED, CANDIDATE, partial(_planted, subject), kept=_kept_planted)


def _planted(subject: Subject) -> Planted:
    if not isinstance(subject.provider, PlantsDivergence):
        raise Unsupported(f'the provider "{subject.provider.name}" can plant no divergence')
    return subject.provider.planted_divergence()


def _kept_planted(planted: Planted) -> JsonValue:
    return {"what": planted.what, "key": planted.key, "divergences": _reported(planted.answer)}


def _as_kept(answer: Mapping[str, object]) -> JsonValue:
    return {"divergences": _reported(answer)}


def _reported(answer: Mapping[str, object]) -> JsonValue:
    found = divergences(answer)
    return None if found is None else [str(one)[:200] for one in found[:20]]


def divergences(answer: object) -> list[object] | None:
    """What an answer says that diverges, for the whole store or node by node; None if it does not say.

    A node that gave no answer says nothing, and then the answer as a whole does not.
    """
    if not isinstance(answer, Mapping):
        return None
    if "divergences" in answer:
        listed = answer["divergences"]
        return list(listed) if isinstance(listed, list | tuple) else [listed] if listed else []
    parts = [divergences(part) for part in answer.values()]
    found = [one for part in parts for one in part or ()]
    return found if found or (parts and None not in parts) else None


def _picture(subject: Subject, see: Recording, step: Step, bucket: str, prefix: str) -> None:
    """The versions and bodies of the planted objects through every endpoint."""
    for endpoint in subject.topology.all_endpoints():
        library = libraries(subject.target(endpoint), subject.response_seconds)[0]
        see.must(step, endpoint, library.name, partial(_bodies, library, bucket, prefix), kept=list)


def _bodies(library: Library, bucket: str, prefix: str) -> list[list[JsonValue]]:
    return [
        [f"{version.key}@{version.version}", identify(library.get(bucket, version.key))]
        for version in library.versions(bucket, prefix)
    ]


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
