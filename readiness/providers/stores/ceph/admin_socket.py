"""Questions to one daemon of Ceph by its admin socket: what `ceph daemon` asks."""

from __future__ import annotations

import json
import socket
import struct
import time
from pathlib import Path
from typing import Any


def ask(path: Path, command: str, seconds: float) -> Any:
    """The daemon's answer. Raises OSError (TimeoutError for silence), and ValueError if it is no JSON."""
    deadline = time.monotonic() + seconds
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(seconds)
        connection.connect(str(path))
        connection.sendall(json.dumps({"prefix": command, "format": "json"}).encode() + b"\0")
        (length,) = struct.unpack(">I", _received(connection, 4, deadline))
        return json.loads(_received(connection, length, deadline))


def _received(connection: socket.socket, length: int, deadline: float) -> bytes:
    received = b""
    while len(received) < length:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        connection.settimeout(left)
        part = connection.recv(min(65536, length - len(received)))
        if not part:
            raise ConnectionResetError("closed without an answer")
        received += part
    return received
