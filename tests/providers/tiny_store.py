"""A tiny server in the place of a store: ready some time after its start; a file in its folder is its data."""

import os
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

STARTED = time.monotonic()


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        ready = time.monotonic() - STARTED > float(os.environ.get("TINY_READY_AFTER", "0"))
        self.send_response(200 if ready or self.path == "/metrics" else 503)
        self.end_headers()
        self.wfile.write(b"tiny_requests 1\n")

    def log_message(self, *_: object) -> None:
        print("asked", self.path, "with", os.environ["TINY_SECRET"], "X-Amz-Signature=0123abcd", flush=True)


def main(address: str, port: str, folder: str) -> None:
    (Path(folder) / "data").write_text("kept")
    if os.environ.get("TINY_FAILS"):
        sys.exit("it fails: " + os.environ["TINY_SECRET"])
    if os.environ.get("TINY_STUBBORN"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    ThreadingHTTPServer((address, int(port)), Answer).serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
