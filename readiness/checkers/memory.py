"""Memory of a history and of its check, size by size: `python -m readiness.checkers.memory [OPERATIONS ...]`.

Each history is made, written to a file, read from it and checked for linearizability in a process of its own.
"""

from __future__ import annotations

import multiprocessing
import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

from readiness.checkers.linearizability import check_linearizable
from readiness.checkers.simulate import Shape, register
from readiness.command_line import Parser
from readiness.history import Op, load

SIZES = (100_000, 500_000, 2_000_000)
A_KEY = Shape(operations=100, clients=6, lost=0.02)
APART = 0.25
"""Seconds from one object's first operation to the next object's."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints a table."""
    parser = Parser(prog="python -m readiness.checkers.memory", description=__doc__)
    parser.add_argument("operations", type=int, nargs="*", help=f"sizes of histories (default: {SIZES})")
    sizes = parser.parse_args(arguments).operations or SIZES
    print(
        f"{'operations':>10} {'MiB read':>9} {'checked':>8} {'bytes/op':>9} {'s read':>7} {'checked':>8}  found"
    )
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, spawn, max_tasks_per_child=1) as one:
        for size in sizes:
            print(one.submit(measured, size).result(), flush=True)
    return 0


def measured(size: int) -> str:
    """The row of a history of about that many operations; memory is what this process came to hold at most, in MiB,
    and seconds are of processor time.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "history.jsonl")
        with path.open("w", encoding="utf-8") as lines:
            lines.writelines(f"{op.as_json()}\n" for op in _operations(size))
        before, begun = _most(), time.process_time()
        history = load(path)
    read, loaded = _most(), time.process_time()
    finding = check_linearizable(history)
    checked, ended = _most(), time.process_time()
    each = (checked - before) * 2**20 / len(history)
    return (
        f"{len(history):10} {read - before:9.0f} {checked - before:8.0f} {each:9.0f} "
        f"{loaded - begun:7.1f} {ended - loaded:8.1f}  {finding.state}"
    )


def _operations(size: int) -> Iterator[Op]:
    """One object after the other begins, and most overlap with some others; bodies are named as in a run."""
    index = 0
    for number in range(max(1, size // A_KEY.operations)):
        for op in register(random.Random(number), A_KEY, key=f"reg/crash/{number}"):
            index += 1
            yield replace(
                op,
                index=index,
                invoked=op.invoked + number * APART,
                completed=op.completed + number * APART,
                value=op.value and f"{number}-{op.value}",
                expected=op.expected and f"{number}-{op.expected}",
                connection=f"127.0.0.1:{index % 50}",
            )


def _most() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main())
