"""The wall around a rehearsal: a proxy that lets nothing through and remembers what was asked of it.

Go's HTTP client, and so tofu and the AWS SDK, sends every request that does not go to loopback to HTTP_PROXY and
HTTPS_PROXY (net/http, ProxyFromEnvironment).
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from functools import partial
from http.server import BaseHTTPRequestHandler
from typing import Any

from readiness.stacks.loopback import LoopbackServer


class Wall:
    """A proxy on loopback, until closed. `asked` lists the hosts that somebody wanted to reach, each once."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._guard = threading.Lock()
        self._server = LoopbackServer(partial(_Handler, self))

    def __enter__(self) -> Wall:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._server.close()

    def environment(self, through: Iterable[str] = ()) -> Mapping[str, str]:
        """What a process needs to stay inside, but for these hosts."""
        return {
            "HTTP_PROXY": self._server.url,
            "HTTPS_PROXY": self._server.url,
            "NO_PROXY": ",".join(through),
        }

    def note(self, host: str) -> None:
        """Somebody wanted to reach this host."""
        with self._guard:
            if host not in self.asked:
                self.asked.append(host)


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, wall: Wall, *connection: Any) -> None:
        self._wall = wall
        super().__init__(*connection)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing: what was asked is kept in the wall."""

    def _refuse(self) -> None:
        self._wall.note(self.path.removeprefix("http://").partition("/")[0])
        self.send_error(403, "a rehearsal reaches nothing outside of this machine")

    do_CONNECT = do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _refuse  # noqa: N815
