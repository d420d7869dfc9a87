"""A tiny server that stands for an Attic or Bazel cache, so that a proof can be run while it is away:

`… ADDRESS PORT`.
"""

from __future__ import annotations

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Cache(BaseHTTPRequestHandler):
    """Answers every question as an empty, healthy cache would."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        healthy = self.path in ("/", "/status", "/nix-cache-info")
        body = b"cache stand-in\n" if healthy else b"miss\n"
        self.send_response(200 if healthy else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing to say."""


def main(arguments: list[str]) -> int:
    """Serve until killed."""
    address, port = arguments
    ThreadingHTTPServer((address, int(port)), Cache).serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
