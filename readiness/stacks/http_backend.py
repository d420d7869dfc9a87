"""A real server for `backend "http"`, as GitLab's managed state speaks it: basic auth, the state at one address,
its lock at /lock.

Facts (OpenTofu 1.12, internal/backend/remote-state/http/client.go): GET answers 200 with the state or 404 or 204;
the update is a POST, with `?ID=` of the lock while one is held; a lock is taken with `lock_method` (POST, or
LOCK) and the lock information as body, 423 and the holder's information where it is held; `unlock_method`
(DELETE, or UNLOCK) frees it.
"""

from __future__ import annotations

import base64
import hmac
import json
import secrets
import threading
from collections.abc import Mapping
from functools import partial
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from readiness.stacks.loopback import LoopbackServer

USER = "gitlab-ci-token"


class HttpBackend:
    """States in memory, on a free loopback port, until closed. `calls` lists (method, path, status) of every
    request."""

    def __init__(self, password: str | None = None) -> None:
        self.user = USER
        self.password = password or secrets.token_urlsafe(24)
        self.states: dict[str, bytes] = {}
        self.locks: dict[str, bytes] = {}
        self.calls: list[tuple[str, str, int]] = []
        self.guard = threading.Lock()
        self._server = LoopbackServer(partial(_Handler, self))
        self.url = self._server.url

    def __enter__(self) -> HttpBackend:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._server.close()
        self.states.clear()

    def address(self, name: str) -> str:
        return f"{self.url}/api/v4/projects/1/terraform/state/{name}"

    def settings(self, name: str) -> Mapping[str, str]:
        """The `-backend-config` settings of one state; the password goes by TF_HTTP_PASSWORD and into no file."""
        return {
            "address": self.address(name),
            "lock_address": f"{self.address(name)}/lock",
            "unlock_address": f"{self.address(name)}/lock",
            "lock_method": "POST",
            "unlock_method": "DELETE",
            "username": self.user,
        }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, backend: HttpBackend, *connection: Any) -> None:
        self._backend = backend
        super().__init__(*connection)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing: an access log is no evidence, and would mix with the report."""

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        backend = self._backend
        where = urlsplit(self.path)
        with backend.guard:
            if not self._known(backend):
                status, answer = 401, b""
            elif where.path.endswith("/lock") or self.command in ("LOCK", "UNLOCK"):
                status, answer = self._lock(backend, where.path.removesuffix("/lock"), body)
            else:
                lock_id = parse_qs(where.query).get("ID", [""])[0]
                status, answer = self._state(backend, where.path, lock_id, body)
            backend.calls.append((self.command, where.path, status))
        self.send_response(status)
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="state"')
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = do_PUT = do_DELETE = do_LOCK = do_UNLOCK = _handle  # noqa: N815

    def _known(self, backend: HttpBackend) -> bool:
        expected = base64.b64encode(f"{backend.user}:{backend.password}".encode()).decode()
        return hmac.compare_digest(self.headers.get("Authorization", ""), f"Basic {expected}")

    def _lock(self, backend: HttpBackend, path: str, body: bytes) -> tuple[int, bytes]:
        held = backend.locks.get(path)
        if self.command in ("POST", "PUT", "LOCK"):
            if held is not None:
                return 423, held
            backend.locks[path] = body
            return 200, b""
        # GitLab frees whatever lock there is when the body names none (as force-unlock does).
        if held is not None and body and _id(body) not in ("", _id(held)):
            return 409, held
        backend.locks.pop(path, None)
        return 200, b""

    def _state(self, backend: HttpBackend, path: str, lock_id: str, body: bytes) -> tuple[int, bytes]:
        state = backend.states.get(path)
        if self.command == "GET":
            return (404, b"") if state is None else (200, state)
        held = backend.locks.get(path)
        if held is not None and _id(held) != lock_id:
            return 423, held
        if self.command == "DELETE":
            backend.states.pop(path, None)
        else:
            backend.states[path] = body
        return 200, b""


def _id(body: bytes) -> str:
    try:
        return str(json.loads(body)["ID"])
    except (ValueError, KeyError, TypeError):
        return ""
