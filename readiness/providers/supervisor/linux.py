"""The few Linux calls that Python does not offer:

parent-death signals, subreapers, network and mount namespaces, process states, file systems that lose their power.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import struct
from dataclasses import dataclass
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
CLONE_NEWNET = 0x4000_0000
CLONE_NEWNS = 0x0002_0000
MS_REC, MS_SLAVE = 1 << 14, 1 << 19
EXT4_IOC_SHUTDOWN = 0x8004_587D
GOING_DOWN_WITHOUT_LOG_FLUSH = 2
FS_IOC_GETFLAGS, FS_IOC_SETFLAGS = 0x8008_6601, 0x4008_6602
FS_SYNC_FL, FS_DIRSYNC_FL = 0x8, 0x1_0000
_OWN_NETWORK = "/proc/self/ns/net"

_libc = ctypes.CDLL(None, use_errno=True)


def _call(name: str, *arguments: int) -> None:
    if getattr(_libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def die_with_parent(signal_number: int) -> None:
    """The kernel sends this process the signal when the thread that started it ends, however it ends."""
    _call("prctl", PR_SET_PDEATHSIG, signal_number, 0, 0, 0)


def adopt_orphans(*, on: bool = True) -> None:
    """Processes below this one that lose their parent become its children: none can escape by forking."""
    _call("prctl", PR_SET_CHILD_SUBREAPER, int(on), 0, 0, 0)


def enter_network(namespace: int) -> None:
    """Move this thread into a network namespace, given as an open file."""
    _call("setns", namespace, CLONE_NEWNET)


def open_network() -> int:
    """The network namespace of this thread, as an open file."""
    return os.open(_OWN_NETWORK, os.O_RDONLY | os.O_CLOEXEC)


def new_network() -> None:
    """Move this thread into a new, empty, unnamed network namespace."""
    _call("unshare", CLONE_NEWNET)


def new_mounts() -> None:
    """Move this process into a mount namespace of its own: what it mounts is seen by its children only, and is gone
    with the last of them. What the machine mounts and unmounts is still seen. Raises OSError without the right to it.
    """
    _call("unshare", CLONE_NEWNS)
    if _libc.mount(b"none", b"/", None, ctypes.c_ulong(MS_REC | MS_SLAVE), None) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"mount: {os.strerror(number)}")


def cut_power(mount_point: Path) -> None:
    """The ext4 there stops at once without flushing its journal: only what was synced is on its device. Every access
    fails with EIO from now on. Raises OSError. Source: EXT4_IOC_SHUTDOWN in the kernel's fs/ext4/ioctl.c.
    """
    opened = os.open(mount_point, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.ioctl(opened, EXT4_IOC_SHUTDOWN, struct.pack("I", GOING_DOWN_WITHOUT_LOG_FLUSH))
    finally:
        os.close(opened)


def write_synchronously(folder: Path) -> None:
    """What is written below that folder of an ext4 from now on is on its device before the write returns, and so are
    new and removed names: as with `chattr +S +D`, which files and folders made there inherit. Raises OSError. Source:
    FS_SYNC_FL and FS_DIRSYNC_FL in the kernel's include/uapi/linux/fs.h.
    """
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        (flags,) = struct.unpack("I", fcntl.ioctl(opened, FS_IOC_GETFLAGS, struct.pack("I", 0)))
        fcntl.ioctl(opened, FS_IOC_SETFLAGS, struct.pack("I", flags | FS_SYNC_FL | FS_DIRSYNC_FL))
    finally:
        os.close(opened)


@dataclass(frozen=True)
class Stat:
    """One line of /proc/PID/stat. `start` (clock ticks since boot) tells two processes with one pid apart."""

    pid: int
    state: str
    parent: int
    group: int
    start: int


def stat(pid: int) -> Stat | None:
    """The process as it is now, None if there is none of that pid."""
    return _stat_file(Path(f"/proc/{pid}/stat"))


def all_processes() -> list[Stat]:
    """Every process that can be seen."""
    pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208 - often called
    return [found for pid in pids if (found := stat(pid))]


def thread_states(pid: int) -> list[str]:
    """The state letters of all threads of a process; empty if it is gone."""
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
    except OSError:
        return []
    return [found.state for task in tasks if (found := _stat_file(task / "stat"))]


def _stat_file(path: Path) -> Stat | None:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    first, _, rest = text.rpartition(")")  # a command name may contain anything
    fields = rest.split()
    return Stat(int(first.split(" ", 1)[0]), fields[0], int(fields[1]), int(fields[2]), int(fields[19]))
