"""A process that does faults until it is killed: `python -m tests.undo.faulter CANDIDATE RUN SEED`.

It prints the number of its supervisor once the candidate serves. Its journal, its private folder and its faults are
those of a run.
"""

from __future__ import annotations

import contextlib
import random
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from readiness import providers
from readiness.candidate.load import load
from readiness.providers.engine.journal import FaultVerb, Undo
from readiness.topology import Direction, Unsupported
from readiness.undo.journal import DurableJournal
from readiness.undo.play import WORK


def faults(provider: Any, chance: random.Random) -> tuple[Callable[[], object], Callable[[], object]]:
    """One fault, and its undo."""
    instance = chance.choice(provider.topology.instances).name
    node = chance.choice(provider.topology.nodes)
    way = chance.choice(tuple(Direction))
    return chance.choice(
        [
            (lambda: provider.kill(instance), lambda: provider.start_instance(instance)),
            (lambda: provider.freeze(instance), lambda: provider.thaw(instance)),
            (lambda: provider.restart(instance), lambda: None),
            (lambda: provider.drain(node), lambda: provider.restore(node)),
            (lambda: provider.unplug(node), lambda: provider.plug(node)),
            (lambda: provider.isolate_from_peers(node, way), lambda: provider.rejoin_peers(node)),
            (lambda: provider.limp(node), lambda: provider.unlimp(node)),
        ]
    )


def main(candidate: str, run: str, seed: str) -> None:
    loaded, chance = load(candidate), random.Random(int(seed))
    work = Path(tempfile.gettempdir()) / f"{WORK}{run}"
    journal = DurableJournal(run, loaded)
    journal.begin()
    entry = journal.open(FaultVerb.MAKE, str(work), Undo("session", run, FaultVerb.REMOVE, str(work)), {})
    work.mkdir()
    provider: Any = providers.create(loaded, run_dir=work, journal=journal)
    try:
        provider.start()
        print(provider.supervised.pid, flush=True)
        while True:
            with contextlib.suppress(Unsupported):
                do, undo = faults(provider, chance)
                do()
                undo()
    finally:
        provider.stop()
        shutil.rmtree(work, ignore_errors=True)
        journal.close(entry)
        journal.end()


if __name__ == "__main__":
    main(*sys.argv[1:])
