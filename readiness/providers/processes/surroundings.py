"""What the nodes of one run reach besides their own network."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import psutil

from readiness.providers.supervisor.network import Layout
from readiness.topology import WayOut


def way_out(layout: Layout, node: str) -> WayOut:
    """Tries, from the node's network, listeners of this process on every other address of the machine. Raises
    Unsupported where the node has no network of its own.
    """
    tried, reached = [], []
    with ExitStack() as stack:
        for address in _addresses(layout.outside):
            listener = stack.enter_context(socket.create_server((address, 0)))
            port = listener.getsockname()[1]
            socket.create_connection((address, port), timeout=1).close()
            tried.append(f"{address}:{port}")
            if layout.reaches(node, address, port):
                reached.append(f"{address}:{port}")
    return WayOut(tuple(tried), tuple(reached))


def _addresses(but: str) -> Iterator[str]:
    """The machine's IPv4 addresses without that of the nodes' network, at which the suite itself is reached."""
    for each in psutil.net_if_addrs().values():
        yield from (one.address for one in each if one.family == socket.AF_INET and one.address != but)
