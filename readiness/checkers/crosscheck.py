"""Cross-check of the linearizability checker against porcupine: `python -m readiness.checkers.crosscheck`.

Generates histories from a seed, right ones and spoilt ones, lets both judge them and compares. Needs Go
(tools/porcupine); no part of a run. Exits 1 if a verdict differs or one of the two could not judge.

"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence

from readiness.checkers.benchmark import speed
from readiness.checkers.linearizability import check_linearizable
from readiness.checkers.register import Act, acts_of
from readiness.checkers.simulate import Shape, many, register, spoilt
from readiness.finding import State
from readiness.history import Op, binding, by_key
from readiness.paths import TOOLS

TOOL = TOOLS / "porcupine"
SPEEDS = ((1000, 10, 0.0), (1000, 10, 0.02), (200, 4, 0.0), (100, 5, 0.0), (100, 10, 0.0), (100, 10, 0.02))
"""Objects, clients of each, and the share of answers lost, of the histories that the speeds are compared on."""
_VERDICTS = {State.PROVED: "ok", State.REFUTED: "illegal"}


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


def as_row(name: str, acts: Sequence[Act]) -> str:
    """One history for the Go program. Times become ranks; of equal times calls come first, to stay concurrent."""
    moments = sorted(
        [(act.call, 0, number) for number, act in enumerate(acts)]
        + [(act.ret, 1, number) for number, act in enumerate(acts) if act.definite]
    )
    rank = {(number, kind): place for place, (_, kind, number) in enumerate(moments)}
    rows = [
        {
            "verb": act.op.verb,
            "status": act.op.status if act.definite else 0,
            "value": act.op.value,
            "expected": act.op.expected,
            "call": rank[number, 0],
            "return": rank.get((number, 1), 0),
        }
        for number, act in enumerate(acts)
    ]
    return json.dumps({"name": name, "operations": rows})


def ours(history: Sequence[Op]) -> str:
    """Our verdict in porcupine's words."""
    return _VERDICTS.get(check_linearizable(history).state, "unknown")


def theirs(rows: Sequence[str], go: str) -> tuple[dict[str, str], float]:
    """Porcupine's verdicts by name, and the seconds that it took for them in all."""
    done = subprocess.run(
        [go, "run", "."], cwd=TOOL, input="\n".join(rows), stdout=subprocess.PIPE, text=True, check=True
    )
    judged = [line.split() for line in done.stdout.splitlines()]
    verdicts = {name: verdict for name, verdict, _ in judged}
    return verdicts, sum(int(nanoseconds) for _, _, nanoseconds in judged) / 1e9


def compared(seed: int, go: str) -> str:
    """Operations per second of both on the same right histories, as rows of a table."""
    rows = []
    for keys, clients, lost in SPEEDS:
        history = many(seed, operations=10_000, keys=keys, clients=clients, lost=lost)
        groups = by_key(binding(history))
        cases = [as_row("/".join(key), acts_of(ops)) for key, ops in groups.items()]
        rate, _ = speed(check_linearizable, history)
        other = len(history) / min(theirs(cases, go)[1] for _ in range(3))
        rows.append(f"{keys:8} {clients:8} {lost:6} {rate:10.0f} {other:10.0f} {rate / other:6.2f}")
    return "\n".join(
        [f"{'objects':>8} {'clients':>8} {'lost':>6} {'ours':>10} {'porcupine':>10}  ratio", *rows]
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the comparison."""
    parser = argparse.ArgumentParser(prog="python -m readiness.checkers.crosscheck", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--histories", type=int, default=600)
    parser.add_argument("--go", default="go", help="the Go command (default: go)")
    parser.add_argument(
        "--speed", action="store_true", help="compare the speeds, best of three, and nothing else"
    )
    options = parser.parse_args(arguments)
    if options.speed:
        print(compared(options.seed, options.go))
        return 0
    cases = dict(histories(options.seed, options.histories))
    begun = time.monotonic()
    mine = {name: ours(history) for name, history in cases.items()}
    seconds = time.monotonic() - begun
    other, _ = theirs([as_row(name, acts_of(history)) for name, history in cases.items()], options.go)
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
