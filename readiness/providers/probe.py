"""Questions to one server, each with an upper time limit that holds whatever the server does."""

from __future__ import annotations

import http.client
import json
import socket
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit


def answers(address: str, port: int, seconds: float) -> str | None:
    """Whether anything answers a TCP connect: "accepted", "refused", or None for silence."""
    try:
        socket.create_connection((address, port), timeout=seconds).close()
    except ConnectionRefusedError:
        return "refused"
    except OSError:
        return None
    return "accepted"


def status(url: str, seconds: float) -> int | None:
    """The status of a GET, None if there was none within the time. The body is not read."""
    deadline = time.monotonic() + seconds
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 80
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        with socket.create_connection((host, port), timeout=seconds) as connection:
            connection.sendall(
                f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode()
            )
            received = b""
            while b"\r\n" not in received:
                connection.settimeout(max(0.001, deadline - time.monotonic()))
                part = connection.recv(4096)
                if not part or time.monotonic() > deadline:
                    return None
                received += part
            return int(received.split(None, 2)[1])
    except (OSError, ValueError, IndexError):
        return None


class Refused(RuntimeError):
    """A server answered a request with an error status."""


def call(
    url: str,
    seconds: float,
    *,
    method: str = "GET",
    body: Mapping[str, object] | None = None,
    token: str | None = None,
) -> str:
    """The body of the answer, which must be a 2xx. Raises OSError or Refused. No proxy, no redirect, no retry."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=seconds)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    content = None
    if body is not None:
        content = json.dumps(body)
        headers["Content-Type"] = "application/json"
    try:
        connection.request(method, parts.path + (f"?{parts.query}" if parts.query else ""), content, headers)
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace")
    except http.client.HTTPException as error:
        raise ConnectionError(f"{method} {parts.path}: {error!r}") from error
    finally:
        connection.close()
    if not 200 <= answer.status < 300:
        raise Refused(f"{method} {parts.path} was answered {answer.status}: {text[:300]}")
    return text


def call_json(url: str, seconds: float) -> Any:
    """As `call`, with the body as JSON. Raises ValueError if it is none."""
    return json.loads(call(url, seconds))
