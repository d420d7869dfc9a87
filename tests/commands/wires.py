"""Nodes that are real hosts to one another: a network namespace each, on one switch with this machine, which routes for
them.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Sequence

import pytest

from readiness.providers.supervisor.network import free_network


def need_namespaces() -> None:
    """Skips where this user may not make network namespaces."""
    if os.geteuid() != 0 or not shutil.which("ip"):
        pytest.skip("network namespaces need root and the program ip")


class Wires:
    """`suite` is this machine's address on their switch. Something listens at `outside` (HOST:PORT), which they reach
    through their default route alone.
    """

    def __init__(self, nodes: Sequence[str]) -> None:
        net, other = free_network(), free_network()
        while other == net:
            other = free_network()
        self.suite, self.beyond, self.outside = f"{net}.1", f"{other}.1", ""
        self.hosts = {node: f"{net}.{11 + number}" for number, node in enumerate(nodes)}
        tag = os.urandom(3).hex()
        self._listener: socket.socket | None = None
        self._switch = f"lab{tag}"
        self._spaces = {node: f"lab{tag}-{node}" for node in nodes}

    def prefix(self, node: str) -> str:
        """What runs a command on that node."""
        return f"ip netns exec {self._spaces[node]}"

    def isolate(self, node: str) -> str:
        """The command by which the node reaches its own network only."""
        return f"ip -n {self._spaces[node]} route del default"

    def rejoin(self, node: str) -> str:
        return f"ip -n {self._spaces[node]} route replace default via {self.suite}"

    def unplug(self, node: str) -> str:
        """The command that pulls the node's cable."""
        return f"ip -n {self._spaces[node]} link set eth0 down"

    def plug(self, node: str) -> str:
        return f"ip -n {self._spaces[node]} link set eth0 up && {self.rejoin(node)}"

    def reaches(self, node: str, address: str) -> bool:
        """Whether the node connects to that HOST:PORT."""
        where = f": >/dev/tcp/{address.replace(':', '/')}"
        argv = [*self.prefix(node).split(), "timeout", "2", "bash", "-c", where]
        return subprocess.run(argv, check=False, timeout=10, capture_output=True).returncode == 0

    def start(self) -> None:
        self._ip(f"link add {self._switch} type bridge")
        self._ip(f"addr add {self.suite}/24 dev {self._switch}")
        self._ip(f"addr add {self.beyond}/32 dev {self._switch}")
        self._ip(f"link set {self._switch} up")
        self._listener = socket.create_server((self.beyond, 0), backlog=1000)
        self.outside = f"{self.beyond}:{self._listener.getsockname()[1]}"
        for number, (node, space) in enumerate(self._spaces.items()):
            cable = f"{self._switch}p{number}"
            self._ip(f"netns add {space}")
            self._ip(f"link add {cable} type veth peer name eth0 netns {space}")
            self._ip(f"link set {cable} master {self._switch} up")
            self._ip(f"-n {space} addr add {self.hosts[node]}/24 dev eth0")
            self._ip(f"-n {space} link set lo up")
            self._ip(f"-n {space} link set eth0 up")
            subprocess.run(self.rejoin(node).split(), check=True, timeout=10)

    def stop(self) -> None:
        """Also of what was made by half. The processes in it are ended before."""
        for space in self._spaces.values():
            subprocess.run(["ip", "netns", "del", space], check=False, timeout=10, capture_output=True)
        if self._listener is not None:
            self._listener.close()
        subprocess.run(["ip", "link", "del", self._switch], check=False, timeout=10, capture_output=True)

    @staticmethod
    def _ip(arguments: str) -> None:
        subprocess.run(["ip", *arguments.split()], check=True, timeout=10)
