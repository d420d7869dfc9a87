"""A candidate that is whole and takes no writes is restarted, so that what follows is judged by its own fault.

That it had to be restarted is what `serves_again` refutes. SeaweedFS 4.48 does this after a full disk.
"""

from __future__ import annotations

import contextlib

from readiness import faults
from readiness.errors import Unjudged
from readiness.evidence.scenario import ScenarioRecord
from readiness.faults import injected, wait_whole
from readiness.finding import State
from readiness.judges.recovery import serves_again
from readiness.load.rig import Rig
from readiness.subject import Subject

RESTARTED = "restarted afterwards"


def restart_if_stuck(subject: Subject, rig: Rig, record: ScenarioRecord, within: float) -> None:
    """Drains and restores each node in turn if the record shows that the candidate takes no writes though it is whole.
    Each time it may take `within` seconds to be whole.
    """
    if not record.whole or serves_again(record).state is not State.REFUTED:
        return
    subject.announce(f"{record.name}: the candidate takes no writes since; each node is restarted")
    note = subject.evidence.fault
    with contextlib.suppress(Unjudged):  # not_undone has what was not undone
        for node in subject.topology.nodes:
            fault = faults.drain(subject.topology, node)
            with injected(fault, subject.provider, rig.watch, subject.now, note, subject.not_undone):
                pass
            wait_whole(subject.provider, rig.watch, within)
    record.notes[RESTARTED] = "it took no writes any more, so the suite restarted each node"
