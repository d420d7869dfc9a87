"""Network namespaces, run inside the supervisor: one for each node, and one for the switch that connects them to us.

None of them has a name: they live as long as this process and its children, and take all their interfaces
along when they go. The one interface in the machine's own namespace is the peer of one in the switch's, so it
goes too.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Mapping
from typing import Any

from pyroute2 import IPRoute  # type: ignore[import-untyped]

from readiness.providers.supervisor import linux

PREFIX_LENGTH = 24
REACH_SECONDS = 0.5
DATAGRAMS, DATAGRAM_SECONDS = 3, 0.2
NOBODY = "02:00:00:00:00:00"
"""The link address of no interface of the switch: a packet to it is taken by nobody, and nothing answers."""


class Network:
    """The switch, its ports, and `namespaces`: an open file for each node."""

    def __init__(self) -> None:
        self.namespaces: dict[str, int] = {}
        self._home = linux.open_network()
        self._open: list[int] = [self._home]
        self._ports: dict[str, int] = {}
        self._nodes: dict[str, tuple[str, Any, int]] = {}
        self._lost: dict[str, set[tuple[str, str]]] = {}
        self._sockets: list[Any] = []
        self._switch: Any = None

    def build(self, plan: Mapping[str, Any]) -> None:
        """Build all of `plan`:

        `nodes` maps names to addresses, `gateway` is our own address, `interface` our interface's name.
        """
        nodes: Mapping[str, str] = plan["nodes"]
        _, self._switch = self._new()
        self._switch.link("add", ifname="switch", kind="bridge")
        bridge = self._switch.link_lookup(ifname="switch")[0]
        self._switch.link("set", index=bridge, state="up")
        root = self._socket()
        ends = [(plan["interface"], plan["gateway"], self._home, root)]
        for node, address in nodes.items():
            namespace, inside = self._new()
            inside.link("set", index=1, state="up")  # its own loopback
            self.namespaces[node] = namespace
            ends.append(("eth0", address, namespace, inside))
        placed = []
        for number, (name, address, namespace, inside) in enumerate(ends):
            mac = _mac(address)
            peer = {"ifname": name, "net_ns_fd": namespace, "address": mac}
            self._switch.link("add", ifname=f"port{number}", kind="veth", peer=peer)
            port = self._switch.link_lookup(ifname=f"port{number}")[0]
            self._switch.link("set", index=port, master=bridge, state="up")
            index = inside.link_lookup(ifname=name)[0]
            inside.addr("add", index=index, address=address, prefixlen=PREFIX_LENGTH)
            inside.link("set", index=index, state="up")
            placed.append((inside, index, address))
            if number:
                node = list(nodes)[number - 1]
                self._ports[node] = port
                self._nodes[node] = (address, inside, index)
        # Fixed neighbours: packets to a node without network vanish, as in a routed network.
        # Without them "no route to host" would be an answer, of a kind.
        for inside, index, own in placed:
            for _, _, other in placed:
                if other != own:
                    inside.neigh("add", dst=other, lladdr=_mac(other), ifindex=index, state="permanent")

    def set_port(self, node: str, *, up: bool) -> None:
        """Plug or unplug the node's cable, at the switch: its own addresses and routes stay."""
        self._switch.link("set", index=self._ports[node], state="up" if up else "down")

    def isolate(self, node: str, *, outgoing: bool, incoming: bool) -> None:
        """From now on packets that the node sends to the other nodes, or is sent by them, are lost; no others are."""
        pairs = set[tuple[str, str]]()
        for peer in self._nodes.keys() - {node}:
            pairs |= {(node, peer)} if outgoing else set()
            pairs |= {(peer, node)} if incoming else set()
        self._lost[node] = pairs
        self._direct()

    def rejoin(self, node: str) -> None:
        """Undoes `isolate`."""
        self._lost.pop(node, None)
        self._direct()

    def _direct(self) -> None:
        """Where packets between nodes go: to the other one, or to nobody."""
        lost = set[tuple[str, str]]().union(*self._lost.values())
        for source, (_, inside, index) in self._nodes.items():
            for target, (address, _, _) in self._nodes.items():
                if source != target:
                    to = NOBODY if (source, target) in lost else _mac(address)
                    inside.neigh("replace", dst=address, lladdr=to, ifindex=index, state="permanent")

    def carries(self, source: str, target: str) -> bool:
        """Whether a datagram of the one node arrives at the other, within `DATAGRAM_SECONDS`."""
        with (
            self._socket_of(target, socket.SOCK_DGRAM) as ear,
            self._socket_of(source, socket.SOCK_DGRAM) as mouth,
        ):
            ear.bind((self._nodes[target][0], 0))
            ear.settimeout(DATAGRAM_SECONDS)
            for _ in range(DATAGRAMS):
                mouth.sendto(b"?", ear.getsockname())
            try:
                return bool(ear.recv(1))
            except TimeoutError:
                return False

    def reaches(self, node: str, address: str, port: int) -> bool:
        """Whether a TCP connection can be made from the node's namespace, within `REACH_SECONDS`."""
        with self._socket_of(node, socket.SOCK_STREAM) as attempt:
            attempt.settimeout(REACH_SECONDS)
            return attempt.connect_ex((address, port)) == 0

    def _socket_of(self, node: str, kind: socket.SocketKind) -> socket.socket:
        linux.enter_network(self.namespaces[node])
        try:
            return socket.socket(type=kind)  # it stays in the namespace in which it was made
        finally:
            linux.enter_network(self._home)

    def close(self) -> None:
        """Let go of everything; with the last process inside, the namespaces are gone."""
        for opened in self._sockets:
            with contextlib.suppress(Exception):
                opened.close()
        for descriptor in self._open:
            with contextlib.suppress(OSError):
                os.close(descriptor)
        self._sockets, self._open = [], []

    def _new(self) -> tuple[int, Any]:
        linux.new_network()
        try:
            namespace = linux.open_network()
            self._open.append(namespace)
            return namespace, self._socket()
        finally:
            linux.enter_network(self._home)

    def _socket(self) -> Any:
        opened = IPRoute()  # it stays in the namespace in which it was opened
        self._sockets.append(opened)
        return opened


def _mac(address: str) -> str:
    return "02:00:" + ":".join(f"{int(part):02x}" for part in address.split("."))
