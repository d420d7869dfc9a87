"""Disks whose power can be cut, run inside the supervisor: an ext4 for each node, in an image behind a loop device.

They are mounted in a mount namespace of the supervisor's own, so that mounts and loop devices end with it and its
children however they end. The images lie in the run's private folder.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import struct
import subprocess
from collections.abc import Mapping
from pathlib import Path

from readiness.providers.supervisor import linux

DATA = "data"
KEPT = ".kept"
"""A file that was synced when the disk was made: it must be there after every power cut."""
SUPERBLOCK, INCOMPATIBLE, NEEDS_RECOVERY = 1024, 0x60, 0x4
COMMAND_SECONDS = 15.0


class LoopDisk:
    """One node's disk. `point`: where it is mounted. `synchronous`: what is written to the data folder is on the disk
    before the write returns.
    """

    def __init__(self, point: Path, megabytes: int, *, synchronous: bool = False) -> None:
        self.point, self._image = point, point.with_suffix(".img")
        self._megabytes, self._synchronous = megabytes, synchronous
        self._mounted = self._down = self._recovers = False
        self._unsynced = ""

    def make(self) -> None:
        """A new, empty disk, mounted, with a data folder in it. Raises OSError, RuntimeError."""
        self.unmount()
        self._image.unlink(missing_ok=True)
        self.point.mkdir(parents=True, exist_ok=True)
        with self._image.open("xb") as image:
            image.truncate(self._megabytes << 20)
        lazy = "lazy_itable_init=1,lazy_journal_init=1,nodiscard"
        _run("mkfs.ext4", "-q", "-F", "-m", "0", "-E", lazy, self._image)
        self.mount()
        (self.point / DATA).mkdir()
        if self._synchronous:
            linux.write_synchronously(self.point / DATA)
        (self.point / KEPT).write_text("kept")
        for path in (self.point / KEPT, self.point / DATA, self.point):
            _sync(path)

    def mount(self) -> None:
        """Mount it, if it is not. Its journal is replayed."""
        if not self._mounted:
            _run("mount", "-t", "ext4", "-o", "loop,noinit_itable", self._image, self.point)
            self._mounted = True

    def unmount(self) -> None:
        """Unmount it, if it is mounted. Raises RuntimeError while something still uses it."""
        if self._mounted:
            _run("umount", self.point)
            self._mounted = self._down = False

    def detach(self) -> None:
        """Out of every new access at once, and unmounted once nothing uses it."""
        if self._mounted:
            with contextlib.suppress(RuntimeError):
                _run("umount", "-l", self.point)

    def cut(self) -> str | None:
        """Its power is cut. Writes a file without syncing it right before. The name of the error of a write after it;
        None: it was taken. Raises OSError.
        """
        self._unsynced = f".unsynced-{secrets.token_hex(4)}"
        (self.point / self._unsynced).write_text("never synced")
        linux.cut_power(self.point)
        self._down = True
        try:
            (self.point / ".after").write_text("written after the power was cut")
        except OSError as error:
            return errno.errorcode.get(error.errno or 0, str(error))
        return None

    def revive(self) -> dict[str, object]:
        """The power is back: unmounted and mounted again. What is there of what was written last, as the last call that
        found it down saw it. Raises RuntimeError, such as while a process still uses it.
        """
        if self._down:
            self.unmount()
            self._recovers = self._needs_recovery()
        self.mount()
        lost = self.point / self._unsynced
        return {
            "recovered": self._recovers,
            "unsynced": lost.stat().st_size if self._unsynced and lost.exists() else 0,
            "kept": (self.point / KEPT).read_text() == "kept",
        }

    @property
    def down(self) -> bool:
        """Its power was cut, or it is not mounted."""
        return self._down or not self._mounted

    def _needs_recovery(self) -> bool:
        """Whether its superblock says that the journal is to be replayed: it was not unmounted in good order."""
        with self._image.open("rb") as image:
            image.seek(SUPERBLOCK + INCOMPATIBLE)
            (flags,) = struct.unpack("<I", image.read(4))
        return bool(flags & NEEDS_RECOVERY)


class LoopDisks:
    """The disks of all nodes."""

    def __init__(self, folder: Path, nodes: Mapping[str, int], *, synchronous: bool = False) -> None:
        """`nodes`: how many MiB each gets. `synchronous`: see LoopDisk."""
        self._disks = {
            node: LoopDisk(folder / node, megabytes, synchronous=synchronous)
            for node, megabytes in nodes.items()
        }

    def build(self) -> None:
        """Make and mount all of them. Raises OSError, RuntimeError where this machine does not allow it."""
        linux.new_mounts()
        for disk in self._disks.values():
            disk.make()

    def __getitem__(self, node: str) -> LoopDisk:
        return self._disks[node]

    def close(self) -> None:
        """Detach all of them."""
        for disk in self._disks.values():
            disk.detach()


def _sync(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _run(*argv: str | Path) -> None:
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))
    ran = subprocess.run(
        [str(part) for part in argv],
        env={"PATH": path, "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
    )
    if ran.returncode:
        raise RuntimeError(f"{argv[0]} ended with {ran.returncode}: {ran.stderr.strip()[-300:]}")
