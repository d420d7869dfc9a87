"""Speed of the checkers on made histories: `python -m readiness.checkers.benchmark`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence

from readiness.checkers.linearizability import check_linearizable
from readiness.checkers.losses import check_false_absent, check_stale
from readiness.checkers.simulate import many
from readiness.command_line import Parser
from readiness.finding import Finding
from readiness.history import Op


def speed(checker: Callable[[Sequence[Op]], Finding], history: Sequence[Op]) -> tuple[float, Finding]:
    """Operations per second of processor time of `checker` on `history`, the best of three, and what it found."""
    best, finding = float("inf"), checker(history)
    for _ in range(3):
        begun = time.process_time()
        finding = checker(history)
        best = min(best, time.process_time() - begun)
    return len(history) / best, finding


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints a table."""
    parser = Parser(prog="python -m readiness.checkers.benchmark", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--operations", type=int, default=10_000)
    options = parser.parse_args(arguments)
    print(f"{'checker':20} {'objects':>8} {'clients':>8} {'lost':>6} {'op/s':>9} {'seconds':>8}  found")
    for keys, clients, lost in ((1000, 10, 0.02), (100, 10, 0.02), (100, 10, 0.2), (20, 10, 0.02)):
        history = many(options.seed, operations=options.operations, keys=keys, clients=clients, lost=lost)
        for checker in (check_linearizable, check_false_absent, check_stale):
            rate, finding = speed(checker, history)
            row = (
                f"{checker.__name__:20} {keys:8} {clients:8} {lost:6} {rate:9.0f} {len(history) / rate:8.3f}"
            )
            print(f"{row}  {finding.state}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
