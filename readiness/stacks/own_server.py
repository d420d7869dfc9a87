"""A server of the suite's own, on loopback, that stands for where a stack's state is now."""

from __future__ import annotations

import os
import shutil
import tempfile
from abc import ABC, abstractmethod
from pathlib import Path

from readiness.providers.supervisor.client import Supervised
from readiness.providers.supervisor.network import free_ports


class OwnServer(ABC):
    """Runs in a private folder from its making until closed, and ends with the run, however the run ends."""

    def __init__(self, kind: str) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix=f"tofu-ha-{kind}-"))
        self._supervised = Supervised()
        self._supervised.after_death(["rm", "-rf", str(self._folder)], {"PATH": os.defpath})
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    @abstractmethod
    def _start(self) -> None:
        """Starts its processes and waits until it answers."""

    def close(self) -> None:
        self._supervised.end()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _ports(self, count: int) -> list[int]:
        """Ports of loopback that are free now. Raises UsageError."""
        return free_ports(("127.0.0.1",), count, (0,))

    def _private(self, name: str, content: bytes) -> Path:
        """A file of that folder that only this user may read."""
        path = self._folder / name
        path.touch(mode=0o600)
        path.write_bytes(content)
        return path
