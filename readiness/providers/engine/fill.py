"""A full disk: a file that takes every block that is left, and the proof that nothing can be written any more."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path

BLOCK = 4096
TRIED = 64 << 10
"""Bytes of a write that a full disk must refuse: more than what fits into blocks that are half empty."""


def fill(ballast: Path) -> None:
    """Grow that file until its file system has no block left for it. Raises OSError for anything but that."""
    opened = os.open(ballast, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        left = os.fstatvfs(opened)
        at, step = os.fstat(opened).st_size, left.f_bfree * left.f_frsize
        while step >= BLOCK:
            try:
                os.posix_fallocate(opened, at, step)
            except OSError as error:
                if error.errno not in (errno.ENOSPC, errno.EFBIG):
                    raise
                step //= 2
            else:
                at += step
    finally:
        os.close(opened)


def refused(folder: Path) -> str | None:
    """The name of the error of a write there that is to reach the disk; None: it was taken. The file is removed."""
    tried = folder / ".tried"
    try:
        opened = os.open(tried, os.O_WRONLY | os.O_CREAT | os.O_DSYNC | os.O_CLOEXEC, 0o600)
        try:
            written = os.write(opened, bytes(TRIED))
        finally:
            os.close(opened)
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, str(error))
    finally:
        with suppress(OSError):
            tried.unlink(missing_ok=True)
    return None if written == TRIED else errno.errorcode[errno.ENOSPC]


def available(folder: Path) -> int:
    """Bytes that the file system of that folder has left. Raises OSError."""
    left = os.statvfs(folder)
    return left.f_bavail * left.f_frsize
