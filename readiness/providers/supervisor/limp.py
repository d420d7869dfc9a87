"""Makes processes limp until it is killed: `python -m readiness.providers.supervisor.limp FROZEN RUNNING PID:START …`.

Every process group (named by its first process, and the clock tick at which that started) is stopped for FROZEN
seconds, then goes on for RUNNING seconds. It ends by itself once one of them has ended. Whoever kills it lets them go
on: it may have been stopping them.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Sequence

from readiness.providers.supervisor import linux

Group = tuple[int, int]


def send(group: Group, number: signal.Signals) -> bool:
    """The signal to that group while it is still the one that is meant. False: it is not."""
    pid, start = group
    found = linux.stat(pid)
    if found is None or found.start != start:
        return False
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        return False
    return True


def to_all(groups: Sequence[Group], number: signal.Signals) -> bool:
    """The signal to all of them. False: one of them has ended."""
    sent = [send(group, number) for group in groups]  # to each, whatever became of the one before
    return all(sent)


def main(arguments: Sequence[str]) -> int:
    """Ends once a group has ended."""
    frozen, running = float(arguments[0]), float(arguments[1])
    groups = [(int(pid), int(start)) for pid, start in (each.split(":") for each in arguments[2:])]
    there = True
    while there:
        there = to_all(groups, signal.SIGSTOP)
        if there:
            time.sleep(frozen)
        there = to_all(groups, signal.SIGCONT) and there
        time.sleep(running)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
