"""What there is on a machine of the table's own: the command starts itself again in namespaces that hold nothing else,
so that whatever is found there after a kill was left by it.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil

APART = ("unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc")
AS_ROOT = ("--user", "--map-root-user")
"""For who is not root: a user namespace in which the rest is allowed."""
STATE = "state/tofu-state-ha-readiness/undo"
_COUNTERS = re.compile(r"\[\d+:\d+\]")


def apart() -> list[str]:
    """The command line that starts the rest of it in namespaces of its own."""
    program, *flags = APART
    return [program, *([] if os.geteuid() == 0 else AS_ROOT), *flags]


def scene(place: Path) -> Counter[str]:
    """Everything that a run could leave: processes, namespaces, interfaces, mounts, rules of the firewall, files in the
    temporary folder, and open journals of undo. Two scenes are compared by subtraction.
    """
    found = Counter(_processes())
    found.update(f"interface {name}" for name in psutil.net_if_addrs())
    found.update(_mounts())
    found.update(_loops(place))
    found.update(_firewall())
    for what, folder in (("file", place / "tmp"), ("journal", place / STATE)):
        found.update(f"{what} {path.relative_to(place)}" for path in folder.rglob("*"))
    return found


def kinds(left: Counter[str]) -> list[str]:
    """What kinds of things those are: `process`, `file` …"""
    return sorted({each.split(" ", 1)[0] for each in left.elements()})


def _processes() -> Iterator[str]:
    """Of this namespace, by command line; what runs `ps` for us is over when this looks. Threads of the kernel and
    processes that have ended and wait to be reaped are none.
    """
    own, spaces = os.getpid(), set[str]()
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            line = process.cmdline()
            if process.pid == own or not line or process.status() == psutil.STATUS_ZOMBIE:
                continue
            spaces |= {
                str(Path(f"/proc/{process.pid}/ns/{kind}").readlink()) for kind in ("net", "mnt", "pid")
            }
            yield f"process {' '.join(line)[:160]}"
    here = {str(Path(f"/proc/self/ns/{kind}").readlink()) for kind in ("net", "mnt", "pid")}
    yield from (f"namespace {kind.split(':')[0]}" for kind in spaces - here)


def _mounts() -> Iterator[str]:
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, after = line.split(" - ")
        yield f"mount {before.split()[4]} {after.split()[0]}"


def _loops(place: Path) -> Iterator[str]:
    """Disks of this machine's kernel, of all namespaces, whose bytes are in a file here."""
    for backing in Path("/sys/block").glob("loop*/loop/backing_file"):
        with contextlib.suppress(OSError):
            if str(place) in (file := backing.read_text().strip()):
                yield f"disk {file}"


def _firewall() -> Iterator[str]:
    """Also where nft keeps them: that is what iptables writes to. Without the counters of packets."""
    for program in ("iptables-save", "ip6tables-save"):
        with contextlib.suppress(FileNotFoundError):
            ran = subprocess.run([program], capture_output=True, text=True, check=False)
            rules = (_COUNTERS.sub("", line) for line in ran.stdout.splitlines())
            yield from (f"rule {program}: {line}" for line in rules if line and not line.startswith("#"))
