"""What is read of TCP sockets: of processes of this machine, and of the lists that commands print."""

from __future__ import annotations

import os
import socket

import pytest

from readiness.providers.engine import sockets
from readiness.topology import TcpSocket


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("ESTAB 0 0 10.0.0.1:9000 10.0.0.9:40000", TcpSocket("10.0.0.1:9000", "10.0.0.9:40000")),
        ("LISTEN 0 128 0.0.0.0:9000 0.0.0.0:*", TcpSocket("*:9000")),
        ("LISTEN 0 128 [::]:9000 [::]:*", TcpSocket("*:9000")),
        ("LISTEN 0 128 *:9000 *:*", TcpSocket("*:9000")),
        ("tcp 0 0 127.0.0.1:2379 0.0.0.0:0 LISTEN", TcpSocket("127.0.0.1:2379")),
        (
            'ESTAB 0 0 [::ffff:10.0.0.1]:9000 [::ffff:10.0.0.9]:40000 users:(("store",pid=7,fd=9))',
            TcpSocket("10.0.0.1:9000", "10.0.0.9:40000"),
        ),
        ("ESTAB 0 0 [fe80::1%eth0]:9000 [fe80::2]:40000", TcpSocket("fe80::1:9000", "fe80::2:40000")),
        ("127.0.0.1%lo:53 10.0.0.9:40000", TcpSocket("127.0.0.1:53", "10.0.0.9:40000")),
    ],
)
def test_a_line_of_a_list(line: str, found: TcpSocket) -> None:
    assert list(sockets.listed(f"State Recv-Q Send-Q Local Address:Port Peer Address:Port\n{line}\n")) == [
        found
    ]


@pytest.mark.parametrize(
    "text", ["", "nothing here\n", "Local Address:Port Peer Address:Port\n", "10.0.0.1:9000\n"]
)
def test_other_lines_say_nothing(text: str) -> None:
    assert list(sockets.listed(text)) == []


def test_the_sockets_of_a_process() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            own = client.getsockname()[1]
            found = sockets.of_processes([os.getpid()])
            around = sockets.of_network(os.getpid())
    wanted = {TcpSocket(f"127.0.0.1:{port}"), TcpSocket(f"127.0.0.1:{own}", f"127.0.0.1:{port}")}
    assert wanted <= set(found)
    assert wanted <= set(around)


def test_a_process_that_has_ended_has_none() -> None:
    assert sockets.of_processes([2**22 + 1]) == ()
