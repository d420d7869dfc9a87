"""A node that is cut off from its peers and not from its clients, and one that limps: on a tiny store."""

import time
from collections.abc import Callable
from signal import SIGKILL

import pytest

from readiness.candidate.load import Loaded
from readiness.providers.abilities import Limps, SplitsPeers
from readiness.providers.engine import probe
from readiness.providers.engine.pace import REQUESTS, RequestWatch
from readiness.providers.processes import observe
from readiness.providers.processes.peers import Links
from readiness.providers.processes.provider import Processes
from readiness.topology import Direction, Unsupported
from tests.providers.tiny import tiny
from tests.support.eventually import eventually

Make = Callable[[Loaded], Processes]
NODES = ["bumble", "honey", "sting"]


@pytest.fixture
def provider(make: Make) -> Processes:
    made = make(tiny(nodes=NODES))
    made.start()
    if made.driver.deployment.layout.kind != "namespaces":
        pytest.skip("no network namespaces here")
    return made


def carried(provider: Processes) -> set[tuple[str, str]]:
    layout = provider.driver.deployment.layout
    return {(a, b) for a in NODES for b in NODES if a != b and layout.carries(a, b)}


EVERYTHING = {(a, b) for a in NODES for b in NODES if a != b}


@pytest.mark.store
@pytest.mark.parametrize(
    ("way", "lost"),
    [
        (Direction.BOTH, {("honey", "bumble"), ("honey", "sting"), ("bumble", "honey"), ("sting", "honey")}),
        (Direction.OUTGOING, {("honey", "bumble"), ("honey", "sting")}),
        (Direction.INCOMING, {("bumble", "honey"), ("sting", "honey")}),
    ],
)
def test_a_node_is_cut_off_from_its_peers_and_not_from_its_clients(
    provider: Processes, way: Direction, lost: set[tuple[str, str]]
) -> None:
    assert isinstance(provider, SplitsPeers)
    assert carried(provider) == EVERYTHING
    proof = provider.isolate_from_peers("honey", way)
    assert proof.fired, proof.observed
    assert "it connects to none; a client's connection is accepted" in proof.observed
    assert carried(provider) == EVERYTHING - lost
    assert provider.in_service("front-honey")
    assert provider.in_service("front-sting")
    provider.rejoin_peers("honey")
    provider.rejoin_peers("honey")
    assert carried(provider) == EVERYTHING
    layout = provider.driver.deployment.layout
    host, port = probe.address_of(provider.topology.endpoints[0].url)
    assert layout.reaches("honey", host, port)


@pytest.mark.store
def test_two_nodes_that_are_cut_off_come_back_one_by_one(provider: Processes) -> None:
    assert provider.isolate_from_peers("honey", Direction.OUTGOING).fired
    assert not provider.isolate_from_peers(
        "sting", Direction.BOTH
    ).fired  # not whole before: no proof of this one
    provider.rejoin_peers("sting")
    assert carried(provider) == EVERYTHING - {("honey", "bumble"), ("honey", "sting")}
    assert provider.heal() == []
    assert carried(provider) == EVERYTHING


@pytest.mark.store
def test_without_networks_of_their_own_or_peers_it_is_refused_and_its_undo_does_nothing(make: Make) -> None:
    provider = make(tiny(network="loopback"))
    provider.start()
    with pytest.raises(Unsupported, match="have no networks of their own"):
        provider.isolate_from_peers("honey", Direction.BOTH)
    provider.rejoin_peers("honey")
    alone = make(tiny(nodes=["bumble"]))
    alone.start()
    with pytest.raises(Unsupported, match="bumble has no peers"):
        alone.isolate_from_peers("bumble", Direction.BOTH)
    assert not any("isolate_from_peers" in line for line in provider.recorded_calls())


def states(provider: Processes) -> set[str]:
    found = set()
    for name in ("front-honey", "back-honey"):
        status = provider.supervised.status(name)
        assert status is not None
        found |= set("".join(observe.group_states(status.pid).values()))
    return found


@pytest.mark.store
def test_a_node_limps_and_goes_on(make: Make) -> None:
    provider = make(tiny())
    provider.start()
    assert isinstance(provider, Limps)
    proof = provider.limp("honey")
    assert proof.fired, proof.observed
    assert f"{REQUESTS} of {REQUESTS} requests answered" in proof.observed
    url = next(e.url for e in provider.topology.endpoints if e.node == "bumble")
    assert (
        not RequestWatch("bumble", url).slowed("without a fault").fired
    )  # the other node is as fast as before
    provider.unlimp("honey")
    provider.unlimp("honey")
    seen = set()
    for _ in range(60):
        seen |= states(provider)
        time.sleep(0.01)
    assert "T" not in seen
    eventually(provider.whole)


@pytest.mark.store
def test_a_node_goes_on_when_one_of_its_processes_ends_or_what_stops_it_does(make: Make) -> None:
    provider = make(tiny())
    provider.start()
    provider.limp("honey")
    status = provider.supervised.status("front-honey")
    provider.supervised.signal("front-honey", SIGKILL)  # the keeper starts it again
    assert status is not None
    eventually(lambda: not limping(provider))
    eventually(provider.whole)
    assert "T" not in states(provider)
    provider.limp("honey")
    provider.heal()
    assert not limping(provider)
    assert "T" not in states(provider)


def limping(provider: Processes) -> bool:
    status = provider.supervised.status("limp-honey")
    return status is not None and status.running


WHOLE = Links({"a": True, "b": True}, {"a": True, "b": True}, {"a": True, "b": True}, "accepted")


@pytest.mark.parametrize(
    ("links", "ways"),
    [
        (WHOLE, set()),
        (
            Links({"a": False, "b": False}, {"a": False, "b": False}, {"a": False, "b": False}, "accepted"),
            {Direction.BOTH},
        ),
        (
            Links({"a": False, "b": False}, {"a": True, "b": True}, {"a": False, "b": False}, "accepted"),
            {Direction.OUTGOING},
        ),
        (
            Links({"a": True, "b": True}, {"a": False, "b": False}, {"a": False, "b": False}, "accepted"),
            {Direction.INCOMING},
        ),
        (
            Links({"a": False, "b": True}, {"a": False, "b": False}, {"a": False, "b": False}, "accepted"),
            set(),
        ),
        (
            Links({"a": False, "b": False}, {"a": False, "b": False}, {"a": True, "b": False}, "accepted"),
            set(),
        ),
        (Links({"a": False, "b": False}, {"a": False, "b": False}, {"a": False, "b": False}, None), set()),
        (
            Links({"a": False, "b": False}, {"a": False, "b": False}, {"a": False, "b": False}, "refused"),
            set(),
        ),
    ],
)
def test_what_proves_a_split(links: Links, ways: set[Direction]) -> None:
    assert {way for way in Direction if links.split(way)} == ways
    assert links.whole is (links is WHOLE)
