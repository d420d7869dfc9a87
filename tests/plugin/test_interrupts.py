"""What a signal does to a run, by when it comes."""

from __future__ import annotations

import contextlib
import signal

import pytest

from readiness.plugin.interrupts import SAME_SECONDS, Interrupts
from tests.conftest import pytest_configure


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    clock = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    return clock


def hit(interrupts: Interrupts, now: list[float], after: float = 10.0) -> None:
    now[0] += after
    interrupts(signal.SIGINT, None)


def test_the_first_ends_the_tests_and_the_next_only_the_cleaning(now: list[float]) -> None:
    interrupts, done = Interrupts(), list[str]()
    with pytest.raises(KeyboardInterrupt, match="SIGINT"):
        hit(interrupts, now)
    with interrupts.taking_down(lambda: done.append("wait"), lambda: done.append("end cleaning")):
        hit(interrupts, now)
    assert interrupts.ended_tests
    assert done == ["end cleaning"]


def test_one_while_a_run_takes_down_asks_to_wait_and_a_second_ends_the_cleaning(now: list[float]) -> None:
    interrupts, done = Interrupts(), list[str]()
    with interrupts.taking_down(lambda: done.append("wait"), lambda: done.append("end cleaning")):
        hit(interrupts, now)
        hit(interrupts, now)
    assert not interrupts.ended_tests
    assert done == ["wait", "end cleaning"]


def test_sigterm_to_the_tests_is_no_failure_of_what_is_tested() -> None:
    """Code under test catches every Exception of a rehearsal, and says UNKNOWN."""
    before = signal.getsignal(signal.SIGTERM)
    pytest_configure()
    try:
        with pytest.raises(KeyboardInterrupt, match="SIGTERM"), contextlib.suppress(Exception):
            signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)


def test_signals_of_one_wish_count_once(now: list[float]) -> None:
    interrupts, done = Interrupts(), list[str]()
    with pytest.raises(KeyboardInterrupt):
        hit(interrupts, now)
    with interrupts.taking_down(lambda: done.append("wait"), lambda: done.append("end cleaning")):
        hit(interrupts, now, SAME_SECONDS / 2)
    assert done == []


def test_no_test_begins_after_one_that_lost_its_interrupt(now: list[float]) -> None:
    interrupts = Interrupts()
    interrupts.pytest_runtest_setup()
    with pytest.raises(KeyboardInterrupt):
        hit(interrupts, now)
    with pytest.raises(KeyboardInterrupt, match="an earlier test was interrupted"):
        interrupts.pytest_runtest_setup()
    interrupts.pytest_keyboard_interrupt()
    interrupts.pytest_runtest_setup()


def test_an_interrupt_that_something_swallowed_can_be_repeated_until_pytest_has_heard_it(
    now: list[float],
) -> None:
    interrupts = Interrupts()
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            hit(interrupts, now)
    interrupts.pytest_keyboard_interrupt()
    hit(interrupts, now)
