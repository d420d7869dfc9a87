"""The loop beside the tests: what it is asked to do ends with the wait for it."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from readiness.load.runner import LoopThread


@pytest.fixture
def loop() -> Iterator[LoopThread]:
    running = LoopThread()
    yield running
    running.close()


def test_a_result_and_an_error_come_back(loop: LoopThread) -> None:
    async def work(number: int) -> int:
        return 1 // number

    assert loop.call(work(1)) == 1
    with pytest.raises(ZeroDivisionError):
        loop.call(work(0))


def test_what_is_not_done_in_time_is_cancelled(loop: LoopThread) -> None:
    cancelled = threading.Event()

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    with pytest.raises(TimeoutError, match=r"not done within 0\.05 s"):
        loop.call(work(), seconds=0.05)
    assert cancelled.wait(10)
