"""Ports of this machine that nobody listens on."""

from __future__ import annotations

import random
import socket
from contextlib import ExitStack


def free_ports(number: int) -> list[int]:
    """So many different ones, as the kernel gives them."""
    with ExitStack() as stack:
        found = []
        for _ in range(number):
            one = stack.enter_context(socket.socket())
            one.bind(("127.0.0.1", 0))
            found.append(one.getsockname()[1])
    return found


def free_ports_with_neighbors(number: int) -> list[int]:
    """Ports whose ten-thousandth neighbors, where weed puts gRPC, are free as well."""
    found: list[int] = []
    for port in random.sample(range(20000, 30000), 200):
        try:
            for each in (port, port + 10000):
                socket.create_server(("127.0.0.1", each)).close()
        except OSError:
            continue
        found.append(port)
    return found[:number]
