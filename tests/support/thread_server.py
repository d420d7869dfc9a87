"""The small servers of tests.support.http_server for clients that are not asynchronous, and answers without an end."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator

from tests.support.http_server import Answer, Exchange, Server, serving


@contextlib.contextmanager
def serving_in_thread(*answers: Answer) -> Iterator[Server]:
    """As `serving`, in a loop of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    made = serving(*answers)
    try:
        yield asyncio.run_coroutine_threadsafe(made.__aenter__(), loop).result(10)
    finally:
        asyncio.run_coroutine_threadsafe(made.__aexit__(None, None, None), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def dripping(parts: int = 100, each: float = 0.05, *, head: bool = False) -> Answer:
    """A body of so many bytes, one after the other; with `head` the head itself comes so."""

    async def answer(exchange: Exchange) -> None:
        whole = f"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: {parts}\r\n\r\n"
        text = whole if head else "x" * parts
        if not head:
            exchange.send(whole)
        for character in text:
            exchange.send(character)
            await exchange.writer.drain()
            await asyncio.sleep(each)
        exchange.send("x" * parts if head else "")

    return answer


def endless(mebibytes: int = 160) -> Answer:
    """A chunked body of so much: more than anybody asked for."""

    async def answer(exchange: Exchange) -> None:
        exchange.send("HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            for _ in range(mebibytes):
                exchange.send(b"100000\r\n" + b"x" * (1 << 20) + b"\r\n")
                await exchange.writer.drain()
            exchange.send(b"0\r\n\r\n")

    return answer
