"""A process that does faults until it is killed: `python -m tests.undo.faulter CANDIDATE RUN SEED FOLDER`.

It prints `ready` once the candidate serves. Its journal, its private folder, its scratch bucket (listed in FOLDER) and
its faults are those of a run.
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
from readiness.s3.boto3_library import boto3_client
from readiness.s3.library import Answered, Unanswered, translate
from readiness.s3.scratch import JOURNAL, Scratch
from readiness.subject import target_of
from readiness.topology import Direction, Unsupported
from readiness.undo.journal import DurableJournal
from readiness.undo.play import WORK

ANSWER_SECONDS = 3.0


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
            (lambda: provider.power_off(node), lambda: provider.power_on(node)),
            (lambda: provider.fill(node), lambda: provider.free(node)),
            (lambda: provider.rotate(provider.rotate(None)), lambda: None),
        ]
    )


class Writer:
    """Writes versions of objects, and delete markers, to a scratch bucket of the run."""

    def __init__(self, run: str, client: Any, listed: Path) -> None:
        self._client = client
        self._bucket = Scratch(run, lambda: client, listed / JOURNAL).create("versioned", "Enabled")
        self._number = 0

    def write(self) -> None:
        """Two versions and a delete marker of one more object, as far as the store answers."""
        self._number += 1
        about = {"Bucket": self._bucket, "Key": f"object/{self._number}"}
        with contextlib.suppress(Answered, Unanswered):
            translate(lambda: self._client.put_object(**about, Body=b"first"))
            translate(lambda: self._client.put_object(**about, Body=b"second"))
            translate(lambda: self._client.delete_object(**about))


def main(candidate: str, run: str, seed: str, listed: str) -> None:
    loaded, chance = load(candidate), random.Random(int(seed))
    work = Path(tempfile.gettempdir()) / f"{WORK}{run}"
    journal = DurableJournal(run, loaded)
    journal.begin()
    entry = journal.open(FaultVerb.MAKE, str(work), Undo("session", run, FaultVerb.REMOVE, str(work)), {})
    work.mkdir()
    provider: Any = providers.create(loaded, run_dir=work, journal=journal)
    try:
        topology = provider.start()
        provider.after_death(["rm", "-rf", str(work)], {"PATH": "/usr/bin:/bin"})
        front = topology.service or topology.endpoints[0]
        client = boto3_client(target_of(loaded, provider, front), ANSWER_SECONDS)
        writer = Writer(run, client, Path(listed))
        print("ready", flush=True)
        while True:
            writer.write()
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
