"""Holds a cluster and removes every trace of it at the end, whatever ended it.

Called as `python -m tests.k8s.warden FOLDER [--detached]` outside the cluster's namespaces. It ends the
cluster when its standard input closes (its owner is gone; not with --detached), on SIGTERM or SIGINT, or when the
cluster's first process ends.
"""

from __future__ import annotations

import contextlib
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

from tests.k8s import cgroups
from tests.k8s.plan import NODES, Plan, load

_INSIDE = ("--pid", "--mount", "--net", "--fork", "--kill-child", "--mount-proc", "--")


def main(folder: Path, detached: bool) -> None:
    """Hold the cluster until it has to end."""
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGINT, _interrupt)
    plan = load(folder)
    plan.log("cluster").parent.mkdir(exist_ok=True)
    with plan.log("cluster").open("ab") as output:
        program = [sys.executable, "-m", "tests.k8s.control_plane", str(folder)]
        cluster = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "unshare", *_INSIDE, *program],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        while cluster.poll() is None and (detached or _owned(0.5)):
            if detached:
                time.sleep(0.5)
    except KeyboardInterrupt:
        pass
    finally:
        if cluster.poll() is not None:
            print(f"the cluster ended by itself:\n{last_words(plan)}", file=sys.stderr, flush=True)
        end(plan, cluster)


def last_words(plan: Plan) -> str:
    """The ends of all logs."""
    words = []
    for log in sorted(plan.log("x").parent.rglob("*.log")):
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-8:]
        words += [f"--- {log.relative_to(plan.folder)}", *(line[:300] for line in lines)]
    return "\n".join(words)


def end(plan: Plan, cluster: subprocess.Popen[bytes]) -> None:
    """Kill everything in the namespaces, and remove the cgroups and the folder."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for node in NODES:
        with contextlib.suppress(TimeoutError):
            cgroups.thaw(cgroups.freezer(plan.cgroup(node)))  # a frozen process does not die
    cluster.kill()
    cluster.wait()
    deadline = time.monotonic() + 20
    while not cgroups.remove(plan.name) and time.monotonic() < deadline:
        time.sleep(0.1)
    shutil.rmtree(plan.folder, ignore_errors=True)


def _owned(seconds: float) -> bool:
    ready, _, _ = select.select([sys.stdin], [], [], seconds)
    return not ready or bool(sys.stdin.buffer.read(1))


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main(Path(sys.argv[1]), "--detached" in sys.argv[2:])
