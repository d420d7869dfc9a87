"""Rolling upgrades, alike in every kind of provider that can start another version of the store."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from readiness.providers.engine.driver import Driver
from readiness.providers.engine.engine import Engine
from readiness.providers.engine.journal import FaultVerb
from readiness.topology import Proof, Unsupported, Versions

SEEN_SECONDS, INTERVAL = 30.0, 0.2
"""How long a version that was started may take to be seen, and seconds between two looks."""

D = TypeVar("D", bound=Driver[Any])


class Upgrading(Engine[D]):
    """An engine with `Upgrades` of `readiness.providers.abilities`."""

    def upgrade(self, node: str) -> Proof:
        """As `Upgrades`."""
        self._on(node)
        versions = self._versions()
        with self._fault(FaultVerb.UPGRADE, node) as begin:
            before = self.driver.versions_on(node)
            if not _all_name(versions, versions.first, before):
                return Proof(False, f"{_words(node, before)}, not {versions.first}, before the upgrade")
            begin()
            how = self.driver.upgrade(node)
            after, seen = self._awaited(node, versions, versions.second)
            return Proof(seen, f"{after} after {how}; {_words(node, before)} before")

    def take_back(self, node: str) -> None:
        """As `Upgrades`."""
        self._on(node)
        self._undo(FaultVerb.TAKE_BACK, node, self._take_back)

    def versions_on(self, node: str) -> Mapping[str, str]:
        """As `Upgrades`."""
        self._on(node)
        return self.driver.versions_on(node)

    def _take_back(self, node: str) -> None:
        versions = self._versions()
        self.driver.take_back(node)
        after, seen = self._awaited(node, versions, versions.first)
        if not seen:
            raise RuntimeError(f"{after}, not {versions.first}, after it was taken back")

    def _versions(self) -> Versions:
        if self._candidate.upgrade is None:
            raise Unsupported("the candidate file has no [upgrade], which names the two versions")
        return self._candidate.upgrade.versions

    def _awaited(self, node: str, versions: Versions, wanted: str) -> tuple[str, bool]:
        """What runs on the node, in words, once that is the wanted version, or the time is over; and whether it is."""
        deadline = time.monotonic() + SEEN_SECONDS
        while True:
            try:
                found = self.driver.versions_on(node)
                words, seen = _words(node, found), _all_name(versions, wanted, found)
            except OSError as error:
                words, seen = f"{node}: no version can be seen ({error})", False
            if seen or time.monotonic() > deadline:
                return words, seen
            time.sleep(INTERVAL)

    def _undoing(self) -> dict[FaultVerb, Callable[[str], None]]:
        return super()._undoing() | {FaultVerb.TAKE_BACK: self.take_back}


def _all_name(versions: Versions, wanted: str, found: Mapping[str, str]) -> bool:
    return bool(found) and all(versions.named_in(text) == wanted for text in found.values())


def _words(node: str, found: Mapping[str, str]) -> str:
    return f"{node}: {', '.join(f'{name} runs {text}' for name, text in found.items()) or 'nothing runs'}"
