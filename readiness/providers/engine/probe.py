"""Questions to one server, each with an upper time limit that holds whatever the server does."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from readiness.limits import PAGE_BYTES, Limit, LimitedSocket
from readiness.redact import one_line

HEAD_BYTES = 1 << 16


def answers(address: str, port: int, seconds: float) -> str | None:
    """Whether anything answers a TCP connect: "accepted", "refused", or None for silence."""
    try:
        socket.create_connection((address, port), timeout=seconds).close()
    except ConnectionRefusedError:
        return "refused"
    except OSError:
        return None
    return "accepted"


def address_of(url: str) -> tuple[str, int]:
    """Host and port of a URL."""
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def status(url: str, seconds: float, tls: ssl.SSLContext | None = None) -> int | None:
    """The status of a GET, None if there was none within the time. The body is not read.

    `tls`: whom an https URL must be able to prove to be; default: the machine's own authorities.
    """
    try:
        return ask(url, seconds, tls)
    except (OSError, ValueError, IndexError):
        return None


def ask(url: str, seconds: float, tls: ssl.SSLContext | None = None) -> int:
    """As `status`, but it raises: TimeoutError for silence, ConnectionError or another OSError for the rest."""
    deadline = time.monotonic() + seconds
    parts, (host, port) = urlsplit(url), address_of(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection: socket.socket = socket.create_connection((host, port), timeout=seconds)
    try:
        if parts.scheme == "https":
            connection.settimeout(_left(deadline))
            connection = (tls or ssl.create_default_context()).wrap_socket(connection, server_hostname=host)
        connection.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n\r\n".encode()
        )
        received = b""
        while b"\r\n" not in received:
            connection.settimeout(_left(deadline))
            part = connection.recv(4096)
            if not part:
                raise ConnectionResetError("closed without an answer")
            received += part
            if len(received) > HEAD_BYTES:
                raise ConnectionError("no status line")
        return int(received.split(None, 2)[1])
    finally:
        connection.close()


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


class Refused(RuntimeError):
    """A server answered a request with an error status."""


def call(
    url: str,
    seconds: float,
    *,
    method: str = "GET",
    body: Mapping[str, object] | None = None,
    token: str | None = None,
    tls: ssl.SSLContext | None = None,
) -> str:
    """The body of the answer, which must be a 2xx. Raises OSError or Refused. No proxy, no redirect, no
    retry; the whole answer within `seconds`, and not larger than PAGE_BYTES.
    """
    limit = Limit(seconds, PAGE_BYTES)
    parts = urlsplit(url)
    host, port = address_of(url)
    connection = (
        http.client.HTTPSConnection(host, port, timeout=seconds, context=tls)
        if parts.scheme == "https"
        else http.client.HTTPConnection(host, port, timeout=seconds)
    )
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    content = None
    if body is not None:
        content = json.dumps(body)
        headers["Content-Type"] = "application/json"
    try:
        connection.connect()
        connection.sock = LimitedSocket(connection.sock, limit)
        connection.request(method, parts.path + (f"?{parts.query}" if parts.query else ""), content, headers)
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace")
    except http.client.HTTPException as error:
        raise ConnectionError(f"{method} {parts.path}: {error!r}") from error
    finally:
        connection.close()
    if not 200 <= answer.status < 300:
        raise Refused(f"{method} {parts.path} was answered {answer.status}: {one_line(text)}")
    return text


def call_json(url: str, seconds: float) -> Any:
    """As `call`, with the body as JSON. Raises ValueError if it is not JSON."""
    return json.loads(call(url, seconds))
