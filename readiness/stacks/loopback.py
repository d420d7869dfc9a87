"""An HTTP server of this process that only this machine reaches."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_POLL_SECONDS = 0.05
"""How often it looks whether it shall end."""


class LoopbackServer(ThreadingHTTPServer):
    """Answers on a free port of loopback, in threads of its own, until closed."""

    daemon_threads = True

    def __init__(self, handler: Callable[..., BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, args=(_POLL_SECONDS,), daemon=True).start()

    def close(self) -> None:
        self.shutdown()
        self.server_close()
