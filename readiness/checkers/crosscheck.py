"""Cross-check of the linearizability checker against porcupine: `python -m readiness.checkers.crosscheck`.

Generates histories from a seed, right ones and spoilt ones, lets both judge them and compares. Needs Go
(tools/porcupine); no part of a run. Exits 1 if a verdict differs or one of the two could not judge.

"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from readiness.checkers.peer import as_row, made, of_run, ours, theirs
from readiness.checkers.register import acts_of
from readiness.checkers.simulate import Shape, register, spoilt
from readiness.command_line import Parser
from readiness.history import Op


def histories(seed: int, number: int) -> Iterator[tuple[str, list[Op]]]:
    """Named histories of one object each: right by construction, with one answer changed, with two, in turn."""
    for index in range(number):
        rng = random.Random(f"{seed}/{index}")
        shape = Shape(
            operations=rng.choice([6, 12, 25, 50, 100]),
            clients=rng.choice([2, 3, 5, 8]),
            lost=rng.choice([0.0, 0.05, 0.15]),
            bodies=rng.choice([0, 0, 0, 3]),
        )
        history = register(rng, shape)
        for _ in range(index % 3):
            history = spoilt(rng, history)
        if any(op.ok for op in history):
            yield f"{seed}/{index}", history


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the comparison."""
    parser = Parser(prog="python -m readiness.checkers.crosscheck", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--histories", type=int, default=600)
    parser.add_argument("--go", default="go", help="the Go command (default: go)")
    parser.add_argument(
        "--speed", action="store_true", help="compare the speeds, best of three, and nothing else"
    )
    parser.add_argument(
        "--run", type=Path, help="compare the speeds on the histories of this evidence folder"
    )
    options = parser.parse_args(arguments)
    if options.speed or options.run:
        for row in of_run(options.run, options.go) if options.run else made(options.seed, options.go):
            print(row, flush=True)
        return 0
    cases = dict(histories(options.seed, options.histories))
    begun = time.monotonic()
    mine = {name: ours(history) for name, history in cases.items()}
    seconds = time.monotonic() - begun
    other = theirs([as_row(name, acts_of(history)) for name, history in cases.items()], options.go).verdicts
    differ = [name for name in cases if mine[name] != other.get(name)]
    unjudged = [name for name in cases if "unknown" in (mine[name], other.get(name))]
    verdicts = [mine[name] for name in cases]
    print(f"histories   {len(cases)} (seed {options.seed}), {sum(map(len, cases.values()))} operations")
    print(f"ok          {verdicts.count('ok')}")
    print(f"illegal     {verdicts.count('illegal')}")
    print(f"unjudged    {len(unjudged)} {' '.join(unjudged)}".rstrip())
    print(f"differ      {len(differ)} {' '.join(differ)}".rstrip())
    print(f"agree       {len(cases) - len(differ)} of {len(cases)}; ours took {seconds:.2f} s")
    return 1 if differ or unjudged else 0


if __name__ == "__main__":
    sys.exit(main())
