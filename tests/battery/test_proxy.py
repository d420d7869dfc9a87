"""The proxy without a defect: what passes through it is what was sent, and how a connection ends is seen, too."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from tests.battery.proxy import Front
from tests.battery.world import World

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def fronted(serve: Serve) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A client's connection to a front of that server."""
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    front = Front("one", "one", url, None, World(("one",), random.Random(1)), {})
    port = int((await front.start()).rsplit(":", 1)[1])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(5):
            yield reader, writer
    finally:
        writer.transport.abort()
        front.stop()
        server.close()
        await asyncio.sleep(0.05)


async def through(serve: Serve, *sent: bytes) -> list[bytes]:
    """What comes back for each request, sent one after the other on one connection to a front of that server."""
    got = []
    async with fronted(serve) as (reader, writer):
        for each in sent:
            writer.write(each)
            got.append(await reader.readuntil(b"END"))
    return got


def recording(seen: list[bytes], *answers: bytes) -> Serve:
    """A server that keeps the heads it is sent, and answers one after the other."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            seen.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(answer)
        writer.close()

    return serve


def test_the_head_of_a_request_passes_byte_for_byte() -> None:
    seen: list[bytes] = []
    head = b"GET /b/a%20b?x=%2F HTTP/1.1\r\nHost: far:1\r\nX-Odd-CASE:  v \r\nAuthorization: AWS4 x\r\n\r\n"
    asyncio.run(through(recording(seen, b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nEND"), head))
    lines = seen[0].split(b"\r\n")
    assert lines[0] == b"GET /b/a%20b?x=%2F HTTP/1.1"
    assert lines[1:4] == [b"Host: far:1", b"X-Odd-CASE: v", b"Authorization: AWS4 x"]


def test_chunks_come_back_as_one_body_and_the_connection_is_kept() -> None:
    seen: list[bytes] = []
    chunked = (
        b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nETag: "e"\r\n\r\n2\r\nab\r\n3\r\nEND\r\n0\r\n\r\n'
    )
    plain = b"HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nnoEND"
    get = b"GET /b/k HTTP/1.1\r\nHost: far:1\r\n\r\n"
    first, second = asyncio.run(through(recording(seen, chunked, plain), get, get))
    assert first.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b'ETag: "e"\r\n' in first
    assert first.endswith(b"Content-Length: 5\r\n\r\nabEND")
    assert second.startswith(b"HTTP/1.1 404 Not Found\r\n")
    assert len(seen) == 2


@pytest.mark.parametrize(
    "framed",
    [
        b"Content-Length: 5\r\n\r\nabcde",
        b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n",
    ],
)
def test_a_body_arrives_whole_with_its_length(framed: bytes) -> None:
    seen: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        seen.append(await reader.readexactly(5))
        writer.write(b"HTTP/1.1 200 OK\r\nX-End: END\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    asyncio.run(through(serve, b"PUT /b/k HTTP/1.1\r\nHost: far:1\r\n" + framed))
    assert b"Content-Length: 5\r\n" in seen[0]
    assert b"Transfer-Encoding" not in seen[0]
    assert seen[1] == b"abcde"


def test_a_client_that_waits_to_be_asked_for_its_body_is_asked() -> None:
    seen: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        seen.append(await reader.readexactly(2))
        writer.write(b"HTTP/1.1 200 OK\r\nX-End: END\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async def waiting() -> None:
        async with fronted(serve) as (reader, writer):
            writer.write(
                b"PUT /b/k HTTP/1.1\r\nHost: far:1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
            )
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100 ")
            writer.write(b"ab")
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 OK\r\n")

    asyncio.run(waiting())
    assert b"Expect" not in seen[0]
    assert seen[1] == b"ab"


def test_the_length_of_a_heads_answer_is_the_stores() -> None:
    seen: list[bytes] = []
    answers = [b"HTTP/1.1 200 OK\r\nContent-Length: 70\r\nX-End: END\r\n\r\n"] * 2
    head = b"HEAD /b/k HTTP/1.1\r\nHost: far:1\r\n\r\n"
    got = asyncio.run(through(recording(seen, *answers), head, head))
    assert all(b"Content-Length: 70\r\n" in each for each in got)


def test_a_real_endpoint_that_goes_away_resets_the_client() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.abort()

    with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
        asyncio.run(through(serve, b"GET /b/k HTTP/1.1\r\nHost: far:1\r\n\r\n"))


def test_a_client_that_does_not_wait_ends_the_request_at_the_real_endpoint() -> None:
    asked, ended = asyncio.Event(), asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        with contextlib.suppress(ConnectionResetError):
            assert not await reader.read(1)
        ended.set()
        writer.transport.abort()

    async def impatient() -> None:
        async with fronted(serve) as (_, writer):
            writer.write(b"GET /b/k HTTP/1.1\r\nHost: far:1\r\n\r\n")
            await asyncio.wait_for(asked.wait(), 5)
            writer.transport.abort()
            await asyncio.wait_for(ended.wait(), 5)

    asyncio.run(impatient())
    assert ended.is_set()
