"""Every answer of a store has a time limit as a whole and a size limit, for both libraries and the wire client."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from readiness.limits import ANSWER_BYTES
from readiness.s3 import transport
from readiness.s3.clients import libraries
from readiness.s3.library import Library, Unanswered
from readiness.s3.wire import NoReply, Target, Wire
from readiness.scratch.objects import LARGE
from readiness.topology import Keys
from tests.support.http_server import Answer, ok
from tests.support.thread_server import dripping, endless, serving_in_thread

KEYS = Keys("AKTEST", "secret-of-the-test")
CALLS: dict[str, Callable[[Library], object]] = {
    "get": lambda library: library.get("bucket", "key"),
    "list": lambda library: library.list_keys("bucket", ""),
}


def both(url: str) -> tuple[Library, Library]:
    return libraries(Target(url, KEYS), 2.0)


@pytest.mark.parametrize("number", [0, 1], ids=["boto3", "minio"])
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("answer", [dripping(), dripping(head=True)], ids=["body", "head"])
def test_an_answer_that_drips_ends(
    number: int, call: Callable[[Library], object], answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "whole_seconds", lambda _seconds: 0.2)
    with serving_in_thread(answer) as server, pytest.raises(Unanswered):
        call(both(server.url)[number])


@pytest.mark.parametrize("number", [0, 1], ids=["boto3", "minio"])
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_an_answer_without_an_end_is_not_read_whole(number: int, call: Callable[[Library], object]) -> None:
    with serving_in_thread(endless()) as server, pytest.raises(Unanswered, match="larger than 128 MiB"):
        call(both(server.url)[number])


@pytest.mark.parametrize("number", [0, 1], ids=["boto3", "minio"])
def test_the_limit_is_one_of_each_answer_and_not_of_the_connection(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = "x" * ((64 << 20) + 1)
    assert len(body) * 2 > ANSWER_BYTES > len(body), "the largest object that P1.3 tries must pass"
    with serving_in_thread(ok("200 OK", body, "Content-Type: text/plain")) as server:
        library = both(server.url)[number]
        assert [len(library.get("bucket", "key")) for _ in range(2)] == [len(body)] * 2


@pytest.mark.parametrize("number", [0, 1], ids=["boto3", "minio"])
def test_the_largest_object_that_is_written_can_be_read_again(number: int) -> None:
    with serving_in_thread(ok("200 OK", "x" * LARGE, "Content-Type: text/plain")) as server:
        assert len(both(server.url)[number].get("bucket", "key")) == LARGE


def test_the_wire_client_does_not_read_an_endless_answer() -> None:
    async def ask(url: str) -> None:
        await Wire(Target(url, KEYS)).request("GET", "bucket", "key", seconds=30)

    with serving_in_thread(endless()) as server, pytest.raises(NoReply, match="larger than 128 MiB"):
        asyncio.run(ask(server.url))
