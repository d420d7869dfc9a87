"""Whether a cluster can run on this machine. `python -m tests.k8s.machine` ends with 0, or with 1 and the reason."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.k8s.cgroups import hierarchies

_INSIDE = ("--pid", "--mount", "--net", "--cgroup", "--fork", "--mount-proc", "--")


def why_not() -> str | None:
    """The reason why not; None if it can."""
    if os.geteuid() != 0 or sys.platform != "linux":
        return "a cluster needs Linux and root: real kubelets make namespaces and mounts"
    closed = [str(top) for top in hierarchies() if not os.access(top, os.W_OK)]
    if closed or not hierarchies():
        return f"a cluster needs cgroups that it may write to: {', '.join(closed) or 'none is mounted'}"
    command = ["unshare", *_INSIDE, "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    try:
        tried = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"a cluster needs namespaces of its own: {error}"
    if tried.returncode:
        return f"a cluster needs namespaces and mounts of its own: {tried.stderr.strip()}"
    return None


if __name__ == "__main__":
    if reason := why_not():
        print(reason)
        sys.exit(1)
