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
    said: list[str] = []
    layout = network.create("auto", NODES, supervised, said.append)
    assert layout.kind == "loopback"
    reason = "network namespaces refused: PermissionError"
    assert reason in said[0]
    with pytest.raises(Unsupported, match=reason):
        layout.unplug("honey")
    with pytest.raises(UsageError, match=reason):
        network.create("namespaces", NODES, supervised, said.append)
