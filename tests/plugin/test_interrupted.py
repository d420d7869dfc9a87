"""A run that is interrupted while a node is frozen: never READY, nothing left; healed and sealed if it can."""

from __future__ import annotations

import contextlib
import json
import signal
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil
import pytest

from readiness.evidence.folder import verify_seal
from tests.plugin.runs import FAKE, HOOK, Started, run, small, small_arguments, suite
from tests.plugin.test_endings import READY
from tests.plugin.test_junit import failing, properties, read
from tests.support.eventually import eventually

pytestmark = pytest.mark.store

SCENARIO = '''
import dataclasses, os
from pathlib import Path
import pytest
from readiness import faults
from readiness.campaign import scenarios
from readiness.judges.heads import heads
from readiness.judges.records import each

@pytest.mark.criterion("P1.6")
def test_silence(candidate_session, judge):
    campaign, rto = candidate_session.campaign, candidate_session.subject.promises.rto
    fault = faults.silence(campaign.topology, "honey")

    def play(stage, rto):
        with stage.fault(fault) as event:
            (Path(os.environ["PLACE"]) / "fired").touch()
            stage.wait_until(event.fired + rto[fault.kind] + 0.3)
        stage.recover()

    record = campaign._play(dataclasses.replace(scenarios.one(fault), play=play))
    judge(each([record], lambda r: heads(r, candidate_session.subject.promises)))

@pytest.mark.criterion("P1.9")
def test_later(judge):
    from readiness.finding import proved
    judge(proved("seen", 1))
'''  # fmt: skip


class Hit:
    """A run with a frozen node, and everything on this machine that is its own."""

    def __init__(self, run: Started) -> None:
        self.run = run
        eventually(self._fired, seconds=60)
        self.frozen = self._stopped()
        self.processes = psutil.Process(self.run.process.pid).children(recursive=True)
        self.network = self._address(self.frozen)
        self.interfaces = {name for name, addresses in psutil.net_if_addrs().items() if self._ours(addresses)}

    def _fired(self) -> bool:
        assert self.run.process.poll() is None, self.run.output()
        return (self.run.place / "fired").exists()

    def _stopped(self) -> psutil.Process:
        children = psutil.Process(self.run.process.pid).children(recursive=True)
        return next(each for each in children if each.status() == psutil.STATUS_STOPPED)

    @staticmethod
    def _address(process: psutil.Process) -> str:
        arguments = process.cmdline()
        return arguments[arguments.index("--s3-listen") + 1].rpartition(".")[0]

    def _ours(self, addresses: Sequence[object]) -> bool:
        return any(str(getattr(each, "address", "")).startswith(self.network + ".") for each in addresses)

    def left(self) -> list[str]:
        """What is still there of the run, after at most ten seconds."""
        with contextlib.suppress(AssertionError):
            eventually(lambda: not self._left(), seconds=10)
        return self._left()

    def _left(self) -> list[str]:
        processes = [
            f"process {p.pid}"
            for p in self.processes
            if p.is_running() and p.status() != psutil.STATUS_ZOMBIE
        ]
        interfaces = [name for name in psutil.net_if_addrs() if name in self.interfaces]
        return processes + interfaces + [str(path) for path in (self.run.place / "tmp").iterdir()]


@pytest.fixture
def hit(tmp_path: Path) -> Iterator[Hit]:
    place = tmp_path / "run"
    suites = suite(place, SCENARIO, HOOK)
    (place / "junit.xml").write_text(READY)
    run = Started(place, suites, *small_arguments(place), env={"PLACE": str(place)})
    try:
        yield Hit(run)
    finally:
        run.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_in_the_middle_of_a_fault(hit: Hit, number: signal.Signals) -> None:
    assert len(hit.processes) >= 5, "supervisor, three nodes and the load balancer"
    assert failing(read(hit.run.place / "junit.xml")), "the sentinel is there from the start"
    begun = time.monotonic()
    ran = hit.run.hit(number)
    assert time.monotonic() - begun < 30
    assert hit.left() == []
    assert (ran.code, ran.verdict["verdict"]) == (1, "INTERRUPTED"), ran.out + ran.err
    assert ran.state("P1.6") in ("UNKNOWN", "NOT RUN")
    assert ran.criterion("P1.9")["reason"] == "the run ended before it"
    suite = read(ran.junit)
    assert failing(suite)
    assert properties(suite)["verdict"] == "INTERRUPTED"
    verify_seal(ran.folder)
    rows = [json.loads(line) for line in (ran.folder / "events.jsonl").read_text().splitlines()]
    (fault,) = [row for row in rows if row["event"] == "fault"]
    assert fault["fired"] < fault["healing"] <= fault["healed"]
    assert [len(row["buckets"]) for row in rows if row["event"] == "scratch goes with the store"] == [3]
    assert "READY" not in ran.out


