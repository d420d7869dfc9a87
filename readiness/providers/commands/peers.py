"""The proof that an operator's command cut a node off from its peers and not from its clients."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from readiness.providers.commands.observe import Look, Sighting
from readiness.providers.engine.driver import PeersWatch
from readiness.topology import Proof

Reached = Callable[[Sequence[str]], Sequence[str]]


class ReachedPeers(PeersWatch):
    """Tries connections from inside of the node to the endpoints of its peers (HOST:PORT), and a client's to each
    endpoint of the node. A connection needs both directions: it fails whichever of them is lost.
    """

    def __init__(
        self, node: str, reached: Reached, peers: Sequence[str], clients: Mapping[str, Look]
    ) -> None:
        self._node, self._reached, self._peers, self._clients = node, reached, peers, clients
        self._before = self._look()

    def split(self, how: str) -> Proof:
        peers, answering = self._look()
        fired = (
            bool(self._peers)
            and set(self._before[0]) == set(self._peers)
            and not peers
            and bool(answering)
            and answering == [*self._clients]
        )
        before, now = _words(*self._before), _words(peers, answering)
        return Proof(fired, f"{self._node}: before {how} it reached {before}; now it reaches {now}")

    def _look(self) -> tuple[Sequence[str], list[str]]:
        answering = [name for name, look in self._clients.items() if look() is Sighting.ANSWERED]
        return self._reached(self._peers), answering


def _words(peers: Sequence[str], answering: Sequence[str]) -> str:
    found = ", ".join(answering) or "nothing"
    return f"{', '.join(peers) or 'no peer'}, and to a client {found} answered"
