"""The plan's stop conditions S.1 to S.5, turned into what must hold, and judged on facts of the running candidate."""

from __future__ import annotations

import contextlib
import socket
import time
import uuid
from collections.abc import Iterable, Iterator, Sized
from contextlib import AbstractContextManager
from dataclasses import replace
from urllib.parse import urlsplit

from readiness import contacts
from readiness.errors import Unjudged
from readiness.evidence.calls import changing
from readiness.finding import Finding, State, proved, refuted, unknown
from readiness.load.bodies import body_of, identify
from readiness.load.rig import Rig
from readiness.providers.abilities import HasCaches, StopsCaches
from readiness.recording import Recording
from readiness.s3.clients import libraries
from readiness.s3.library import Answered, Unanswered
from readiness.static.contract import durability
from readiness.subject import Subject
from readiness.topology import Topology, Unsupported, VolumeFact

TRIES = 3
NODE_LOCAL = ("local-path", "scratch", "cache")


def independent_endpoints(subject: Subject, _see: Recording) -> Finding:
    """S.1: at least two service endpoints that differ in address, instance and node, and that answer."""
    up = tuple(
        e for e in subject.topology.endpoints if e.instance and subject.provider.in_service(e.instance)
    )
    return distinct(replace(subject.topology, endpoints=up)) if up else unknown("no endpoint is in service")


def distinct(topology: Topology) -> Finding:
    """Whether the declared endpoints are at least two: two names for one address, instance or node are one."""
    addresses = {_address(e.url) for e in topology.endpoints}
    instances = {e.instance for e in topology.endpoints if e.instance}
    nodes = {e.node for e in topology.endpoints if e.node}
    counts = {"addresses": len(addresses), "instances": len(instances), "nodes": len(nodes)}
    found = f"{_count(addresses, 'address', 'addresses')}, {_count(instances, 'instance')}, {_count(nodes, 'node')}"
    if min(counts.values()) < 2:
        return refuted(f"the endpoints lead to {found}", measured=counts)
    return proved(f"the endpoints lead to {found}", len(addresses), **counts)


def _count(found: Sized, one: str, many: str = "") -> str:
    return f"{len(found)} {one if len(found) == 1 else many or one + 's'}"


def _address(url: str) -> tuple[str, int]:
    split = urlsplit(url)
    port = split.port or (443 if split.scheme == "https" else 80)
    try:
        return socket.gethostbyname(split.hostname or ""), port
    except OSError:
        return split.hostname or "", port


def volumes(subject: Subject, _see: Recording) -> Finding:
    """S.2: the volumes that hold state data, as they are on the running candidate."""
    return judge_volumes(subject.provider.volumes())


def judge_volumes(facts: Iterable[VolumeFact]) -> Finding:
    """Whether state data lies on durable volumes of at least two nodes."""
    known = list(facts)
    if not known:
        return unknown("no volume is known: declare [[volumes]]")
    durable = [v for v in known if not any(word in v.kind for word in NODE_LOCAL)]
    nodes = {v.node for v in durable}
    listed = ", ".join(f"{v.node}: {v.kind} {v.access}" for v in known)
    if len(nodes) >= 2 or any(v.access == "RWX" for v in durable):
        return proved(
            f"state data lies on {len(durable)} volumes of {len(nodes)} nodes ({listed})", len(durable)
        )
    return refuted(
        f"only one node holds state data ({listed})"
        if nodes
        else f"no node holds state data durably ({listed})",
        measured={"nodes": len(nodes)},
    )


def documented(subject: Subject, _see: Recording, rig: Rig) -> Finding:
    """S.3: a backup, restore, retention or versioning behavior is documented, and the candidate shows it."""
    return durability(subject, _see, rig)


