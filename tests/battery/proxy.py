"""The process that stands in front of every endpoint of a store: transparent, except for what its defect does.

Each connection of a client has one of its own to the real endpoint, which ends when the other ends, so that a reset,
a refusal, a silence and a kept connection are seen through it as they are. Host and signed fields pass unchanged:
SigV4 holds. Standard input: one JSON line that says what to do, then one for each verb of the provider, each answered
with a line; its end is the end.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import socket
import struct
import sys
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from readiness.s3.wire import Target, Wire
from readiness.topology import Keys
from tests.battery.call import Act, Call
from tests.battery.http import Broken, Message, Reply, ToClient, ToStore
from tests.battery.world import World

_ABORT = struct.pack("ii", 1, 0)


class Upstream:
    """One connection to the real endpoint."""

    def __init__(self, host: str, port: int) -> None:
        self._at = (host, port)
        self._store: ToStore | None = None

    @property
    def reader(self) -> asyncio.StreamReader | None:
        """What comes from the real endpoint; None before the first request."""
        return self._store.reader if self._store else None

    async def exchange(self, message: Message) -> Reply:
        """The request as it came. Raises Broken."""
        if self._store is None:
            try:
                self._store = ToStore(*await asyncio.open_connection(*self._at))
            except OSError as error:
                raise Broken(str(error)) from None
        return await self._store.exchange(message)

    def close(self) -> None:
        """Abort it: an operation under way has no client any more."""
        if self._store is not None:
            self._store.writer.transport.abort()


class Front:
    """One endpoint of the lying store."""

    def __init__(
        self, name: str, node: str | None, url: str, act: Act | None, world: World, wires: Mapping[str, Wire]
    ) -> None:
        split = urlsplit(url)
        self._name, self._node, self._act, self._world, self._wires = name, node, act, world, wires
        self._host, self._port = split.hostname or "", split.port or 80
        self._server: asyncio.Server | None = None

    async def start(self) -> str:
        """Listen; returns the URL."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def stop(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client, upstream = ToClient(reader, writer), Upstream(self._host, self._port)
        nth, more = 0, True
        try:
            while more and (message := await self._next(client, upstream)) is not None:
                began = self._world.now()
                message.body = await client.body()
                took = self._world.now() - began
                nth += 1
                call = Call(self._world, self._name, self._node, message, nth, upstream, self._wires, took)
                reply = await self._answer(call, reader)
                if reply is None:
                    break
                more = await client.answer(reply, to_head=message.method == "HEAD")
                more = more and "close" not in (reply.get("connection") or "").lower()
            writer.close()
        except (Broken, OSError, asyncio.CancelledError):
            _abort(writer)
        finally:
            upstream.close()

    async def _next(self, client: ToClient, upstream: Upstream) -> Message | None:
        """The next request's head; None when the client, or the real endpoint, closed an idle connection."""
        if upstream.reader is None:
            return await client.head()
        head = asyncio.ensure_future(client.head())
        ended = asyncio.ensure_future(upstream.reader.read(1))
        done, _ = await asyncio.wait((head, ended), return_when=asyncio.FIRST_COMPLETED)
        if head in done:
            ended.cancel()
            await asyncio.wait((ended,))
            return head.result()
        head.cancel()
        with contextlib.suppress(OSError):
            ended.result()
            return None
        raise Broken("the real endpoint reset the connection")

    async def _answer(self, call: Call, reader: asyncio.StreamReader) -> Reply | None:
        """What the defect, or the real store, answers; None when the client did not wait for it."""
        work = asyncio.ensure_future(self._act(call) if self._act else call.forward())
        gone = asyncio.ensure_future(reader.read(1))
        done, _ = await asyncio.wait((work, gone), return_when=asyncio.FIRST_COMPLETED)
        if work not in done:
            work.cancel()
            with contextlib.suppress(asyncio.CancelledError, Broken, OSError):
                await work
            return None
        gone.cancel()
        await asyncio.wait((gone,))
        return work.result()


def _abort(writer: asyncio.StreamWriter) -> None:
    """Close so that the peer sees a reset, not an orderly end."""
    sock = writer.get_extra_info("socket")
    if sock is not None:
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
    writer.transport.abort()


async def serve(wanted: Mapping[str, Any]) -> None:
    """Fronts for all endpoints, until standard input ends."""
    from tests.battery.catalogue import named

    defect = named(wanted["defect"])
    world = World(tuple(wanted["nodes"]), random.Random(wanted["seed"]))
    keys = Keys(*wanted["keys"])
    wires = {each["name"]: Wire(Target(each["url"], keys, wanted["region"])) for each in wanted["endpoints"]}
    urls, fronts = {}, []
    for each in wanted["endpoints"]:
        front = Front(each["name"], each["node"], each["url"], defect.act if defect else None, world, wires)
        urls[each["name"]] = await front.start()
        fronts.append(front)
    _send(urls)
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := await lines.readline():
        event = json.loads(line)
        if defect and defect.event:
            await defect.event(world, wires, event["verb"], tuple(event["nodes"]))
        world.note(event["verb"], event["nodes"])
        _send("noted")


def _send(what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    with open(0, "rb", buffering=0, closefd=False) as first:
        wanted = json.loads(first.readline())
    asyncio.run(serve(wanted))
