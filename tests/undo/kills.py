"""Kills at random moments of faults, and what `undo` makes of them: `python -m tests.undo.kills --kills 100`.

Prints a table: who was killed, how often it left a node hurt, and what is left after `undo`, which must be nothing.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from readiness.paths import ROOT
from tests.commands.lab import NODES, Lab
from tests.support.eventually import eventually

WHO = ("run", "supervisor", "both")
MOMENTS = 1.2
"""Seconds in which the kill falls: a fault of a process takes some tenths."""


@dataclass
class Killed:
    """What came of all kills so far. `hurt` counts those after which something was left, before `undo`."""

    provider: str
    kills: Counter[str] = field(default_factory=Counter)
    hurt: Counter[str] = field(default_factory=Counter)
    left: list[str] = field(default_factory=list)

    def rows(self) -> list[str]:
        return [
            f"{self.provider:10} {who:11} {self.kills[who]:5} {self.hurt[who]:21} "
            f"{sum(line.startswith(who) for line in self.left):16}"
            for who in WHO
        ]


def environment(place: Path) -> dict[str, str]:
    """Of a run whose state and temporary files are below `place`."""
    (place / "tmp").mkdir(exist_ok=True)
    return dict(os.environ) | {
        "TMPDIR": str(place / "tmp"),
        "XDG_STATE_HOME": str(place / "state"),
        "PYTHONPATH": str(ROOT),
    }


def kill_and_undo(
    place: Path, candidate: str, who: str, seed: int, hurt: Callable[[], list[str]], into: Killed
) -> None:
    """One kill, one `undo`, and a look at what is left."""
    chance, env = random.Random(seed), environment(place)
    argv = [sys.executable, "-m", "tests.undo.faulter", candidate, f"kill{seed}", str(seed)]
    with (place / "faulter.log").open("w") as log:
        run = subprocess.Popen(argv, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=log, text=True)
    assert run.stdout is not None
    line = run.stdout.readline()
    assert line, (place / "faulter.log").read_text()
    supervisor = psutil.Process(int(line))
    time.sleep(chance.random() * MOMENTS)
    doomed = {"run": [run.pid], "supervisor": [supervisor.pid], "both": [run.pid, supervisor.pid]}[who]
    for pid in doomed:
        os.kill(pid, signal.SIGKILL)
    run.wait(120)  # one whose supervisor is gone ends by itself, and undoes what it can
    run.stdout.close()
    supervisor.wait(120)  # one whose run is gone undoes what it can, and ends
    into.kills[who] += 1
    into.hurt[who] += bool(hurt())
    undone = subprocess.run(
        [sys.executable, "-m", "readiness", "undo"],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    message = undone.stdout + undone.stderr
    found = hurt() + [
        str(path) for folder in ("tmp", "state/tofu-state-ha-readiness/undo") for path in _in(place, folder)
    ]
    if undone.returncode or found:
        into.left.append(f"{who} seed {seed}: exit {undone.returncode}, left {found}: {message}")


def _in(place: Path, folder: str) -> list[Path]:
    return list((place / folder).iterdir()) if (place / folder).exists() else []


def on_commands(
    place: Path, kills: int, seed: int, say: Callable[[str], None] = lambda _line: None
) -> Killed:
    """On a lab of real processes that scripts start and break. A kill leaves its nodes as they are."""
    into = Killed("commands")
    (place / "lab").mkdir()
    lab = Lab(place / "lab")
    before = dict(os.environ)
    os.environ.update(lab.environment)

    def hurt() -> list[str]:
        return [f"{node} is {lab.state(node)}" for node in NODES if lab.state(node) in (None, "T", "Z")]

    try:
        lab.start()
        candidate = str(lab.write(lab.declared()))
        for number in range(kills):
            kill_and_undo(place, candidate, WHO[number % 3], seed + number, hurt, into)
            if into.left:
                raise AssertionError(into.left[-1])
            eventually(lambda: all(lab.ready(node) for node in NODES), 30)
            say(f"{number + 1} of {kills} on commands, {len(into.left)} left something")
    finally:
        lab.stop()
        os.environ.clear()
        os.environ.update(before)
    return into


def on_processes(
    place: Path, kills: int, seed: int, say: Callable[[str], None] = lambda _line: None
) -> Killed:
    """On a store of the run's own: its processes and networks must go with it, its folders with `undo`."""
    into = Killed("processes")
    interfaces = set(psutil.net_if_addrs())

    def hurt() -> list[str]:
        tmp = place / "tmp"
        processes = [f"process {p.pid}" for p in psutil.process_iter() if _works_in(p, tmp)]
        networks = sorted(name for name in set(psutil.net_if_addrs()) - interfaces if name.startswith("tsh"))
        return processes + networks + [str(path) for path in tmp.iterdir()]

    for number in range(kills):
        kill_and_undo(place, "embedded", WHO[number % 3], seed + number, hurt, into)
        say(f"{number + 1} of {kills} on processes, {len(into.left)} left something")
    return into


def _works_in(process: psutil.Process, folder: Path) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE and Path(process.cwd()).is_relative_to(folder)
    except (psutil.Error, OSError):
        return False


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100, help="in all; half on each provider")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    tables = []
    for lane in (on_commands, on_processes):
        with tempfile.TemporaryDirectory() as place:
            tables.append(
                lane(Path(place), asked.kills // 2, asked.seed, lambda line: print(line, file=sys.stderr))
            )
    print("provider   killed      kills  left a fault or files  left after undo")
    for table in tables:
        print(*table.rows(), sep="\n")
    left = [line for table in tables for line in table.left]
    print(*left, sep="\n")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
