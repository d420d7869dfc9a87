"""The ability to take the stand-in for caches away, for providers that start it (boundary condition S.5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from readiness.providers.auxiliary.auxiliaries import CACHE, Auxiliaries
from readiness.providers.engine.driver import Driver
from readiness.providers.engine.hardware import Hardware
from readiness.providers.engine.journal import FaultVerb, Undo

D = TypeVar("D", bound=Driver[Any])


class StartsCaches(Hardware[D]):
    """`_auxiliaries` is set by the provider once it has started them."""

    _auxiliaries: Auxiliaries | None = None

    @property
    def cache_endpoints(self) -> tuple[str, ...]:
        """URLs of the cache stand-in, if the candidate has the option `cache_stand_in`."""
        return self._auxiliaries.cache_endpoints if self._auxiliaries else ()

    def stop_caches(self) -> None:
        """The cache stand-in goes away."""
        with self._fault(FaultVerb.STOP_CACHES, CACHE) as begin:
            begin()
            if self._auxiliaries:
                self._auxiliaries.stop_cache()

    def start_caches(self) -> None:
        """The cache stand-in is there again."""
        self._undo(FaultVerb.START_CACHES, CACHE, self._start_cache)

    def undo(self, undo: Undo, reach: Mapping[str, str] | None = None) -> None:
        if undo.verb is FaultVerb.START_CACHES:
            self.start_caches()
        else:
            super().undo(undo, reach)

    def _start_cache(self, _name: str) -> None:
        if self._auxiliaries and self.cache_endpoints:
            self._auxiliaries.start_cache()