def divergence_response(subject: Subject, _see: Recording, rig: Rig) -> Finding:
    """S.4: carry out the contract's response to bucket-index divergence, and see that it changed nothing."""
    promised = subject.contract.divergence
    if promised.response == "none":
        statement = f", and says: {promised.statement}" if promised.statement else ""
        return refuted(f"the contract names no response{statement}")
    bucket, library = (
        rig.buckets.versioned,
        libraries(subject.target(subject.front), subject.response_seconds)[0],
    )
    prefix = f"s4/{uuid.uuid4().hex[:8]}/"
    try:
        for number in range(5):
            value = f"{prefix}{number}"
            library.put(bucket, value, body_of(value, 500), value)
        before = _picture(subject, bucket, prefix)
        calls = len(subject.provider.recorded_calls())
        answer = subject.provider.divergence_check()
        done = changing(subject.provider.recorded_calls()[calls:])
        after = _picture(subject, bucket, prefix)
    except Unsupported as error:
        return refuted(f"the response cannot be carried out: {error}")
    except (Answered, Unanswered, OSError) as error:
        return refuted(f"the response failed: {error}")
    if before != after or done:
        return refuted(f"the response to divergence changed something: {done or 'objects differ'}")
    found = answer.get("divergences")
    if found:
        return refuted(f"the healthy candidate reports divergences: {str(found)[:300]}")
    return proved(
        "the response ran and changed nothing; it found no divergence", len(before) + 1, objects=len(before)
    )


def _picture(subject: Subject, bucket: str, prefix: str) -> list[tuple[str, str, str]]:
    seen = []
    for endpoint in subject.topology.all_endpoints():
        library = libraries(subject.target(endpoint), subject.response_seconds)[0]
        seen += [
            (endpoint.name, f"{version.key}@{version.version}", identify(library.get(bucket, version.key)))
            for version in library.versions(bucket, prefix)
        ]
    return seen


def without_caches(subject: Subject, _see: Recording, rig: Rig) -> Finding:
    """S.5: a proof repeated while the declared cache endpoints are unreachable.

    Refuted only if the difference is the caches': it holds with them, not without them in three tries, and again with
    them. A candidate that fails either way is UNKNOWN here; other criteria say what it fails.
    """
    caches = (
        *subject.candidate.boundary.cache_endpoints,
        *(subject.provider.cache_endpoints if isinstance(subject.provider, HasCaches) else ()),
    )
    if not caches:
        return unknown(
            "no cache endpoint is declared: name Attic and the Bazel cache in boundary.cache_endpoints"
        )
    if isinstance(subject.provider, StopsCaches):
        return _differs(
            subject, rig, f"with {len(caches)} cache endpoints down", _stopped(subject.provider, caches)
        )
    how = f"with {len(caches)} cache endpoints out of this client's reach"
    return _differs(subject, rig, how, contacts.forbidden(caches))


@contextlib.contextmanager
def _stopped(provider: StopsCaches, caches: tuple[str, ...]) -> Iterator[None]:
    """The provider's caches are down while inside. Raises Unjudged if they were not there, or do not go away."""
    with contacts.deliberate():
        absent = [url for url in caches if not _reachable(url)]
    if absent:
        raise Unjudged(f"cache endpoints not reachable even before: {', '.join(absent)}")
    provider.stop_caches()
    try:
        with contacts.deliberate():
            still = [url for url in caches if _reachable(url)]
        if still:
            raise Unjudged(f"the cache endpoints did not go away: {', '.join(still)}")
        yield
    finally:
        with contacts.deliberate():
            provider.start_caches()


def _differs(subject: Subject, rig: Rig, how: str, away: AbstractContextManager[None]) -> Finding:
    with away:
        for _ in range(TRIES):
            without = _round_trip(subject, rig, how)
            if without.state is State.PROVED:
                return without
            time.sleep(1)
    with_them = _round_trip(subject, rig, "with the cache endpoints back")
    if with_them.state is State.PROVED:
        return without
    return unknown(f"it fails whether the caches are there or not: {with_them.reason}")


def _reachable(url: str) -> bool:
    try:
        socket.create_connection(_address(url), timeout=1).close()
    except OSError:
        return False
    return True


def _round_trip(subject: Subject, rig: Rig, how: str) -> Finding:
    calls, key = 0, f"s5/{uuid.uuid4().hex[:8]}"
    for number, endpoint in enumerate(subject.topology.all_endpoints()):
        for library in libraries(subject.target(endpoint), subject.response_seconds):
            value = f"{key}/{number}/{library.name}"
            try:
                library.put(rig.buckets.versioned, value, body_of(value, 2000), value)
                found = identify(library.get(rig.buckets.versioned, value))
                library.delete(rig.buckets.versioned, value)
            except (Answered, Unanswered) as error:
                return refuted(f"{how}, {endpoint.name} failed with {library.name}: {error}")
            if found != value:
                return refuted(f"{how}, {endpoint.name} answered {found} for {value}")
            calls += 3
    return proved(f"write, read and delete through every endpoint {how}", calls)
