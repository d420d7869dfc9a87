"""Local listeners that lead to whichever pod is the right one now: one stream a connection, chosen when it is accepted.

A connection that cannot be forwarded is reset: it is never left hanging by the suite itself. One that was forwarded
hangs if the pod does, and is reset when the pod is gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

DIAL_SECONDS = 15.0
"""Seconds, longer than any client here waits: until then a silence stays a silence."""
_RESET = struct.pack("ii", 1, 0)
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True)
class Place:
    """A port of one pod."""

    uid: str
    pod: str
    address: str
    port: int


class Tunnel(Protocol):
    """A stream that was opened by blocking means. `failed`: whether it ended because the other side could not go on."""

    socket: socket.socket

    def failed(self) -> bool: ...
    def close(self) -> None: ...


Choose = Callable[[], Place | None]
Dial = Callable[[Place], Tunnel]


class Forwarder:
    """All listeners of a run, in one thread with an event loop of its own. All methods are thread-safe.

    `dial` opens a tunnel to a place; without it the place's address is dialled directly.
    """

    def __init__(self, dial: Dial | None = None) -> None:
        self._dial = dial
        self._loop = asyncio.new_event_loop()
        self._dialling = ThreadPoolExecutor(64, "dial")
        self._servers: list[asyncio.Server] = []
        self._open: dict[str, set[asyncio.Task[None]]] = {}
        self._thread = threading.Thread(target=self._loop.run_forever, name="forwarder", daemon=True)
        self._thread.start()

    def listen(self, choose: Choose) -> int:
        """A new listener on the loopback address; returns its port."""
        return asyncio.run_coroutine_threadsafe(self._listen(choose), self._loop).result(10)

    def cut(self, uid: str) -> None:
        """Reset every connection to that pod: it is gone."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._cut, uid)

    def stop(self) -> None:
        """Close the listeners and reset every connection. A second call does nothing."""
        if not self._thread.is_alive():
            return
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._dialling.shutdown(wait=False, cancel_futures=True)
        self._loop.close()

    async def _listen(self, choose: Choose) -> int:
        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await self._serve(choose(), reader, writer)
            except (OSError, TimeoutError, asyncio.CancelledError):
                reset(writer)

        server = await asyncio.start_server(accept, "127.0.0.1", 0, backlog=512)
        self._servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    async def _serve(
        self, place: Place | None, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        task: asyncio.Task[None] | None = asyncio.current_task()
        if place is None or task is None:
            reset(writer)
            return
        here = self._open.setdefault(place.uid, set())
        here.add(task)
        tunnel: Tunnel | None = None
        try:
            if self._dial is None:
                async with asyncio.timeout(DIAL_SECONDS):
                    far = await asyncio.open_connection(place.address, place.port)
            else:
                tunnel = await self._tunnel(self._dial, place)
                far = await asyncio.open_connection(sock=tunnel.socket)
            await _join((reader, writer), far, tunnel)
        finally:
            here.discard(task)
            if not here and self._open.get(place.uid) is here:
                del self._open[place.uid]
            if tunnel is not None:
                tunnel.close()

    async def _tunnel(self, dial: Dial, place: Place) -> Tunnel:
        opening = self._dialling.submit(dial, place)
        try:
            return await asyncio.wrap_future(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(_close_late)
            raise

    def _cut(self, uid: str) -> None:
        for task in self._open.pop(uid, set()):
            task.cancel()

    async def _end(self) -> None:
        for server in self._servers:
            server.close()
        tasks = [task for here in self._open.values() for task in here]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _close_late(opening: Future[Tunnel]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()


async def _join(near: Streams, far: Streams, tunnel: Tunnel | None) -> None:
    """Pump both ways until the far side ends or the near side is gone. A tunnel cannot be half closed."""
    up = asyncio.ensure_future(_pump(near[0], far[1], half_close=tunnel is None))
    down = asyncio.ensure_future(_pump(far[0], near[1], half_close=False))
    try:
        await asyncio.wait((up, down), return_when=asyncio.FIRST_COMPLETED)
        if not down.done() and tunnel is None and up.exception() is None:
            await asyncio.wait((down,))
        failed = any(task.done() and task.exception() is not None for task in (up, down))
        if failed or (down.done() and tunnel is not None and tunnel.failed()):
            reset(near[1])
    finally:
        for task in (up, down):
            task.cancel()
        for _, writer in (near, far):
            writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, half_close: bool) -> None:
    while chunk := await reader.read(65536):
        writer.write(chunk)
        await writer.drain()
    if half_close and writer.can_write_eof():
        writer.write_eof()


def reset(writer: asyncio.StreamWriter) -> None:
    """Close so that the peer sees a reset, not an orderly end."""
    sock = writer.get_extra_info("socket")
    if sock is not None:
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()
