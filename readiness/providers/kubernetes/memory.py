"""Files that must not outlive us, of what a library takes only by path, such as a private key."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path


class MemoryFiles:
    """Files at paths that only this account can follow, gone with `close`.

    On Linux they are in memory (memfd_create(2)), at paths that only this process and its own threads can follow:
    however the process ends, nothing of them is left. Elsewhere they are on disk, in a private folder, which a process
    that is killed leaves behind.
    """

    def __init__(self) -> None:
        self._open: list[int] = []
        self._folder: Path | None = None

    def path_of(self, content: bytes) -> str:
        """The path of a new file with that content; it is there until `close`. Raises OSError."""
        return self._in_memory(content) if sys.platform == "linux" else self._on_disk(content)

    def _in_memory(self, content: bytes) -> str:
        opened = os.memfd_create("tofu-ha-credential", os.MFD_CLOEXEC)
        self._open.append(opened)
        left = memoryview(content)
        while left:
            left = left[os.write(opened, left) :]
        return f"/proc/self/fd/{opened}"

    def _on_disk(self, content: bytes) -> str:
        self._folder = self._folder or Path(tempfile.mkdtemp(prefix="tofu-ha-credential-"))
        opened, path = tempfile.mkstemp(dir=self._folder)
        with os.fdopen(opened, "wb") as file:
            file.write(content)
        return path

    def close(self) -> None:
        """Removes them all. Safe to call twice."""
        while self._open:
            os.close(self._open.pop())
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None
