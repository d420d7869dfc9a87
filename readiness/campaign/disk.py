"""Whether a node's disk was emptied and filled again: by the bytes that it stores, where the provider can see them."""

from __future__ import annotations

from readiness.providers.abilities import StoresBytes
from readiness.providers.base import Provider
from readiness.topology import Unsupported


class Disk:
    """The bytes that one node stores. What cannot be seen contradicts nothing."""

    def __init__(self, provider: Provider, node: str) -> None:
        self._provider, self._node = provider, node
        self._seen: list[int | None] = [self._look()]

    def not_emptied(self) -> str | None:
        """What contradicts that the node was emptied: nine bytes of ten that it stored are to be gone."""
        self._seen.append(self._look())
        had, left = self._seen[:2]
        if had is None or left is None or left <= had // 10:
            return None
        return f"the disk of {self._node} was not emptied: {had} bytes before and {left} after the wipe"

    def not_filled(self) -> str | None:
        """What contradicts that the emptied node has data again."""
        self._seen.append(self._look())
        left, back = self._seen[-2:]
        if left is None or back is None or back > left:
            return None
        return f"{self._node} is reported whole, but stores {back} bytes; when it was empty it stored {left}"

    @property
    def summary(self) -> str:
        """What was seen, look by look."""
        return ", ".join("unknown" if each is None else str(each) for each in self._seen)

    def _look(self) -> int | None:
        if not isinstance(self._provider, StoresBytes):
            return None
        try:
            return self._provider.stored_bytes(self._node)
        except (Unsupported, OSError):
            return None
