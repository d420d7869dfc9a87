"""HTTP/1.1 as far as a proxy needs it: whole messages over h11, header fields kept byte for byte and in order."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import h11

Fields = list[tuple[bytes, bytes]]
MOST_HEAD = 1 << 16
_PIECE = 1 << 16


class Broken(Exception):
    """The peer went away, or does not speak HTTP/1.1."""


@dataclass
class Message:
    """A request: its header fields as they came, and the body without any transfer coding."""

    method: str
    target: str
    fields: Fields
    body: bytes = b""

    def get(self, name: str) -> str | None:
        """The value of the first field of that name (lower case)."""
        return _first(self.fields, name)

    def without(self, names: Iterable[str]) -> Fields:
        """The fields, except those."""
        return _without(self.fields, names)


@dataclass
class Reply:
    """An answer of a store: what a defect may change before the client sees it."""

    status: int
    fields: Fields
    body: bytes = b""
    reason: bytes = b""

    def get(self, name: str) -> str | None:
        """The value of the first field of that name (lower case)."""
        return _first(self.fields, name)

    def set(self, name: str, value: str) -> None:
        """Replace that field, or add it."""
        self.fields = [*_without(self.fields, [name.lower()]), (name.encode(), value.encode())]


class ToClient:
    """The server's side of a client's connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self._protocol = h11.Connection(h11.SERVER, max_incomplete_event_size=MOST_HEAD)

    async def head(self) -> Message | None:
        """The next request without its body; None at an orderly end. Raises Broken."""
        event = await _next(self._protocol, self.reader)
        if isinstance(event, h11.ConnectionClosed):
            return None
        if not isinstance(event, h11.Request):
            raise Broken(f"{type(event).__name__} instead of a request")
        return Message(event.method.decode(), event.target.decode(), event.headers.raw_items())

    async def body(self) -> bytes:
        """The body of the request whose head was read, asked for if the client waits to be. Raises Broken."""
        if self._protocol.they_are_waiting_for_100_continue:
            self.writer.write(
                self._protocol.send(h11.InformationalResponse(status_code=100, headers=[])) or b""
            )
        return await _body(self._protocol, self.reader)

    async def answer(self, reply: Reply, *, to_head: bool) -> bool:
        """Sends it; True if another request may follow. The length of a HEAD's answer is the store's; every other
        one's is that of the body.
        """
        fields = _without(reply.fields, ["transfer-encoding", "connection"])
        bare = to_head or reply.status in (204, 304)
        if not bare:
            fields = _without(fields, ["content-length"])
            fields.append((b"Content-Length", str(len(reply.body)).encode()))
        elif to_head and _first(fields, "content-length") is None:
            fields.append((b"Content-Length", b"0"))
        with _speaking():
            response = h11.Response(
                status_code=reply.status, headers=fields, reason=reply.reason or b"Answer"
            )
            self.writer.write(_whole(self._protocol, response, b"" if bare else reply.body))
            await self.writer.drain()
        if self._protocol.our_state is not h11.DONE or self._protocol.their_state is not h11.DONE:
            return False
        self._protocol.start_next_cycle()
        return True


class ToStore:
    """The client's side of a connection to a real endpoint."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self._protocol = h11.Connection(h11.CLIENT, max_incomplete_event_size=MOST_HEAD)

    async def exchange(self, message: Message) -> Reply:
        """The final answer to the request, sent with its fields as they are except for the transfer coding, and for
        its wish to be asked to continue, which was granted already. Raises Broken.
        """
        fields = message.without(
            ["expect", "transfer-encoding", *(["content-length"] if message.body else [])]
        )
        if message.body:
            fields.append((b"Content-Length", str(len(message.body)).encode()))
        with _speaking():
            request = h11.Request(method=message.method, target=message.target, headers=fields)
            self.writer.write(_whole(self._protocol, request, message.body))
            await self.writer.drain()
        event: object = None
        while not isinstance(event, h11.Response):
            event = await _next(self._protocol, self.reader)
            if not isinstance(event, h11.Response | h11.InformationalResponse):
                raise Broken("closed without an answer")
        body = await _body(self._protocol, self.reader)
        if self._protocol.our_state is h11.DONE and self._protocol.their_state is h11.DONE:
            self._protocol.start_next_cycle()
        return Reply(event.status_code, event.headers.raw_items(), body, event.reason)


async def _next(protocol: h11.Connection, reader: asyncio.StreamReader) -> object:
    """The next event of the peer. Raises Broken."""
    with _speaking():
        while (event := protocol.next_event()) is h11.NEED_DATA:
            protocol.receive_data(await reader.read(_PIECE))
        return event


async def _body(protocol: h11.Connection, reader: asyncio.StreamReader) -> bytes:
    parts = []
    while isinstance(event := await _next(protocol, reader), h11.Data):
        parts.append(bytes(event.data))
    if not isinstance(event, h11.EndOfMessage):
        raise Broken(f"{type(event).__name__} in the middle of a body")
    return b"".join(parts)


def _whole(protocol: h11.Connection, head: h11.Request | h11.Response, body: bytes) -> bytes:
    events: list[h11.Event] = [head, *([h11.Data(body)] if body else []), h11.EndOfMessage()]
    return b"".join(protocol.send(event) or b"" for event in events)


@contextlib.contextmanager
def _speaking() -> Iterator[None]:
    """What goes wrong between two peers is Broken."""
    try:
        yield
    except (OSError, h11.ProtocolError) as error:
        raise Broken(f"{type(error).__name__}: {error}") from None


def _first(fields: Fields, name: str) -> str | None:
    wanted = name.encode()
    return next((value.decode("latin-1") for key, value in fields if key.lower() == wanted), None)


def _without(fields: Fields, names: Iterable[str]) -> Fields:
    dropped = {name.encode() for name in names}
    return [(key, value) for key, value in fields if key.lower() not in dropped]
