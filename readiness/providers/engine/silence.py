"""The proof that a node's network was cut: a connect that was answered before, is answered no more."""

from __future__ import annotations

from readiness.providers.engine import probe
from readiness.providers.engine.driver import NetworkWatch
from readiness.topology import Proof

SILENCE_SECONDS = 0.7


class ConnectWatch(NetworkWatch):
    """Looks by one TCP connect to an address of the node."""

    def __init__(self, node: str, address: str, port: int) -> None:
        self._node, self._address, self._port = node, address, port
        self._before = self._look()

    def cut(self, how: str) -> Proof:
        after = self._look()
        earlier = f"{self._node}: a connect to {self._address}:{self._port} was {self._before or 'not answered'} before"
        if after:
            return Proof(False, f"{earlier} and is {after} now")
        return Proof(self._before is not None, f"{earlier} and got no answer in {SILENCE_SECONDS} s now")

    def _look(self) -> str | None:
        return probe.answers(self._address, self._port, SILENCE_SECONDS)
