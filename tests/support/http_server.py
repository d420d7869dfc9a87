"""Small asyncio servers that answer S3 requests in ways a store may: well, late, half, never."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import h11

Answer = Callable[["Exchange"], Awaitable[None]]


@dataclass
class Exchange:
    """One request as it came, and the connection to answer on: in HTTP through `reply`, in anything through `send`."""

    protocol: h11.Connection
    request: h11.Request
    body: bytes
    writer: asyncio.StreamWriter

    def reply(self, response: h11.Response, body: bytes) -> None:
        """A whole answer."""
        events: list[h11.Event] = [response, h11.EndOfMessage()]
        if self.request.method != b"HEAD":
            events.insert(1, h11.Data(body))
        for event in events:
            self.writer.write(self.protocol.send(event) or b"")

    def send(self, text: str | bytes) -> None:
        """Those bytes, whether HTTP or not."""
        self.writer.write(text.encode() if isinstance(text, str) else text)

    def reset(self) -> None:
        """End the connection with a TCP reset."""
        sock: socket.socket = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


@dataclass
class Server:
    """Where it listens, and what it was sent: the heads of the requests as text, and their bodies."""

    url: str
    connections: int = 0
    requests: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)


def ok(status: str = "200 OK", body: str = "", *headers: str) -> Answer:
    """Answers with that status and body; `headers` are written `Name: value`."""
    code, _, reason = status.partition(" ")
    pairs = [(name, value.strip()) for name, _, value in (each.partition(":") for each in headers)]
    length = ("Content-Length", str(len(body.encode())))

    async def answer(exchange: Exchange) -> None:
        response = h11.Response(status_code=int(code), headers=[length, *pairs], reason=reason)
        exchange.reply(response, body.encode())

    return answer


async def hang(_exchange: Exchange) -> None:
    """Never answers."""
    await asyncio.Event().wait()


async def reset(exchange: Exchange) -> None:
    """Resets the connection."""
    exchange.reset()


async def close(exchange: Exchange) -> None:
    """Closes the connection without an answer."""
    exchange.writer.close()


async def _request(
    protocol: h11.Connection, reader: asyncio.StreamReader
) -> tuple[h11.Request, bytes] | None:
    """The next whole request; None when the client closed the connection."""
    request, body = None, b""
    while True:
        event = protocol.next_event()
        if event is h11.NEED_DATA:
            protocol.receive_data(await reader.read(1 << 16))
        elif isinstance(event, h11.Request):
            request = event
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage):
            assert request is not None
            return request, body
        else:
            return None


def _head(request: h11.Request) -> str:
    """The head as it was sent."""
    fields = [name + b": " + value for name, value in request.headers.raw_items()]
    start = b"%s %s HTTP/%s" % (request.method, request.target, request.http_version)
    return b"\r\n".join([start, *fields, b"", b""]).decode()


@contextlib.asynccontextmanager
async def serving(*answers: Answer) -> AsyncIterator[Server]:
    """A server that answers the first request by the first answer and so on; the last one answers all others."""
    left = list(answers)
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        tasks.add(task)
        server.connections += 1
        protocol = h11.Connection(h11.SERVER)
        try:
            while (came := await _request(protocol, reader)) is not None:
                request, body = came
                server.requests.append(_head(request))
                server.bodies.append(body)
                await (left.pop(0) if len(left) > 1 else left[0])(Exchange(protocol, request, body, writer))
                protocol = _next(protocol)
        except (OSError, h11.RemoteProtocolError):
            pass
        finally:
            if not writer.is_closing():
                writer.transport.abort()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    server = Server(f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}")
    try:
        yield server
    finally:
        listening.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await listening.wait_closed()


def _next(protocol: h11.Connection) -> h11.Connection:
    """For the next request on the connection, also when an answer was not HTTP, which h11 then knows nothing of."""
    fresh = h11.Connection(h11.SERVER)
    early, _ended = protocol.trailing_data
    if early:
        fresh.receive_data(early)
    return fresh
