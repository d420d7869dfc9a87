"""The wall around a rehearsal: a proxy that lets nothing through and remembers what was asked of it.

Go's HTTP client, and so tofu and the AWS SDK, sends every request that does not go to loopback to HTTP_PROXY and
HTTPS_PROXY (net/http, ProxyFromEnvironment).
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Wall:
    """A proxy on loopback, until closed. `asked` lists the hosts that somebody wanted to reach, each once."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._guard = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.wall = self  # type: ignore[attr-defined]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self) -> Wall:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def environment(self, through: Iterable[str] = ()) -> Mapping[str, str]:
        """What a process needs to stay inside, but for these hosts."""
        url = f"http://127.0.0.1:{self._server.server_port}"
        return {"HTTP_PROXY": url, "HTTPS_PROXY": url, "NO_PROXY": ",".join(through)}

    def note(self, host: str) -> None:
        """Somebody wanted to reach this host."""
        with self._guard:
            if host not in self.asked:
                self.asked.append(host)


class _Handler(BaseHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing: what was asked is kept in the wall."""

    def _refuse(self) -> None:
        wall: Wall = self.server.wall  # type: ignore[attr-defined]
        wall.note(self.path.removeprefix("http://").partition("/")[0])
        self.send_error(403, "a rehearsal reaches nothing outside of this machine")

    do_CONNECT = do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _refuse  # noqa: N815
