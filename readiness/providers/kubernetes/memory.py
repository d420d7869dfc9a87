"""Files that are on no disk: what a library takes only by path, such as a private key, and what must not outlive us."""

from __future__ import annotations

import os


class MemoryFiles:
    """Files in memory (memfd_create(2)), at paths that only this process and its own threads can follow.

    However the process ends, nothing of them is left.
    """

    def __init__(self) -> None:
        self._open: list[int] = []

    def path_of(self, content: bytes) -> str:
        """The path of a new file with that content; it is there until `close`. Raises OSError."""
        opened = os.memfd_create("tofu-ha-credential", os.MFD_CLOEXEC)
        self._open.append(opened)
        left = memoryview(content)
        while left:
            left = left[os.write(opened, left) :]
        return f"/proc/self/fd/{opened}"

    def close(self) -> None:
        """Removes them all. Safe to call twice."""
        while self._open:
            os.close(self._open.pop())
