"""A node that commands cut off from its peers: what proves it, and what a candidate file has to declare for it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pydantic import ValidationError

from readiness.candidate.declared import DeclaredNode
from readiness.providers.commands.observe import Sighting
from readiness.providers.commands.peers import ReachedPeers

PEERS = ["honey:1", "sting:1"]


def watched(
    before: list[str], after: list[str], client: Callable[[int], Sighting] = lambda _turn: Sighting.ANSWERED
) -> ReachedPeers:
    """Sees these peers reached, and what a client sees in each turn."""
    turns, looks = iter([before, after]), iter(range(9))
    return ReachedPeers("bumble", lambda _wanted: next(turns), PEERS, {"bumble": lambda: client(next(looks))})


def test_it_reached_every_peer_and_now_none_and_its_client_is_answered() -> None:
    proof = watched(PEERS, []).split("the command (outgoing)")
    assert proof.fired
    assert "before the command (outgoing) it reached honey:1, sting:1" in proof.observed
    assert "now it reaches no peer, and to a client bumble answered" in proof.observed


@pytest.mark.parametrize(
    "watch",
    [
        watched(PEERS, PEERS),
        watched(PEERS, PEERS[:1]),
        watched(PEERS[:1], []),
        watched([], []),
        watched(PEERS, [], lambda turn: Sighting.SILENT if turn else Sighting.ANSWERED),
        watched(PEERS, [], lambda _turn: Sighting.REFUSED),
        ReachedPeers("bumble", lambda _wanted: [], [], {"bumble": lambda: Sighting.ANSWERED}),
    ],
)
def test_everything_else_is_no_split(watch: ReachedPeers) -> None:
    assert not watch.split("the command").fired


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"isolate_from_peers": ["x"]}, "isolate_from_peers needs rejoin_peers, which undoes it"),
        (
            {"isolate_from_peers": ["x"], "rejoin_peers": ["y"]},
            "isolate_from_peers needs reaches, which shows",
        ),
        ({"limp": ["x"]}, "limp needs unlimp, which undoes it"),
    ],
)
def test_what_has_to_be_declared_with_it(given: dict[str, list[str]], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        DeclaredNode.model_validate({"name": "bumble", **given})
