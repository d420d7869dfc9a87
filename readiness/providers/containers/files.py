"""How many files a folder of a container holds: the engine sends the folder as a tar archive, piece by piece."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable
from typing import Any

PIECE = 1 << 20
"""Bytes that are read at a time: no whole file is kept in memory."""


def count_files(chunks: Iterable[bytes]) -> int:
    """The plain files of an archive that comes in pieces of any size."""
    stream = io.BufferedReader(_Stream(chunks), PIECE)
    with tarfile.open(fileobj=stream, mode="r|", bufsize=PIECE) as tar:
        return sum(entry.isfile() for entry in tar)


class _Stream(io.RawIOBase):
    """The bytes of an answer in pieces, read as from a file."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks, self._rest = iter(chunks), memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Fills as much of the buffer as one piece can; 0 at the end."""
        while not self._rest and (chunk := next(self._chunks, None)) is not None:
            self._rest = memoryview(chunk)
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size
