"""Connections of a process and of its children are seen while it runs; one that has ended is looked at no more."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest

from readiness.tofu.peers import Peers
from tests.support.eventually import eventually

pytestmark = pytest.mark.store

CONNECTS = "import socket, sys; c = socket.create_connection(('127.0.0.1', int(sys.argv[1]))); c.recv(1)"
BY_A_CHILD = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {CONNECTS!r}, sys.argv[1]])"


@pytest.mark.parametrize("code", [CONNECTS, BY_A_CHILD])
def test_whom_a_process_is_connected_to(code: str) -> None:
    peers = Peers()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        process = subprocess.Popen([sys.executable, "-c", code, str(port)])
        try:
            peers.watch(process.pid)
            with listener.accept()[0]:
                eventually(lambda: ("127.0.0.1", port) in peers.addresses())
            process.wait(20)
        finally:
            process.kill()
            process.wait()
    assert peers.processes == 1
    assert peers.addresses() == {("127.0.0.1", port): 1}


def test_a_process_that_has_ended() -> None:
    peers = Peers()
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait(20)
    peers.watch(process.pid)
    assert (peers.processes, peers.addresses()) == (1, {})
