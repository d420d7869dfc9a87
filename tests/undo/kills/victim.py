"""A process that does faults, or a whole run, and who of it is killed when."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from readiness.paths import ROOT
from tests.undo.kills.scene import STATE

WHO = ("run", "supervisor", "both", "container")
"""Who gets SIGKILL. `container`: the first process of a process namespace, with which the kernel ends all others in it,
as when a pod's container is killed.
"""
WITHIN, STARTING, AFTER_FAULT = 1.5, 3.0, 2.5
"""Seconds in which the kill falls: after the first fault can be done, after the start, after the first fault."""
PATIENCE = 120.0
SUPERVISOR = "readiness.providers.supervisor"
RUNS = (
    "head_through_node_unavailability",
    "head_through_node_maintenance",
    "head_after_one_pod_restart",
    "versions_survive or rotation_without",
    "emptied_node",
)
"""What whole runs select: faults of each kind, versions, credentials."""


class NotKilled(Exception):
    """It had ended before it could be killed: this is no kill."""


@dataclass(frozen=True)
class Plan:
    """One kill, drawn from its seed. `whole`: a whole run is killed, else a process that does one fault after another.
    `starting`: it is killed while it starts, else among its faults.
    """

    seed: int
    who: str
    whole: bool
    starting: bool
    seconds: float
    select: str

    @classmethod
    def drawn(cls, number: int, seed: int) -> Plan:
        chance = random.Random(seed)
        whole, starting = chance.random() < 0.2, chance.random() < 0.15
        longest = STARTING if starting else AFTER_FAULT if whole else WITHIN
        return cls(
            seed, WHO[number % len(WHO)], whole, starting, chance.random() * longest, chance.choice(RUNS)
        )


def environment(place: Path) -> dict[str, str]:
    """Of a run whose state and temporary files are below `place`."""
    (place / "tmp").mkdir(exist_ok=True)
    return dict(os.environ) | {
        "TMPDIR": str(place / "tmp"),
        "XDG_STATE_HOME": str(place / "state"),
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def kill(place: Path, candidate: str, plan: Plan) -> None:
    """Start it, kill it, and wait until what survives has done what it can. Raises NotKilled."""
    argv = _whole_run(place, candidate, plan) if plan.whole else _faulter(place, candidate, plan)
    if plan.who == "container":
        argv = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", *argv]
    with (place / "victim.log").open("w") as log:
        started = subprocess.Popen(argv, cwd=ROOT, env=environment(place), stdout=log, stderr=log)
    try:
        if not plan.starting:
            _wait_for_fault(place, started) if plan.whole else _wait_for_line(place, started)
        time.sleep(plan.seconds)
        _kill(started, plan)
    finally:
        with contextlib.suppress(subprocess.TimeoutExpired):
            started.wait(PATIENCE)
        if started.returncode is None:
            started.kill()
            started.wait()
            raise AssertionError(f"it did not end within {PATIENCE:g} s: {log_of(place)}")


def log_of(place: Path) -> str:
    """The end of what the victim printed."""
    return (place / "victim.log").read_text(errors="replace")[-2000:]


def _kill(started: subprocess.Popen[bytes], plan: Plan) -> None:
    if started.poll() is not None:
        raise NotKilled(f"it ended with {started.returncode}")
    tree = _tree(started.pid)
    supervisors = [each for each in tree if SUPERVISOR in " ".join(_line(each))]
    if plan.who == "container":
        (first,) = psutil.Process(started.pid).children() or [psutil.Process(started.pid)]
        doomed = [first]
    else:
        run = psutil.Process(started.pid)
        # One that has no supervisor yet is killed itself, whoever was to be.
        doomed = {"run": [run], "supervisor": supervisors or [run], "both": [run, *supervisors]}[plan.who]
    for process in doomed:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGKILL)
    if plan.who == "supervisor":  # of containers the store runs on without it
        with contextlib.suppress(subprocess.TimeoutExpired):
            started.wait(5)
        started.terminate()  # an operator who does not wait for it
    psutil.wait_procs(supervisors, PATIENCE)  # one whose run is gone undoes what it can, and ends


def _tree(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _line(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def _faulter(place: Path, candidate: str, plan: Plan) -> list[str]:
    listed = str(place / "runs" / f"kill{plan.seed}")
    Path(listed).mkdir(parents=True, exist_ok=True)
    module = ["-m", "tests.undo.faulter"]
    return [sys.executable, *module, candidate, f"kill{plan.seed}", str(plan.seed), listed]


def _whole_run(place: Path, candidate: str, plan: Plan) -> list[str]:
    return [
        *(sys.executable, "-m", "readiness", "run", "--candidate", candidate, "-k", plan.select),
        *(f"--junitxml={place / 'junit.xml'}", "--runs", str(place / "runs"), "--seed", str(plan.seed)),
        *("--allow-faults", "--keep-going"),
    ]


def _wait_for_line(place: Path, started: subprocess.Popen[bytes]) -> None:
    _until(started, place, lambda: b"ready" in (place / "victim.log").read_bytes())


def _wait_for_fault(place: Path, started: subprocess.Popen[bytes]) -> None:
    _until(started, place, lambda: any(action not in ("make", "rotate_add") for action in _opened(place)))


def _until(started: subprocess.Popen[bytes], place: Path, seen: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not seen():
        if started.poll() is not None:
            raise NotKilled(log_of(place))
        if time.monotonic() > deadline:
            raise AssertionError(f"it did no fault: {log_of(place)}")
        time.sleep(0.02)


def _opened(place: Path) -> Iterator[str]:
    for path in (place / STATE).glob("*.jsonl"):
        for line in path.read_text().splitlines():
            with contextlib.suppress(ValueError, KeyError):
                yield json.loads(line)["action"]
