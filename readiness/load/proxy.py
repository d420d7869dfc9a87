"""A small TCP proxy of the suite's own, between its clients and an endpoint: the network that is slow, or
that resets.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import struct
from urllib.parse import urlsplit

_ABORT = struct.pack("ii", 1, 0)


class Proxy:
    """Forwards to one URL. `delay` seconds are added to each chunk; with `reset` probability a chunk ends in
    a TCP reset instead.
    """

    def __init__(self, url: str, rng: random.Random) -> None:
        split = urlsplit(url)
        self._host = split.hostname or ""
        self._port = split.port or (443 if split.scheme == "https" else 80)
        self._rng = rng
        self._server: asyncio.Server | None = None
        self._pumps: set[asyncio.Task[None]] = set()
        self.delay = 0.0
        self.reset = 0.0
        self.delayed = 0
        self.resets = 0
        self.address = ("", 0)

    async def start(self) -> None:
        """Listen on a free port of the loopback address; `address` is where."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.address = ("127.0.0.1", int(self._server.sockets[0].getsockname()[1]))

    async def stop(self) -> None:
        """Close the listener and every connection."""
        if self._server:
            self._server.close()
        for pump in list(self._pumps):
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._pumps.add(task)
        try:
            far_reader, far_writer = await asyncio.open_connection(self._host, self._port)
        except OSError:
            _abort(writer)
            self._pumps.discard(task)
            return
        both = (self._pump(reader, far_writer, writer), self._pump(far_reader, writer, far_writer))
        try:
            await asyncio.gather(*both)
        finally:
            for each in (writer, far_writer):
                each.close()
            self._pumps.discard(task)

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, other: asyncio.StreamWriter
    ) -> None:
        with contextlib.suppress(OSError, RuntimeError):
            while chunk := await reader.read(65536):
                if self.reset and self._rng.random() < self.reset:
                    self.resets += 1
                    _abort(writer)
                    _abort(other)
                    return
                if self.delay:
                    self.delayed += 1
                    await asyncio.sleep(self.delay)
                writer.write(chunk)
                await writer.drain()
            if writer.can_write_eof():
                writer.write_eof()


def _abort(writer: asyncio.StreamWriter) -> None:
    """Close so that the peer sees a reset, not an orderly end."""
    sock = writer.get_extra_info("socket")
    if sock is not None:
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
    writer.transport.abort()
