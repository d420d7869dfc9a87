"""The proof that a node was cut off from its peers and not from its clients: packets and connections, tried."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from readiness.providers.engine import probe
from readiness.providers.engine.driver import PeersWatch
from readiness.providers.engine.silence import SILENCE_SECONDS
from readiness.providers.supervisor.network import Layout
from readiness.topology import Direction, Endpoint, Proof


@dataclass(frozen=True)
class Links:
    """What was tried, by peer: whether a datagram of the node's arrived there (`sent`), one of the peer's here
    (`heard`), and whether the node could connect to it; and what came of a client's connection to the node.
    """

    sent: Mapping[str, bool]
    heard: Mapping[str, bool]
    connects: Mapping[str, bool]
    client: str | None

    @property
    def whole(self) -> bool:
        """Everything arrives."""
        return all((*self.sent.values(), *self.heard.values(), *self.connects.values(), self.client))

    def split(self, way: Direction) -> bool:
        """What has to be lost that way is lost, and nothing else. A connection needs both directions."""
        lost = not any(self.connects.values())
        sent = all(arrived is not way.outgoing for arrived in self.sent.values())
        heard = all(arrived is not way.incoming for arrived in self.heard.values())
        return lost and sent and heard and self.client == "accepted"

    def __str__(self) -> str:
        tried = [
            f"to {peer} {_arrives(self.sent[peer])}, from it {_arrives(self.heard[peer])}"
            for peer in self.sent
        ]
        connects = [peer for peer, made in self.connects.items() if made]
        connected = f"it connects to {', '.join(connects)}" if connects else "it connects to none"
        return f"datagrams {'; '.join(tried)}; {connected}; a client's connection is {self.client or 'not answered'}"


class ProcessPeers(PeersWatch):
    """Tries them from inside of the nodes' networks. `peers`: an address and a port that each of them listens at."""

    def __init__(
        self, layout: Layout, endpoint: Endpoint, peers: Mapping[str, tuple[str, int]], way: Direction
    ) -> None:
        assert endpoint.node is not None
        self._layout, self._endpoint, self._peers, self._way = layout, endpoint, peers, way
        self._node = endpoint.node
        self._before = self._look()

    def split(self, how: str) -> Proof:
        after = self._look()
        fired = self._before.whole and after.split(self._way)
        return Proof(fired, f"{self._node} {how} ({self._way}): before, {self._before}; now, {after}")

    def _look(self) -> Links:
        carries, reaches, node = self._layout.carries, self._layout.reaches, self._node
        return Links(
            {peer: carries(node, peer) for peer in self._peers},
            {peer: carries(peer, node) for peer in self._peers},
            {peer: reaches(node, *at) for peer, at in self._peers.items()},
            probe.answers(*probe.address_of(self._endpoint.url), SILENCE_SECONDS),
        )


def _arrives(arrived: bool) -> str:
    return "arrive" if arrived else "are lost"
