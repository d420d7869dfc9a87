"""Where nodes live: loopback addresses, or network namespaces with a cable that can be pulled."""

from __future__ import annotations

import ipaddress
import secrets
import socket
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal, Protocol

from readiness.errors import UsageError
from readiness.providers.supervisor.chosen import Choice
from readiness.providers.supervisor.client import Supervised
from readiness.topology import Direction, Unsupported

Kind = Literal["auto", "loopback", "namespaces"]
_TRIES = 50
_PORTS = range(12_000, 21_000)  # below the ephemeral ports, also with SeaweedFS's + 10,000


class Layout(Protocol):
    """Addresses of the nodes, ports that are free on all of them, and what can be done to their cables."""

    @property
    def kind(self) -> str: ...
    @property
    def addresses(self) -> Mapping[str, str]: ...
    @property
    def outside(self) -> str:
        """An address on no node, for a service endpoint."""
        ...

    def ports(self, count: int, spans: Sequence[int] = (0,)) -> list[int]:
        """Port numbers that are free on every node and outside, each also at the given offsets."""
        ...

    def unplug(self, node: str) -> None: ...
    def plug(self, node: str) -> None: ...
    def isolate(self, node: str, way: Direction) -> None:
        """Cut the node off from the other nodes, and from nobody else. Raises Unsupported."""
        ...

    def rejoin(self, node: str) -> None: ...
    def carries(self, source: str, target: str) -> bool:
        """Whether a datagram of the one node arrives at the other. Raises Unsupported."""
        ...

    def reaches(self, node: str, address: str, port: int) -> bool:
        """Whether a TCP connection can be made from inside of the node's network. Raises Unsupported."""
        ...


class Loopback:
    """Every node has an address of its own in 127.0.0.0/8. A cable cannot be pulled here."""

    kind = "loopback"

    def __init__(self, nodes: Sequence[str], reason: str) -> None:
        self._reason = reason
        net = f"127.{32 + secrets.randbelow(200)}.{secrets.randbelow(256)}"
        self.addresses = {node: f"{net}.{11 + number}" for number, node in enumerate(nodes)}
        self.outside = f"{net}.1"

    def ports(self, count: int, spans: Sequence[int] = (0,)) -> list[int]:
        return free_ports([*self.addresses.values(), self.outside], count, spans)

    def unplug(self, node: str) -> None:
        raise Unsupported(f"the network of {node} cannot be taken away: {self._reason}")

    def plug(self, node: str) -> None:
        """Nothing was unplugged."""

    def isolate(self, node: str, way: Direction) -> None:
        raise Unsupported(f"{node} cannot be cut off from its peers: {self._reason}")

    def rejoin(self, node: str) -> None:
        """Nothing was isolated."""

    def carries(self, source: str, target: str) -> bool:
        raise Unsupported(f"{source} and {target} have no networks of their own: {self._reason}")

    def reaches(self, node: str, address: str, port: int) -> bool:
        raise Unsupported(f"{node} has no network of its own that {address}:{port} is not in: {self._reason}")


class Namespaces:
    """Every node has a network namespace of its own; the switch that connects them has a cable to the machine."""

    kind = "namespaces"

    def __init__(self, nodes: Sequence[str], supervised: Supervised) -> None:
        self._supervised = supervised
        net = free_network()
        self.addresses = {node: f"{net}.{11 + number}" for number, node in enumerate(nodes)}
        self.outside = f"{net}.1"
        plan = {"nodes": self.addresses, "gateway": self.outside, "interface": f"tsh{secrets.token_hex(4)}"}
        supervised.build_network(plan)

    def ports(self, count: int, spans: Sequence[int] = (0,)) -> list[int]:
        return free_ports([self.outside], count, spans)  # a new namespace has nothing but free ports

    def unplug(self, node: str) -> None:
        self._supervised.set_port(node, up=False)

    def plug(self, node: str) -> None:
        self._supervised.set_port(node, up=True)

    def isolate(self, node: str, way: Direction) -> None:
        self._supervised.isolate(node, outgoing=way.outgoing, incoming=way.incoming)

    def rejoin(self, node: str) -> None:
        self._supervised.rejoin(node)

    def carries(self, source: str, target: str) -> bool:
        return self._supervised.carries(source, target)

    def reaches(self, node: str, address: str, port: int) -> bool:
        return self._supervised.reaches(node, address, port)


_CHOICE = Choice[Layout](
    "network",
    "loopback",
    "namespaces",
    "network namespaces",
    "nodes get loopback addresses, and cannot be unplugged",
)


def create(
    kind: Kind, nodes: Sequence[str], supervised: Supervised, progress: Callable[[str], None]
) -> Layout:
    """The layout asked for. Raises UsageError."""
    return _CHOICE.made(
        kind, lambda: Namespaces(nodes, supervised), lambda reason: Loopback(nodes, reason), progress
    )


def free_ports(addresses: Sequence[str], count: int, spans: Sequence[int]) -> list[int]:
    """Numbers below the ephemeral ports that are free on all addresses, at each offset. Raises UsageError."""
    found: list[int] = []
    for _ in range(_TRIES * count):
        port = _PORTS.start + secrets.randbelow(len(_PORTS))
        if port not in found and all(
            _is_free(address, port + span) for address in addresses for span in spans
        ):
            found.append(port)
            if len(found) == count:
                return sorted(found)
    raise UsageError(
        f"no {count} free ports between {_PORTS.start} and {_PORTS.stop} on {', '.join(addresses)}"
    )


def _is_free(address: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True


def free_network() -> str:
    """Three numbers of a /24 in 198.18.0.0/15, set aside for such labs, that no route of this machine touches."""
    routes = _routes()
    for _ in range(_TRIES):
        net = f"198.{18 + secrets.randbelow(2)}.{secrets.randbelow(256)}"
        if not any(ipaddress.ip_network(f"{net}.0/24").overlaps(route) for route in routes):
            return net
    raise RuntimeError("198.18.0.0/15 is in use on this machine")


def _routes() -> list[ipaddress.IPv4Network]:
    try:
        lines = Path("/proc/net/route").read_text(encoding="ascii").splitlines()[1:]
    except OSError as error:
        raise RuntimeError(f"routes cannot be read: {error}") from error
    found = []
    for line in lines:
        fields = line.split()
        address, mask = (int.from_bytes(bytes.fromhex(fields[at]), "little") for at in (1, 7))
        if mask:  # the default route covers everything and claims nothing
            found.append(ipaddress.IPv4Network((address, mask.bit_count()), strict=False))
    return found
