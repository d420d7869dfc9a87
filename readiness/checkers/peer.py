"""The speed of the linearizability checker beside porcupine's, on the same histories: made ones, and those of a run.

Both are measured in processor time, which other programs on the machine do not change. Ours is for the whole check of
a history as the judges call it, with its grouping by object; porcupine's is without the making of its input.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from readiness.checkers.linearizability import check_linearizable
from readiness.checkers.register import Act, acts_of
from readiness.checkers.simulate import many
from readiness.finding import State
from readiness.history import Op, binding, by_key, load
from readiness.paths import TOOLS

TOOL = TOOLS / "porcupine"
VERDICTS = {State.PROVED: "ok", State.REFUTED: "illegal"}
TIMES = 3
"""How often each history is checked by each: the least time counts."""
SHAPES = (
    *((100, clients, 0.0) for clients in (2, 4, 8, 12)),
    *((100, clients, 0.02) for clients in (2, 4, 8)),
    *((1000, clients, 0.02) for clients in (4, 10, 20)),
)
"""Objects, clients of each, and the share of answers lost, of the made histories of 10,000 operations."""


@dataclass(frozen=True, slots=True)
class Judged:
    """Verdicts in porcupine's words by the name of the object, and the seconds of processor time that all took."""

    verdicts: dict[str, str]
    seconds: float


@dataclass(frozen=True, slots=True)
class Compared:
    """Both on the same operations; `unjudged` objects were beyond the limits of one of them, `differ` were judged
    differently.
    """

    operations: int
    objects: int
    ours: float
    theirs: float
    unjudged: int = 0
    differ: int = 0

    @property
    def ratio(self) -> float:
        """Our speed as a share of porcupine's: 0.5 is half as fast."""
        return self.theirs / self.ours

    def __str__(self) -> str:
        return (
            f"{self.objects:8} {self.operations:10} {self.operations / self.ours:10.0f} "
            f"{self.operations / self.theirs:10.0f} {self.ratio:6.2f} {self.unjudged:8} {self.differ:7}"
        )


HEADER = f"{'objects':>8} {'operations':>10} {'ours op/s':>10} {'theirs':>10}  ratio unjudged  differ"


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
    return VERDICTS.get(check_linearizable(history).state, "unknown")


def theirs(rows: Sequence[str], go: str) -> Judged:
    """Porcupine's verdicts. Raises CalledProcessError or OSError if it cannot be built or run."""
    done = subprocess.run(
        [go, "run", "."], cwd=TOOL, input="\n".join(rows), stdout=subprocess.PIPE, text=True, check=True
    )
    judged = [line.split("\t") for line in done.stdout.splitlines()]
    verdicts = {name: verdict for name, verdict, _ in judged}
    return Judged(verdicts, sum(int(nanoseconds) for _, _, nanoseconds in judged) / 1e9)


def compared(histories: Iterable[Sequence[Op]], go: str) -> Compared:
    """Both on the objects of these histories, each of which is checked by itself."""
    rows: list[str] = []
    mine: dict[str, str] = {}
    seconds, operations = 0.0, 0
    for number, history in enumerate(histories):
        acts = {key: acts_of(ops) for key, ops in by_key(binding(history)).items()}
        rows += [as_row(f"{number}/{'/'.join(key)}", each) for key, each in acts.items() if each]
        operations += sum(map(len, acts.values()))
        seconds += min(_seconds(history) for _ in range(TIMES))
        for key, ops in by_key(binding(history)).items():
            mine[f"{number}/{'/'.join(key)}"] = ours(ops)
    other = [theirs(rows, go) for _ in range(TIMES)]
    verdicts = other[0].verdicts
    unjudged = {name for name, verdict in verdicts.items() if "unknown" in (verdict, mine[name])}
    return Compared(
        operations,
        len(rows),
        seconds,
        min(each.seconds for each in other),
        len(unjudged),
        sum(mine[name] != verdict for name, verdict in verdicts.items() if name not in unjudged),
    )


def _seconds(history: Sequence[Op]) -> float:
    begun = time.process_time()
    check_linearizable(history)
    return time.process_time() - begun


def made(seed: int, go: str) -> Iterator[str]:
    """The rows of a table over made histories, ever more clients at an object."""
    yield f"{'clients':>8} {'lost':>6} {HEADER}"
    for keys, clients, lost in SHAPES:
        history = many(seed, operations=10_000, keys=keys, clients=clients, lost=lost)
        yield f"{clients:8} {lost:6} {compared([history], go)}"


def of_run(run: Path, go: str) -> Iterator[str]:
    """The same for all histories of a run, from its evidence folder."""
    yield HEADER
    yield str(compared([load(path) for path in sorted((run / "history").glob("*.jsonl"))], go))
