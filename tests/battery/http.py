"""HTTP/1.1 as far as a proxy needs it: whole messages, header fields kept byte for byte and in order."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

Fields = list[tuple[bytes, bytes]]
MOST_HEAD = 1 << 16


class Broken(Exception):
    """The peer went away, or does not speak HTTP/1.1."""


@dataclass
class Message:
    """A start line, its header fields as they came, and the body without any transfer coding."""

    start: bytes
    fields: Fields
    body: bytes = b""

    def get(self, name: str) -> str | None:
        """The value of the first field of that name (lower case)."""
        wanted = name.encode()
        return next((value.decode("latin-1") for key, value in self.fields if key.lower() == wanted), None)

    def without(self, names: Iterable[str]) -> Fields:
        """The fields, except those."""
        dropped = {name.encode() for name in names}
        return [(key, value) for key, value in self.fields if key.lower() not in dropped]


@dataclass
class Reply:
    """An answer of a store: what a defect may change before the client sees it."""

    status: int
    fields: Fields
    body: bytes = b""
    reason: bytes = b""

    def get(self, name: str) -> str | None:
        """The value of the first field of that name (lower case)."""
        return Message(b"", self.fields).get(name)

    def set(self, name: str, value: str) -> None:
        """Replace that field, or add it."""
        self.fields = [*Message(b"", self.fields).without([name.lower()]), (name.encode(), value.encode())]


async def read_head(reader: asyncio.StreamReader) -> Message | None:
    """The start line and fields of the next message; None at an orderly end. Raises Broken."""
    try:
        raw = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if not error.partial:
            return None
        raise Broken("closed in the middle of a head") from None
    except (OSError, asyncio.LimitOverrunError) as error:
        raise Broken(str(error)) from None
    start, *lines = raw[:-4].split(b"\r\n")
    fields = []
    for line in lines:
        name, _, value = line.partition(b":")
        fields.append((name, value.strip()))
    return Message(start, fields)


async def read_body(reader: asyncio.StreamReader, message: Message) -> bytes:
    """The body that the head announces. Raises Broken."""
    try:
        if (message.get("transfer-encoding") or "").lower() == "chunked":
            return await _chunks(reader)
        length = message.get("content-length")
        return await reader.readexactly(int(length)) if length and int(length) else b""
    except (asyncio.IncompleteReadError, OSError, ValueError) as error:
        raise Broken(f"{type(error).__name__}: {error}") from None


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    parts = []
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        parts.append(await reader.readexactly(size))
        await reader.readexactly(2)
    while await reader.readuntil(b"\r\n") != b"\r\n":
        pass
    return b"".join(parts)


async def read_reply(reader: asyncio.StreamReader, *, to_head: bool) -> Reply:
    """The final answer to one request. Raises Broken."""
    while True:
        message = await read_head(reader)
        if message is None:
            raise Broken("closed without an answer")
        _, status, reason = (*message.start.split(b" ", 2), b"")[:3]
        if not status.startswith(b"1"):
            break
    bodiless = to_head or status in (b"204", b"304")
    body = b"" if bodiless else await read_body(reader, message)
    return Reply(int(status), message.fields, body, reason)


def request_bytes(start: bytes, fields: Fields, body: bytes) -> bytes:
    """A request with these fields as they are, except for the transfer coding."""
    return _bytes(start, [*fields, (b"Content-Length", str(len(body)).encode())] if body else fields, body)


def reply_bytes(reply: Reply, *, to_head: bool) -> bytes:
    """The answer. The length of a HEAD's answer is the store's; every other one's is that of the body."""
    fields = Message(b"", reply.fields).without(["transfer-encoding", "connection"])
    if not to_head and reply.status not in (204, 304):
        fields = Message(b"", fields).without(["content-length"])
        fields.append((b"Content-Length", str(len(reply.body)).encode()))
    elif to_head and not any(name.lower() == b"content-length" for name, _ in fields):
        fields.append((b"Content-Length", b"0"))
    start = b"HTTP/1.1 %d %s" % (reply.status, reply.reason or b"Answer")
    return _bytes(start, fields, b"" if to_head else reply.body)


def _bytes(start: bytes, fields: Fields, body: bytes) -> bytes:
    lines = [start, *(name + b": " + value for name, value in fields)]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body
