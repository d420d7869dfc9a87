"""Kills at random moments, healed by `undo`, cleaned by `clean`: what is left must be nothing.

python -m tests.undo.kills --provider processes --kills 20 --seed 1 --append kills.jsonl
python -m tests.undo.kills --publish kills.jsonl

Prints the table; exit code 1 if anything was left. It starts itself again in namespaces of its own.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from readiness import obtain
from readiness.command_line import Parser
from readiness.paths import ROOT
from readiness.plugin.description import revision
from tests.undo.kills.lanes import Lane, lane
from tests.undo.kills.scene import STATE, apart, kinds, scene
from tests.undo.kills.table import PROVIDERS, Killed, publish, read, table
from tests.undo.kills.victim import NotKilled, Plan, environment, kill, log_of

PAGE = ROOT / "docs" / "undo-and-clean.md"
INSIDE = "--inside"
GONE_SECONDS, UNDO_SECONDS = 10.0, 180.0


def one(lane_: Lane, place: Path, provider: str, number: int, seed: int, before: Counter[str]) -> Killed:
    """Kill one, and what came of it."""
    began, plan, counts = time.monotonic(), Plan.drawn(number, seed), True
    lane_.settle()
    try:
        kill(place, lane_.candidate, plan)
    except NotKilled as error:
        print(f"seed {seed} killed nothing: {error}", file=sys.stderr)
        counts = False
    hurt = scene(place) + lane_.left() - before
    ran = [_command(place, "undo")]
    if lane_.stays:  # else its scratch went with it
        ran.append(_command(place, "clean", "--candidate", lane_.candidate, "--yes"))
    left = _left(lane_, place, before)
    failed = [f"{each.args[3]} ended with {each.returncode}" for each in ran if each.returncode]
    if left or failed:
        for each in ran:
            print(each.stdout, each.stderr, file=sys.stderr)
        print(log_of(place), file=sys.stderr)
    return Killed(
        counts=counts,
        provider=provider,
        who=plan.who,
        seed=seed,
        whole=plan.whole,
        starting=plan.starting,
        hurt=kinds(hurt),
        left=[*left.elements(), *failed],
        seconds=round(time.monotonic() - began, 1),
        commit=revision(),
        date=datetime.now(UTC).date().isoformat(),
    )


def _command(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    if arguments[0] == "clean":
        arguments = (*arguments, "--runs", str(place / "runs"))
    return subprocess.run(
        [sys.executable, "-m", "readiness", *arguments], cwd=ROOT, env=environment(place), capture_output=True,
        text=True, check=False, timeout=UNDO_SECONDS,
    )  # fmt: skip


def _left(lane_: Lane, place: Path, before: Counter[str]) -> Counter[str]:
    """What there is more than before, or less; the kernel and an engine may take a moment to let go."""
    deadline = time.monotonic() + GONE_SECONDS
    while True:
        _reap()
        now = scene(place) + lane_.left()
        left = now - before
        left.update(f"missing: {each}" for each in (before - now).elements())
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.2)


def _reap() -> None:
    """This is the first process of its namespace: what loses its parent becomes its own."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def kills(provider: str, number: int, seed: int, seconds: float, place: Path) -> Iterator[Killed]:
    """As many, each with a seed of its own; none is begun after so many seconds."""
    for folder in ("tmp", "runs"):
        (place / folder).mkdir()
    until = time.monotonic() + seconds
    with lane(provider, place) as lane_:
        lane_.settle()
        before = scene(place) + lane_.left()
        for at in range(number):
            if time.monotonic() > until:
                return
            killed = one(lane_, place, provider, at, seed + at, before)
            if killed.left:  # it is this kill's alone
                _close_by_hand(place)
                before = scene(place) + lane_.left()
            yield killed


def _close_by_hand(place: Path) -> None:
    for path in (place / STATE).glob("*.jsonl"):
        _command(place, "undo", "--done", path.stem)


def main(arguments: list[str]) -> int:
    parser = Parser(prog="python -m tests.undo.kills", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--provider", choices=PROVIDERS, default="processes")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1, help="of the first; each later one has the next")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin no kill after so many")
    parser.add_argument("--append", type=Path, metavar="FILE", help="add a line of JSON for each kill")
    parser.add_argument(
        "--publish", type=Path, nargs="+", metavar="FILE", help="only put those into the docs"
    )
    parser.add_argument(INSIDE, action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    if asked.publish:
        publish(read(asked.publish), PAGE)
        return 0
    if not asked.inside:
        obtain.control(), obtain.caddy(), obtain.tofu()  # in there is no network to obtain anything from
        return subprocess.call(
            [*apart(), sys.executable, "-m", "tests.undo.kills", INSIDE, *arguments], cwd=ROOT
        )
    return _inside(asked)


def _inside(asked: argparse.Namespace) -> int:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    found: list[Killed] = []
    with tempfile.TemporaryDirectory(prefix="kills-", dir="/var/tmp") as place:
        for killed in kills(asked.provider, asked.kills, asked.seed, asked.seconds, Path(place)):
            found.append(killed)
            print(killed.model_dump_json(), file=sys.stderr, flush=True)
            if asked.append is not None:
                with asked.append.open("a") as out:
                    out.write(killed.model_dump_json() + "\n")
    print(*table(found), sep="\n")
    return 1 if any(each.left for each in found) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
