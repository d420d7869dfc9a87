"""Addresses, free ports, and cables that can be pulled."""

import re
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from readiness.errors import UsageError
from readiness.providers.engine import probe
from readiness.providers.processes.surroundings import way_out
from readiness.providers.supervisor import network
from readiness.providers.supervisor.client import Supervised
from readiness.topology import Unsupported
from tests.support.eventually import eventually

NODES = ("bumble", "honey", "sting")
LISTENER = (
    "import socket, sys\n"
    "s = socket.create_server((sys.argv[1], int(sys.argv[2])))\n"
    "while True:\n    c = s.accept()[0]; c.close()"
)


@pytest.fixture
def supervised(tmp_path: Path) -> Iterator[Supervised]:
    made = Supervised(tmp_path)
    yield made
    made.end()


def namespaces(supervised: Supervised) -> network.Layout:
    made = network.create("auto", NODES, supervised, lambda _line: None)
    if made.kind != "namespaces":
        with pytest.raises(Unsupported) as refused:
            made.unplug("bumble")
        pytest.skip(str(refused.value))
    return made


def listen(supervised: Supervised, layout: network.Layout, node: str, port: int) -> None:
    folder = supervised.folder
    argv = [sys.executable, "-S", "-c", LISTENER, layout.addresses[node], str(port)]
    supervised.spawn(node, argv, env={}, cwd=folder, log=folder / f"{node}.log", node=node)
    eventually(lambda: probe.answers(layout.addresses[node], port, 0.5) == "accepted")


@pytest.mark.store
def test_an_unplugged_node_is_silent_and_the_others_are_not(supervised: Supervised) -> None:
    layout = namespaces(supervised)
    (port,) = layout.ports(1)
    for node in NODES:
        listen(supervised, layout, node, port)
    layout.unplug("honey")
    assert probe.answers(layout.addresses["honey"], port, 0.5) is None
    assert probe.answers(layout.addresses["bumble"], port, 0.5) == "accepted"
    layout.plug("honey")
    layout.plug("honey")
    eventually(lambda: probe.answers(layout.addresses["honey"], port, 0.5) == "accepted", 2)


@pytest.mark.store
def test_silence_is_no_answer_at_all_not_even_later(supervised: Supervised) -> None:
    layout = namespaces(supervised)
    layout.unplug("honey")
    assert (
        probe.answers(layout.addresses["honey"], 80, 4) is None
    )  # "no route to host" would come after three
    assert probe.answers(layout.addresses["bumble"], 80, 0.5) == "refused"


@pytest.mark.store
def test_namespaces_leave_no_interface_behind(supervised: Supervised) -> None:
    before = {name for _, name in socket.if_nameindex()}
    layout = namespaces(supervised)
    listen(supervised, layout, "bumble", layout.ports(1)[0])
    assert {name for _, name in socket.if_nameindex()} - before
    supervised.end()
    eventually(lambda: {name for _, name in socket.if_nameindex()} <= before)


@pytest.mark.store
def test_namespaces_leave_no_interface_behind_when_the_supervisor_is_killed(supervised: Supervised) -> None:
    before = {name for _, name in socket.if_nameindex()}
    layout = namespaces(supervised)
    listen(supervised, layout, "bumble", layout.ports(1)[0])
    supervised.signal("bumble", signal.SIGSTOP)
    supervised._process.kill()
    eventually(lambda: {name for _, name in socket.if_nameindex()} <= before)


@pytest.mark.store
def test_two_runs_have_different_addresses(supervised: Supervised, tmp_path: Path) -> None:
    other = Supervised(tmp_path)
    try:
        for kind in ("loopback", "auto"):
            first = network.create(kind, NODES, supervised, lambda _line: None)
            second = network.create(kind, NODES, other, lambda _line: None)
            assert not {*first.addresses.values()} & {*second.addresses.values()}
    finally:
        other.end()


def test_loopback_gives_every_node_an_address_and_free_ports() -> None:
    layout = network.Loopback(NODES, "because")
    assert len({*layout.addresses.values(), layout.outside}) == 4
    assert all(re.fullmatch(r"127\.\d+\.\d+\.\d+", address) for address in layout.addresses.values())
    ports = layout.ports(4)
    for address in (*layout.addresses.values(), layout.outside):
        for port in ports:
            with socket.create_server((address, port)):
                pass
    with pytest.raises(Unsupported, match="network of honey cannot be taken away: because"):
        layout.unplug("honey")


def test_a_taken_port_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    layout = network.Loopback(["bumble"], "because")
    (port,) = layout.ports(1)
    with socket.create_server((layout.addresses["bumble"], port + 1)):
        monkeypatch.setattr(network, "_PORTS", range(port, port + 2))
        assert layout.ports(1) == [port]
        with pytest.raises(UsageError, match="no 2 free ports"):
            layout.ports(2)


@pytest.mark.store
def test_the_reason_is_kept_when_namespaces_are_refused(
    supervised: Supervised, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_plan: object) -> None:
        raise RuntimeError("PermissionError: [Errno 1] unshare: Operation not permitted")

    monkeypatch.setattr(supervised, "build_network", refuse)
    message: list[str] = []
    layout = network.create("auto", NODES, supervised, message.append)
    assert layout.kind == "loopback"
    reason = "network namespaces refused: PermissionError"
    assert reason in message[0]
    with pytest.raises(Unsupported, match=reason):
        layout.unplug("honey")
    with pytest.raises(UsageError, match=reason):
        network.create("namespaces", NODES, supervised, message.append)


@pytest.mark.store
def test_a_node_reaches_the_network_of_the_nodes_and_nothing_else(supervised: Supervised) -> None:
    layout = namespaces(supervised)
    (port,) = layout.ports(1)
    listen(supervised, layout, "honey", port)
    assert layout.reaches("bumble", layout.addresses["honey"], port)
    assert not layout.reaches("bumble", layout.addresses["sting"], port)
    with socket.create_server((layout.outside, 0)) as here:
        assert layout.reaches("bumble", layout.outside, here.getsockname()[1])
    found = way_out(layout, "bumble")
    assert found.tried
    assert found.reached == ()
    in_use = [address.rsplit(":", 1)[0] for address in found.tried]
    assert layout.outside not in in_use
    assert "127.0.0.1" in in_use


class Open(network.Loopback):
    """A network from which everything is reached."""

    def reaches(self, node: str, address: str, port: int) -> bool:
        socket.create_connection((address, port), timeout=1).close()
        return True


def test_a_way_out_is_seen() -> None:
    found = way_out(Open(NODES, "because"), "bumble")
    assert found.tried
    assert found.reached == found.tried


def test_a_node_without_a_network_of_its_own_shows_no_way_out() -> None:
    with pytest.raises(Unsupported, match="because"):
        way_out(network.Loopback(NODES, "because"), "bumble")
