"""A metrics page or an administrative answer that drips, or has no end, is given up; the status of one too."""

from __future__ import annotations

import pytest

from readiness.limits import TooLarge, TooLate
from readiness.providers.engine import probe
from tests.support.http_server import Exchange, ok
from tests.support.thread_server import dripping, endless, serving_in_thread


@pytest.mark.parametrize("head", [False, True], ids=["body", "head"])
def test_a_page_that_drips(head: bool) -> None:
    with serving_in_thread(dripping(head=head)) as server, pytest.raises(TooLate):
        probe.call(f"{server.url}/metrics", 0.2)


def test_a_page_without_an_end() -> None:
    with serving_in_thread(endless(64)) as server, pytest.raises(TooLarge, match="larger than 16 MiB"):
        probe.call(f"{server.url}/metrics", 30)


def test_a_status_line_without_an_end() -> None:
    async def babble(exchange: Exchange) -> None:
        for _ in range(64):
            exchange.send("H" * 4096)
            await exchange.writer.drain()
        exchange.send("\r\n")

    with serving_in_thread(babble) as server, pytest.raises(ConnectionError, match="no status line"):
        probe.ask(server.url, 10)


def test_a_page_is_read_whole() -> None:
    text = "up 1\n" * 100_000
    with serving_in_thread(ok("200 OK", text)) as server:
        assert probe.call(f"{server.url}/metrics", 10) == text


def test_a_refusal_is_said_on_one_line_without_secrets() -> None:
    answer = ok("500 Oops", "it\nbroke; password=canary-1")
    with serving_in_thread(answer) as server, pytest.raises(probe.Refused) as caught:
        probe.call(server.url, 10)
    assert "it broke; password=[removed]" in str(caught.value)
