"""The loop beside the tests: what it is asked to do ends with the wait for it."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from readiness.load import runner
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


def test_what_is_not_done_in_time_is_cancelled_and_has_ended(loop: LoopThread) -> None:
    ended = list[int]()

    async def one(number: int) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.05)
            ended.append(number)

    async def work() -> None:
        await asyncio.gather(*(one(number) for number in range(3)))

    with pytest.raises(TimeoutError, match=r"the load was not done within 0\.05 s"):
        loop.call(work(), seconds=0.05)
    assert ended == [0, 1, 2]


def test_a_time_limit_of_the_work_itself_is_not_taken_for_the_loads(loop: LoopThread) -> None:
    async def work() -> None:
        raise TimeoutError("of the work")

    with pytest.raises(TimeoutError, match="of the work"):
        loop.call(work())


def test_what_does_not_heed_its_limit_is_waited_for_a_while_only(
    loop: LoopThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "GRACE", 0.1)
    free = threading.Event()

    async def stubborn() -> None:
        free.wait(20)

    with pytest.raises(TimeoutError, match=r"the load went on for 0\.1 s after its 0\.05 s"):
        loop.call(stubborn(), seconds=0.05)
    free.set()
