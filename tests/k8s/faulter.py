"""A process that does faults to the cluster's candidate until it is killed.

`python -m tests.k8s.faulter FILE RUN SEED` prints the number of its supervisor once the candidate serves. Its journal,
its Lease and its faults are those of a run.
"""

from __future__ import annotations

import contextlib
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from readiness import providers
from readiness.candidate.load import load
from readiness.providers.kubernetes.provider import Kubernetes
from readiness.topology import Unsupported
from readiness.undo.journal import DurableJournal

Acts = tuple[Callable[[], object], Callable[[], object]]


def fault(provider: Kubernetes, chance: random.Random) -> Acts:
    """One fault, and its undo."""
    instance = chance.choice(provider.topology.instances).name
    node = chance.choice(provider.topology.nodes)
    found: list[Acts] = [
        (lambda: provider.kill(instance), lambda: provider.start_instance(instance)),
        (lambda: provider.drain(node), lambda: provider.restore(node)),
        (provider.confine, provider.release),
    ]
    if provider.driver.hooks.declared("freeze"):
        found += [
            (lambda: provider.freeze(instance), lambda: provider.thaw(instance)),
            (lambda: provider.unplug(node), lambda: provider.plug(node)),
        ]
    return chance.choice(found)


def main(candidate: str, run: str, seed: str) -> None:
    """Until it is killed, or until its supervisor is."""
    loaded, chance = load(candidate), random.Random(int(seed))
    journal = DurableJournal(run, loaded)
    journal.begin()
    with tempfile.TemporaryDirectory() as work:
        provider = providers.create(loaded, run_dir=Path(work), journal=journal)
        assert isinstance(provider, Kubernetes)
        try:
            provider.start()
            print(provider.supervised.pid, flush=True)
            while True:
                do, undo = fault(provider, chance)
                with contextlib.suppress(Unsupported):
                    do()
                    undo()
                while not provider.whole():
                    time.sleep(0.5)
        finally:
            provider.stop()
            journal.end()


if __name__ == "__main__":
    main(*sys.argv[1:])
