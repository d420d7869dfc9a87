"""How long a whole answer may take and how large it may be, held at the socket: whatever a server does, reading ends.

A time limit of an ordinary client is one for each wait, so that a server that sends one byte a second is never too
late, and nothing limits what is read into memory.
"""

from __future__ import annotations

import io
import socket
import time
from collections.abc import Callable
from typing import Any, TypeVar, cast

R = TypeVar("R")

ANSWER_BYTES = 128 << 20
"""The largest answer that is read: twice the largest object that is tried (64 MiB, P1.3)."""
PAGE_BYTES = 16 << 20
"""The largest metrics page or answer of an administrative interface that is read."""


class TooLate(TimeoutError):
    """The answer as a whole was not there in time."""


class TooLarge(OSError):
    """The answer is larger than anything that was asked for."""


def limit_behind(error: BaseException) -> TooLate | TooLarge | None:
    """The limit that a client library's error comes from, which its own text may not name; None if it is another."""
    seen: list[BaseException] = []
    left: list[Any] = [error]
    while left:
        cause = left.pop()
        if isinstance(cause, TooLate | TooLarge):
            return cause
        if isinstance(cause, BaseException) and cause not in seen:
            seen.append(cause)
            left += [cause.__cause__, cause.__context__, *cause.args]
    return None


def whole_seconds(seconds: float) -> float:
    """How long an answer may take as a whole if each wait for a part of it may take `seconds`."""
    return max(30.0, 10 * seconds)


class SizeLimit:
    """How many bytes one answer may have: `most`."""

    def __init__(self, most: int = ANSWER_BYTES) -> None:
        self.most, self._bytes = most, 0

    def begin(self) -> None:
        """The next answer begins."""
        self._bytes = 0

    def count(self, received: int) -> int:
        """So many bytes came. Raises TooLarge."""
        self._bytes += received
        if self._bytes > self.most:
            raise TooLarge(f"the answer is larger than {self.most >> 20} MiB")
        return received


class Limit(SizeLimit):
    """The limits of one answer at a time: `seconds` from `begin` to the last byte, and `most` bytes."""

    def __init__(self, seconds: float, most: int = ANSWER_BYTES) -> None:
        super().__init__(most)
        self.seconds = seconds
        self.begin()

    def begin(self) -> None:
        """The next request begins."""
        super().begin()
        self._deadline = time.monotonic() + self.seconds

    def left(self) -> float:
        """Seconds that are left. Raises TooLate."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TooLate(f"no whole answer within {self.seconds:g} s")
        return left


class LimitedSocket:
    """A connected socket whose reads and writes keep a limit. Everything else is the socket's own."""

    def __init__(self, sock: socket.socket, limit: Limit) -> None:
        self._sock, self._limit = sock, limit
        self._each = sock.gettimeout()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def settimeout(self, seconds: float | None) -> None:
        """How long each wait may take; the limit of the whole holds besides."""
        self._each = seconds

    def gettimeout(self) -> float | None:
        """How long each wait may take."""
        return self._each

    def recv(self, size: int, flags: int = 0) -> bytes:
        """As of a socket. Raises TooLate or TooLarge."""
        got = self._within(lambda: self._sock.recv(size, flags))
        self._limit.count(len(got))
        return got

    def recv_into(self, buffer: Any, size: int = 0, flags: int = 0) -> int:
        """As of a socket. Raises TooLate or TooLarge."""
        return self._limit.count(self._within(lambda: self._sock.recv_into(buffer, size, flags)))

    def sendall(self, data: Any, flags: int = 0) -> None:
        """As of a socket. Raises TooLate."""
        self._within(lambda: self._sock.sendall(data, flags))

    def makefile(self, mode: str = "r", buffering: int | None = None, **_text: Any) -> Any:
        """A binary file that reads through the limit, as an HTTP client wants it."""
        sock: Any = self._sock
        sock._io_refs += 1  # as in socket.makefile: the socket stays open until this file is closed too
        raw = socket.SocketIO(cast("socket.socket", self), "r")
        return raw if buffering == 0 else io.BufferedReader(raw)

    def _within(self, work: Callable[[], R]) -> R:
        left = self._limit.left()
        self._sock.settimeout(left if self._each is None else min(left, self._each))
        try:
            return work()
        except TimeoutError:
            self._limit.left()
            raise
