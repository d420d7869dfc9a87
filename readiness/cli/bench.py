"""measure what a run costs: bench [RUN].

Prints what checking costs on this machine, how regular the probes of a run were, and where its time went.

RUN is an evidence folder; without one, a run against the embedded candidate is made first. Nothing is
asserted: figures are printed.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from readiness import paths
from readiness.checkers import benchmark, peer
from readiness.checkers.outage import streams
from readiness.cli import spent
from readiness.command_line import Parser
from readiness.criteria import PHASES
from readiness.errors import EXIT_USAGE, UsageError
from readiness.history import load
from readiness.obtain.go import go, needed_by


def main(arguments: list[str]) -> int:
    """Prints the figures. Exit code 4 if RUN is no evidence folder of a finished run."""
    parser = Parser(prog="tofu-state-ha-readiness bench", description=__doc__)
    parser.add_argument("run", nargs="?", type=Path, help="evidence folder of a finished run")
    given = parser.parse_args(arguments).run
    folder = given or _new_run(paths.runs())
    if folder is None or not (folder / "verdict.json").is_file():
        print(f"{folder or paths.runs()}: no evidence folder of a finished run", file=sys.stderr)
        return EXIT_USAGE
    print("checkers, operations per second of processor time (ten clients a key)")
    benchmark.main([])
    print(
        f"\ncheck_linearizable and porcupine on the histories of {folder.name}, per second of processor time"
    )
    for row in _beside_porcupine(folder):
        print(f"  {row}")
    print(f"\nprobes of {folder.name}, seconds between two of one stream (100 ms wanted)")
    for name, intervals in _intervals(folder).items():
        cut = statistics.quantiles(intervals, n=100)
        print(
            f"  {name:28} {len(intervals):6} probes, median {cut[49]:.3f}, 99 % {cut[98]:.3f}, "
            f"longest {max(intervals):.3f}"
        )
    print(f"\nscenarios of {folder.name}")
    for line in spent.table(spent.read(folder)):
        print(f"  {line}")
    print(f"\ntime of {folder.name}")
    for name, seconds in _times(folder).items():
        print(f"  {name:40} {seconds:7.1f} s")
    return 0


def _new_run(runs: Path) -> Path | None:
    before = set(runs.glob("*"))
    subprocess.run([sys.executable, "-m", "readiness"], check=False)
    return max(set(runs.glob("*")) - before, default=None)


def _beside_porcupine(folder: Path) -> Iterator[str]:
    try:
        program = str(go(needed_by(peer.TOOL)))
        yield from peer.of_run(folder, program)
    except (UsageError, OSError, subprocess.CalledProcessError) as error:
        yield f"not measured: {error}"


def _intervals(folder: Path) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for path in sorted((folder / "history").glob("*.jsonl")):
        probes = [op for op in load(path) if op.workload == "probe"]
        verbs: dict[tuple[str, str], list[float]] = {}
        for (endpoint, verb, _), ops in streams(probes).items():
            verbs.setdefault((endpoint, verb), []).extend(op.invoked for op in ops)
        for (_, verb), times in verbs.items():
            found.setdefault(verb, []).extend(later - earlier for earlier, later in pairwise(sorted(times)))
    return {verb: intervals for verb, intervals in found.items() if len(intervals) > 1}


def _times(folder: Path) -> dict[str, float]:
    verdict = json.loads((folder / "verdict.json").read_text("utf-8"))
    times = {name: float(seconds) for name, seconds in verdict["seconds"].items()}
    for phase, title in PHASES.items():
        spent = sum(float(row["seconds"]) for row in verdict["criteria"] if row["phase"] == phase)
        times[f"phase {phase} {title}"] = spent
    return times
