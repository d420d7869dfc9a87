"""Which instances are in service, as the contract's readiness rule says: the only ones a client may be sent
to.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable

from readiness.providers.base import Provider
from readiness.topology import Endpoint, Topology


class ServiceWatch:
    """Evaluates the readiness rule of every instance that answers an endpoint, ten times a second.

    An instance that a fault is about to hit is held out beforehand and re-enters only by a probe that began
    after the heal, so that "in service" is never a leftover from before the fault.
    """

    def __init__(self, provider: Provider, topology: Topology, interval: float = 0.1) -> None:
        self._provider, self._interval = provider, interval
        self._instances = sorted({e.instance for e in topology.endpoints if e.instance is not None})
        self._ready = dict.fromkeys(self._instances, False)
        self._held: dict[str, int] = dict.fromkeys(self._instances, 0)
        self._generation = dict.fromkeys(self._instances, 0)
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._watch, args=(name,), daemon=True) for name in self._instances
        ]

    def start(self) -> None:
        """Begin watching."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop watching."""
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=3)

    def in_service(self, endpoint: Endpoint) -> bool:
        """Whether a client may be sent there now. The service endpoint always is."""
        return endpoint.instance is None or self._ready.get(endpoint.instance, False)

    def hold_out(self, instances: Iterable[str]) -> None:
        """From now on those instances are out of service, whatever their probe says."""
        with self._lock:
            for name in set(instances) & self._ready.keys():
                self._held[name] += 1
                self._generation[name] += 1
                self._ready[name] = False

    def readmit(self, instances: Iterable[str]) -> None:
        """The probe decides again."""
        with self._lock:
            for name in set(instances) & self._ready.keys():
                self._held[name] = max(0, self._held[name] - 1)
                self._generation[name] += 1

    def all_in_service(self) -> bool:
        """Every instance with an endpoint is in service."""
        return all(self._ready.values())

    def _watch(self, name: str) -> None:
        while not self._stop.wait(self._interval):
            generation = self._generation[name]
            try:
                ready = self._provider.in_service(name)
            except Exception:  # noqa: BLE001 - a probe that throws is a probe that failed
                ready = False
            with self._lock:
                if generation == self._generation[name] and not self._held[name]:
                    self._ready[name] = ready
