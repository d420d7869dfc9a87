"""What a candidate reaches besides its nodes: connections tried from inside of a node's network, or those it has open
while it is under load.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from urllib.parse import urlsplit

from pydantic import JsonValue

from readiness import contacts
from readiness.judges.surroundings import Step
from readiness.load.bodies import body_of
from readiness.load.rig import Rig
from readiness.providers.abilities import IsolatesNodes, SeesWayOut, ShowsConnections
from readiness.recording import Asked, Recording
from readiness.s3.clients import libraries
from readiness.s3.library import Answered, Unanswered, translate
from readiness.static.isolation import Leave, isolated
from readiness.subject import Subject
from readiness.topology import Endpoint, TcpSocket, Unsupported, WayOut

LOOKS, PAUSE, SIZE = 3, 0.3, 1 << 18


def record_surroundings(
    subject: Subject, see: Recording, rig: Rig, leave: Leave, meanwhile: Callable[[], None] = lambda: None
) -> None:
    """The ways out of each node's network; if there is one, or nobody can try, the connections of each instance, while
    the nodes are isolated where the provider can do that. `meanwhile` is done at the same time, unless the candidate
    does not serve then.
    """
    if not isinstance(subject.provider, IsolatesNodes) and _closed(subject, see):
        meanwhile()
        return
    with isolated(subject, see, rig, leave) as serves:
        _connections_under_load(subject, see, rig)
        if serves:
            meanwhile()
    if not serves:
        meanwhile()


def _closed(subject: Subject, see: Recording) -> bool:
    """Whether each node has a network that nothing else is reached from."""
    with contacts.deliberate():
        ways = [
            see.fact(Step.WAY_OUT, node, partial(_way_out, subject, node), kept=_kept_way)
            for node in subject.topology.nodes
        ]
    return all(way is not None and way.tried and not way.reached for way in ways)


def _connections_under_load(subject: Subject, see: Recording, rig: Rig) -> None:
    with _load(subject, rig.buckets.plain):
        for number in range(LOOKS):
            time.sleep(PAUSE)
            for instance in subject.topology.instances:
                asked: Asked = {"number": number, "serves": _serves(subject, instance.name)}
                look = partial(_connections, subject, instance.name)
                see.fact(Step.CONNECTIONS, instance.name, look, asked=asked, kept=_kept_sockets)


def _way_out(subject: Subject, node: str) -> WayOut:
    if not isinstance(subject.provider, SeesWayOut):
        raise Unsupported("this provider cannot try what a node reaches")
    return subject.provider.way_out(node)


def _connections(subject: Subject, instance: str) -> Sequence[TcpSocket]:
    if not isinstance(subject.provider, ShowsConnections):
        raise Unsupported(f'the provider "{subject.provider.name}" cannot see the connections of {instance}')
    return subject.provider.connections(instance)


def _kept_way(way: WayOut) -> JsonValue:
    return {"tried": [*way.tried], "reached": [*way.reached]}


def _kept_sockets(found: Sequence[TcpSocket]) -> JsonValue:
    ends: list[JsonValue] = [[one.local, one.peer] for one in found if one.peer is not None]
    return {"listens": [one.local for one in found if one.peer is None], "open": ends}


def _serves(subject: Subject, instance: str) -> list[JsonValue]:
    """The addresses of the instance's endpoints, HOST:PORT with the host resolved."""
    own = [each for each in subject.topology.endpoints if each.instance == instance]
    urls = [url for each in own for url in (each.url, each.admin_url) if url]
    return [*dict.fromkeys(_address(url) for url in urls)]


def _address(url: str) -> str:
    split = urlsplit(url)
    port = split.port or (443 if split.scheme == "https" else 80)
    try:
        return f"{socket.gethostbyname(split.hostname or '')}:{port}"
    except OSError:
        return f"{split.hostname}:{port}"


@contextlib.contextmanager
def _load(subject: Subject, bucket: str) -> Iterator[None]:
    """Every endpoint is written to and read from all the while."""
    over = threading.Event()
    workers = [
        threading.Thread(target=_work, args=(subject, each, bucket, over), daemon=True)
        for each in subject.topology.endpoints
    ]
    for worker in workers:
        worker.start()
    try:
        yield
    finally:
        over.set()
        for worker in workers:
            worker.join(3 * subject.response_seconds)


def _work(subject: Subject, endpoint: Endpoint, bucket: str, over: threading.Event) -> None:
    """What is answered is judged elsewhere."""
    library = libraries(subject.target(endpoint), subject.response_seconds)[0]
    key = f"under-load/{uuid.uuid4().hex[:8]}"
    while not over.is_set():
        with contextlib.suppress(Answered, Unanswered):
            translate(partial(library.put, bucket, key, body_of(key, SIZE), key))
            translate(partial(library.get, bucket, key))
        over.wait(0.02)
    with contextlib.suppress(Answered, Unanswered):
        translate(partial(library.delete, bucket, key))