def test_killed_in_the_middle_of_a_fault(hit: Hit) -> None:
    ran = hit.run.hit(signal.SIGKILL)
    assert hit.left() == []
    assert ran.code == -signal.SIGKILL
    suite = read(ran.junit)
    assert failing(suite)
    assert properties(suite)["verdict"] == "NOT JUDGED"
    assert not (ran.folder / "seal.json").exists()
    assert not (ran.folder / "verdict.json").exists()


SLOW_END = '''
import os
from pathlib import Path
import pytest
from tests.support.eventually import eventually

@pytest.mark.criterion("P1.9")
def test_it(candidate_session, judge):
    from readiness.finding import proved

    def undo():
        place = Path(os.environ["PLACE"])
        (place / "ending").touch()
        eventually((place / "signalled").exists, seconds=60)
        (place / "undone").touch()

    candidate_session.on_stop(undo)
    judge(proved("seen", 1))
'''  # fmt: skip


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_takes_down_is_not_interrupted(tmp_path: Path, number: signal.Signals) -> None:
    place = tmp_path / "run"
    run = Started(place, suite(place, SLOW_END), *small_arguments(place), env={"PLACE": str(place)})
    try:
        eventually((place / "ending").exists, seconds=60)
        run.process.send_signal(number)
        eventually(lambda: "a second interrupt would leave things behind" in run.output(), seconds=60)
        (place / "signalled").touch()
        ran = run.ran()
    finally:
        run.close()
    assert (place / "undone").exists()
    assert "undoing faults and removing scratch" in ran.err
    assert ran.state("P1.9") == "PROVED"
    assert ran.verdict["verdict"] == "NOTHING PROVED: no phase was selected whole"
    verify_seal(ran.folder)
    assert not list((place / "tmp").iterdir())


TWICE = (
    FAKE
    + """
import os, signal

def pytest_keyboard_interrupt():
    if not getattr(pytest_keyboard_interrupt, "did", False):  # `timeout` signals its child, and then the group
        pytest_keyboard_interrupt.did = True
        os.kill(os.getpid(), signal.SIGINT)
"""
)
WAITS = '''
import os, signal, time
import pytest

@pytest.mark.criterion("P1.9")
def test_it(judge):
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(30)

@pytest.mark.criterion("P1.10")
def test_later(judge): pass
'''  # fmt: skip


def test_a_run_that_timeout_ends_is_interrupted(tmp_path: Path) -> None:
    ran = small(tmp_path / "run", WAITS, hook=TWICE)
    assert (ran.code, ran.verdict["verdict"]) == (1, "INTERRUPTED"), ran.out + ran.err
    assert properties(read(ran.junit))["verdict"] == "INTERRUPTED"


def test_a_second_run_does_not_take_the_report_of_one_that_goes_on(tmp_path: Path) -> None:
    place = tmp_path / "run"
    suites, env = suite(place, SLOW_END), {"PLACE": str(place)}
    first = Started(place, suites, *small_arguments(place), env=env)
    try:
        eventually((place / "ending").exists, seconds=60)
        second = run(place, *small_arguments(place), suites=suites, env=env)
        assert second.code == 4, second.out + second.err
        assert f"the report {place / 'junit.xml'} belongs to run " in second.err
        assert len(second.folders) == 1, "the first run's only"
        (place / "signalled").touch()
        ran = first.ran()
    finally:
        first.close()
    assert properties(read(ran.junit))["run"] == ran.verdict["run"]
