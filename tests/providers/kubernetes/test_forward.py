"""Local listeners that follow a pod: real sockets, no API."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from readiness.providers.kubernetes.forward import Forwarder, Place


class Server:
    """A server that greets with its name and echoes; or that accepts and stays silent."""

    def __init__(self, name: str, *, silent: bool = False) -> None:
        self._name, self._silent = name, silent
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        threading.Thread(target=self._run, daemon=True).start()

    @property
    def place(self) -> Place:
        return Place(f"uid-{self._name}", self._name, "127.0.0.1", self._socket.getsockname()[1])

    def _run(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                accepted, _ = self._socket.accept()
                self._open.append(accepted)
                if not self._silent:
                    threading.Thread(target=self._echo, args=(accepted,), daemon=True).start()

    def _echo(self, accepted: socket.socket) -> None:
        with contextlib.suppress(OSError):
            accepted.sendall(self._name.encode() + b"\n")
            while data := accepted.recv(1000):
                accepted.sendall(data)
            accepted.close()

    def end(self) -> None:
        """Gone, as a process that is killed: its kernel closes what was open."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for each in self._open:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    made: list[Server] = []

    def make(name: str, *, silent: bool = False) -> Server:
        made.append(Server(name, silent=silent))
        return made[-1]

    yield make
    for server in made:
        with contextlib.suppress(OSError):
            server.end()


@pytest.fixture
def forwarder() -> Iterator[Forwarder]:
    made = Forwarder()
    yield made
    made.stop()
    made.stop()  # a second call does nothing


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def is_reset(connection: socket.socket) -> bool:
    """Whether the connection ends in a reset, and not in an orderly way or not at all."""
    try:
        connection.sendall(b"x")
        while connection.recv(1000):
            pass
    except ConnectionError:
        return True
    return False


def meets_reset(port: int) -> bool:
    """Whether a new connection ends in a reset, before or after it is open."""
    try:
        with connect(port) as one:
            return is_reset(one)
    except ConnectionError:
        return True


def _just(place: Place | None) -> Place | None:
    return place


def test_it_leads_to_whichever_pod_it_is_now(serve: Callable[..., Server], forwarder: Forwarder) -> None:
    old, new = serve("old"), serve("new")
    current = [old]
    port = forwarder.listen(lambda: current[0].place)
    with connect(port) as first:
        assert first.recv(100) == b"old\n"
        current[0] = new
        with connect(port) as second:
            assert second.recv(100) == b"new\n"
        first.sendall(b"still the one that was connected")
        assert first.recv(100) == b"still the one that was connected"


def test_large_bodies_pass_whole_both_ways(serve: Callable[..., Server], forwarder: Forwarder) -> None:
    body = bytes(range(256)) * 8000
    server = serve("echo")
    with connect(forwarder.listen(lambda: server.place)) as one:
        assert one.recv(5) == b"echo\n"
        threading.Thread(target=one.sendall, args=(body,), daemon=True).start()
        received = b""
        while len(received) < len(body):
            received += one.recv(65536)
        assert received == body
        one.shutdown(socket.SHUT_WR)
        assert one.recv(10) == b""


def test_no_pod_and_no_listener_are_a_reset(forwarder: Forwarder) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        closed = unused.getsockname()[1]
    for place in (None, Place("u", "p", "127.0.0.1", closed)):
        assert meets_reset(forwarder.listen(partial(_just, place)))


def test_a_silent_pod_stays_silent_until_it_is_gone(
    serve: Callable[..., Server], forwarder: Forwarder
) -> None:
    server = serve("mute", silent=True)
    with connect(forwarder.listen(lambda: server.place)) as one:
        one.sendall(b"x")
        one.settimeout(0.3)
        with pytest.raises(TimeoutError):
            one.recv(1)
        one.settimeout(10)
        forwarder.cut("uid-other")
        forwarder.cut("uid-mute")
        assert is_reset(one)


def test_a_server_that_ends_ends_the_connection(serve: Callable[..., Server], forwarder: Forwarder) -> None:
    server = serve("dies")
    with connect(forwarder.listen(lambda: server.place)) as one:
        assert one.recv(5) == b"dies\n"
        server.end()
        with contextlib.suppress(ConnectionError):
            assert one.recv(1) == b""


class Stream:
    """A tunnel to a place over a plain socket."""

    def __init__(self, place: Place, *, fails: bool) -> None:
        self.socket = socket.create_connection((place.address, place.port))
        self.socket.setblocking(False)
        self._fails, self.closed = fails, threading.Event()

    def failed(self) -> bool:
        return self._fails

    def close(self) -> None:
        self.closed.set()
        self.socket.close()


@pytest.mark.parametrize("fails", [False, True])
def test_a_tunnel_is_closed_and_one_that_failed_is_a_reset(serve: Callable[..., Server], fails: bool) -> None:
    opened: list[Stream] = []

    def dial(place: Place) -> Stream:
        opened.append(Stream(place, fails=fails))
        return opened[-1]

    forwarder, server = Forwarder(dial), serve("pod")
    try:
        with connect(forwarder.listen(lambda: server.place)) as one:
            assert one.recv(4) == b"pod\n"
            server.end()
            assert is_reset(one) if fails else one.recv(1) == b""
        assert opened[0].closed.wait(10)
    finally:
        forwarder.stop()


def test_a_tunnel_that_cannot_be_opened_is_a_reset() -> None:
    def dial(place: Place) -> Stream:
        raise ConnectionError("the API server says no")

    forwarder = Forwarder(dial)
    try:
        assert meets_reset(forwarder.listen(lambda: Place("u", "p", "", 1)))
    finally:
        forwarder.stop()


def test_stopping_resets_what_is_open(serve: Callable[..., Server]) -> None:
    forwarder, server = Forwarder(), serve("mute", silent=True)
    with connect(forwarder.listen(lambda: server.place)) as one:
        one.sendall(b"x")
        one.settimeout(0.3)
        with pytest.raises(TimeoutError):
            one.recv(1)
        one.settimeout(10)
        forwarder.stop()
        assert is_reset(one)
