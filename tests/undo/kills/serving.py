"""Who does the commands of `agent.py`: threads of this process, in the namespaces of the store."""

from __future__ import annotations

import json
import os
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CLIENT = Path(__file__).with_name("agent.py")


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        """One command."""
        asked = json.loads(self.rfile.readline() or b'{"argv": ["true"], "env": {}}')
        ran = subprocess.run(
            asked["argv"],
            env=dict(os.environ) | asked["env"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        answer = {"code": ran.returncode, "out": ran.stdout, "err": ran.stderr}
        try:
            self.wfile.write(json.dumps(answer).encode() + b"\n")
        except OSError:
            return  # who asked is gone


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads, block_on_close = True, False


@contextmanager
def serving(place: Path) -> Iterator[list[str]]:
    """How a command line begins that is to be done here."""
    address = str(place / "agent.sock")
    with _Server(address, _Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()
        try:
            yield [sys.executable, "-S", "-E", str(CLIENT), address]
        finally:
            server.shutdown()
