"""Every request ends in a whole reply, in "certainly not sent", or in "may have happened"; nothing is tried twice."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import Awaitable, Callable

import pytest

from readiness.s3.wire import NoReply, NotSent, Reply, Target, Wire
from readiness.topology import Keys
from tests.support.http_server import Answer, Exchange, Server, close, hang, ok, reset, serving

KEYS = Keys("AKTEST000000", "the-secret-key-of-the-test")


def play(steps: Callable[[Wire, Server], Awaitable[None]], *answers: Answer) -> None:
    async def run() -> None:
        async with serving(*answers) as server:
            wire = Wire(Target(server.url, KEYS))
            try:
                await steps(wire, server)
            finally:
                wire.close()

    asyncio.run(run())


def once(*answers: Answer, method: str = "GET", body: bytes = b"", seconds: float = 2.0) -> Reply:
    got: list[Reply] = []

    async def steps(wire: Wire, server: Server) -> None:
        try:
            got.append(await wire.request(method, "bucket", "key", body=body, seconds=seconds))
        finally:
            assert len(server.requests) == 1, "no request is tried twice"

    play(steps, *answers)
    return got[0]


async def chunked(exchange: Exchange) -> None:
    exchange.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nETag: "abc"\r\n\r\n4\r\nwhol')
    await asyncio.sleep(0.02)
    exchange.send("\r\n1\r\ne\r\n0\r\n\r\n")


async def cut_chunked(exchange: Exchange) -> None:
    exchange.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nwhole\r\n")
    exchange.writer.close()


async def short(exchange: Exchange) -> None:
    exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
    exchange.writer.close()


async def late_body(exchange: Exchange) -> None:
    exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
    await asyncio.sleep(60)


async def garbage(exchange: Exchange) -> None:
    exchange.send("SSH-2.0-OpenSSH_9\r\n\r\n")


async def until_close(exchange: Exchange) -> None:
    exchange.send("HTTP/1.1 200 OK\r\n\r\nwhole")
    exchange.writer.close()


async def continued(exchange: Exchange) -> None:
    exchange.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


def test_whole_replies() -> None:
    assert once(ok("200 OK", "body", 'ETag: "abc"')) == Reply(
        200, {"content-length": "4", "etag": '"abc"'}, b"body"
    )
    assert once(ok("200 OK", "body", 'ETag: "abc"')).etag == "abc"
    reply = once(chunked)
    assert (reply.body, reply.etag) == (b"whole", "abc")
    assert once(until_close).body == b"whole"
    assert once(continued, method="PUT", body=b"x").status == 200
    refused = once(
        ok("412 Precondition Failed", "<Error><Code>PreconditionFailed</Code></Error>"),
        method="PUT",
        body=b"x",
    )
    assert (refused.status, refused.code) == (412, "PreconditionFailed")
    assert once(ok("200 OK", "this length, no body"), method="HEAD").body == b""


@pytest.mark.parametrize("answer", [reset, close, short, cut_chunked, garbage])
def test_no_whole_reply_may_have_happened(answer: Answer) -> None:
    with pytest.raises(NoReply):
        once(answer, method="PUT", body=b"x")


@pytest.mark.parametrize("answer", [hang, late_body])
def test_silence_ends_at_the_deadline(answer: Answer) -> None:
    begun = time.monotonic()
    with pytest.raises(NoReply, match=r"no answer within 0\.3 s"):
        once(answer, seconds=0.3)
    assert 0.25 < time.monotonic() - begun < 1.5


def test_refused_and_unanswered_dials_were_not_sent() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening
        wire = Wire(Target(f"http://127.0.0.1:{taken.getsockname()[1]}", KEYS))
        with pytest.raises(NotSent, match="ConnectionRefusedError"):
            asyncio.run(wire.request("PUT", "b", "k", body=b"x"))
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        at = full.getsockname()
        filling = [socket.socket() for _ in range(4)]
        for each in filling:
            each.setblocking(False)
            each.connect_ex(at)
        begun = time.monotonic()
        with pytest.raises(NotSent, match=r"no connection within 0\.3 s"):
            asyncio.run(
                Wire(Target(f"http://127.0.0.1:{at[1]}", KEYS)).request(
                    "PUT", "b", "k", seconds=3, connect_seconds=0.3
                )
            )
        assert time.monotonic() - begun < 2
        for each in filling:
            each.close()


def test_connections_are_kept_and_fresh_ones_are_not() -> None:
    async def steps(wire: Wire, server: Server) -> None:
        for _ in range(3):
            await wire.request("GET", "b", "k")
        assert server.connections == 1
        await wire.request("GET", "b", "k", fresh=True)
        assert server.connections == 2
        await wire.request("GET", "b", "k")
        assert server.connections == 2
        await asyncio.gather(*(wire.request("GET", "b", "k") for _ in range(3)))
        assert server.connections == 4

    play(steps, ok("200 OK", "x"))


async def last(exchange: Exchange) -> None:
    exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    await exchange.writer.drain()
    exchange.writer.write_eof()
    await asyncio.sleep(60)


def test_a_half_closed_connection_is_not_used_again() -> None:
    async def steps(wire: Wire, server: Server) -> None:
        await wire.request("GET", "b", "k")
        await asyncio.sleep(0.1)
        assert (await wire.request("GET", "b", "k")).status == 200
        assert server.connections == 2

    play(steps, last, ok())


def test_a_kept_connection_that_is_reset_meanwhile_may_have_happened_and_is_not_retried() -> None:
    async def steps(wire: Wire, server: Server) -> None:
        await wire.request("PUT", "b", "k", body=b"1")
        with pytest.raises(NoReply):
            await wire.request("PUT", "b", "k", body=b"2")
        assert server.bodies == [b"1", b"2"]
        assert (await wire.request("PUT", "b", "k", body=b"3")).status == 200
        assert server.connections == 2

    play(steps, ok(), reset, ok())


def test_a_reply_that_says_close_is_not_reused() -> None:
    async def steps(wire: Wire, server: Server) -> None:
        for _ in range(2):
            await wire.request("GET", "b", "k")
        assert server.connections == 2

    play(steps, ok("200 OK", "", "Connection: close"))


def test_what_is_sent() -> None:
    async def steps(wire: Wire, server: Server) -> None:
        await wire.request("PUT", "bucket", "a b/ü+%", headers={"if-none-match": "*"}, body=b"x")
        await wire.request("GET", "bucket", query="list-type=2")
        first, second = server.requests
        assert first.startswith("PUT /bucket/a%20b/%C3%BC%2B%25 HTTP/1.1\r\n")
        assert "\r\nif-none-match: *\r\n" in first.lower()
        assert first.lower().count("\r\nhost:") == first.lower().count("\r\ncontent-length: 1\r\n") == 1
        assert "Credential=AKTEST000000/" in first
        assert KEYS.secret_key not in first
        assert second.startswith("GET /bucket?list-type=2 HTTP/1.1\r\n")
        await Wire(Target(server.url, Keys("", ""))).request("GET", "bucket", fresh=True)
        assert "authorization" not in server.requests[-1].lower()

    play(steps, ok())


def halves(answer: bytes | None, *, early: bool) -> tuple[Reply | NoReply, list[bytes]]:
    """What comes of a PUT of `halfrest` whose second half is late, and what arrived: before it was due, and in all. The
    store answers once it has the first half (`early`), or all; None: it hangs up.
    """
    arrived: list[bytes] = []

    async def run() -> Reply | NoReply:
        served = asyncio.Event()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            arrived.append(await reader.read(100))
            if not early:
                arrived.append(await reader.read(100))
            if answer is not None:
                writer.write(answer)
                if early:
                    arrived.append(await reader.read(100))  # until the client hangs up
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
            served.set()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        wire = Wire(Target(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", KEYS))
        due = asyncio.get_running_loop().time() + (60 if early else 0.3)
        try:
            return await wire.request("PUT", "b", "k", body=b"halfrest", rest_at=due, seconds=2)
        except NoReply as problem:
            return problem
        finally:
            wire.close()
            await served.wait()
            server.close()

    return asyncio.run(run()), arrived


def test_the_second_half_of_a_slow_body_is_sent_when_it_is_due() -> None:
    reply, arrived = halves(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", early=False)
    assert isinstance(reply, Reply)
    assert reply.status == 200
    assert arrived == [b"half", b"rest"]


def test_nothing_more_is_sent_once_the_store_has_answered_the_first_half() -> None:
    refusal = b"HTTP/1.1 412 Precondition Failed\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    reply, arrived = halves(refusal, early=True)
    assert isinstance(reply, Reply)
    assert reply.status == 412
    assert b"".join(arrived) == b"half"


def test_a_store_that_hangs_up_after_the_first_half_may_have_written() -> None:
    problem, arrived = halves(None, early=True)
    assert isinstance(problem, NoReply)
    assert "closed without an answer" in str(problem)
    assert arrived == [b"half"]
