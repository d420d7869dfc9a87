"""A small real SOCKS5 server (RFC 1928, RFC 1929): CONNECT by address or name, with or without a password."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

NAMES = {"api.cluster.example": "127.0.0.1"}
"""Names that only the proxy knows: a client that resolves names itself cannot reach them."""


@dataclass
class Proxy:
    """Where it listens, and what it was asked for: names (`socks5h`) or addresses (`socks5`)."""

    port: int
    asked: list[str] = field(default_factory=list)


def _exactly(sock: socket.socket, size: int) -> bytes:
    got = b""
    while len(got) < size:
        part = sock.recv(size - len(got))
        if not part:
            raise ConnectionError("closed")
        got += part
    return got


def _authenticated(sock: socket.socket, password: str | None) -> bool:
    _, methods = _exactly(sock, 2)
    offered = _exactly(sock, methods)
    if password is None:
        sock.sendall(b"\x05\x00")
        return True
    if 2 not in offered:
        sock.sendall(b"\x05\xff")
        return False
    sock.sendall(b"\x05\x02")
    _, length = _exactly(sock, 2)
    _exactly(sock, length)
    right = _exactly(sock, _exactly(sock, 1)[0]).decode() == password
    sock.sendall(b"\x01" + (b"\x00" if right else b"\x01"))
    return right


def _destination(sock: socket.socket) -> tuple[str, int]:
    _, _, _, kind = _exactly(sock, 4)
    host = _exactly(sock, _exactly(sock, 1)[0]).decode() if kind == 3 else socket.inet_ntoa(_exactly(sock, 4))
    (port,) = struct.unpack("!H", _exactly(sock, 2))
    return host, port


def _pump(one: socket.socket, other: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while part := one.recv(65536):
            other.sendall(part)
    with contextlib.suppress(OSError):
        other.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def socks5(password: str | None = None) -> Iterator[Proxy]:
    """The server, in a thread."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            sock: socket.socket = self.request
            with contextlib.suppress(ConnectionError):
                if not _authenticated(sock, password):
                    return
                host, port = _destination(sock)
                proxy.asked.append(host)
                with socket.create_connection((NAMES.get(host, host), port), timeout=10) as out:
                    sock.sendall(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
                    back = threading.Thread(target=_pump, args=(out, sock))
                    back.start()
                    _pump(sock, out)
                    back.join()

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        proxy = Proxy(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield proxy
        finally:
            server.shutdown()
            thread.join()
