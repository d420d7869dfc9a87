"""All four clients in virtual-host style. Run in a mount namespace whose resolver is ANSWERING: URL REGION FOLDER."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from readiness import obtain
from readiness.finding import State
from readiness.s3.boto3_library import boto3_client
from readiness.s3.clients import libraries
from readiness.s3.library import Answered, Unanswered, translate
from readiness.s3.wire import Target, Wire
from readiness.tofu import basics
from readiness.tofu.env import Disposable
from readiness.tofu.workspace import StatePlace, Tools
from readiness.topology import Endpoint, Keys
from tests.support.executed import executed, on_paper

ANSWERING = ("127.0.0.53", 53)
BUCKET = "virtual-host"


def every_name_is_this_machine(server: socket.socket) -> None:
    while True:
        query, client = server.recvfrom(512)
        end = query.index(b"\0", 12) + 5
        is_a = query[end - 4 : end - 2] == b"\0\1"
        counts = b"\0\1" + (b"\0\1" if is_a else b"\0\0") + b"\0\0\0\0"
        answer = b"\xc0\x0c\0\1\0\1\0\0\0\5\0\4\x7f\0\0\1" if is_a else b""
        server.sendto(query[:2] + b"\x85\x80" + counts + query[12:end] + answer, client)


async def by_wire(target: Target) -> None:
    wire = Wire(target)
    assert (await wire.request("PUT", BUCKET, "by wire", body=b"w")).status == 200
    assert (await wire.request("GET", BUCKET, "by wire")).body == b"w"
    assert (await wire.request("GET", BUCKET, query="list-type=2")).status == 200
    wire.close()


def when_it_serves(act: Callable[[], object]) -> None:
    """A store that has just started takes buckets before it takes objects, whose volumes it has yet to make."""
    deadline = time.monotonic() + 60
    while True:
        try:
            translate(act)
            return
        except (Answered, Unanswered):
            assert time.monotonic() < deadline
            time.sleep(0.5)


def main(url: str, region: str, folder: str) -> None:
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(ANSWERING)
    threading.Thread(target=every_name_is_this_machine, args=(server,), daemon=True).start()
    keys = Keys(os.environ["VIRTUAL_ACCESS_KEY"], os.environ["VIRTUAL_SECRET_KEY"])
    target = Target(url, keys, region, virtual=True)
    s3 = boto3_client(target, 5)
    when_it_serves(
        lambda: s3.create_bucket(
            Bucket=BUCKET,
            CreateBucketConfiguration={"LocationConstraint": region},  # type: ignore[typeddict-item]
        )
    )
    when_it_serves(lambda: s3.put_object(Bucket=BUCKET, Key="first", Body=b"x"))
    for library in libraries(target, 5):
        library.put(BUCKET, library.name, b"x", "v")
        assert library.get(BUCKET, library.name) == b"x"
    asyncio.run(by_wire(target))
    subject = on_paper(Path(folder))
    tools = Tools(obtain.tofu(None).path, Path(folder), keys, subject.now)
    place = StatePlace(BUCKET, "unused", region, path_style=False)
    env = Disposable(tools, place, "p", (Endpoint("e", url, "n", "i"),), sensitive={"token": "x"})
    for id_, execution in (("P2.1", basics.init_everywhere), ("P2.2", basics.first_write)):
        found = executed(id_, execution, env, subject=subject)
        assert found.state is State.PROVED, found.reason
    print("boto3, minio, wire and tofu: done")


if __name__ == "__main__":
    main(*sys.argv[1:])
