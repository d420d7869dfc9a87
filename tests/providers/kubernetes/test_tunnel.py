"""The websocket under a port-forward, over a real socket."""

import socket
import struct

import websocket
from websocket import ABNF

from readiness.providers.kubernetes.tunnel import PodTunnel, _PortForward

PORT = 9000
FIRST = struct.pack("<H", PORT)


def frame(data: bytes, opcode: int) -> bytes:
    """As a server sends it: not masked."""
    return bytes(ABNF(1, 0, 0, 0, opcode, 0, data).format())


def test_a_stream_that_the_server_closes_first_leaves_no_socket_open() -> None:
    here, server = socket.socketpair()
    opened = websocket.WebSocket()
    opened.sock, opened.connected = here, True
    tunnel = PodTunnel(_PortForward(opened, [PORT]), PORT)
    tunnel.socket.setblocking(True)
    with server:
        for channel in (b"\0", b"\1"):
            server.sendall(frame(channel + FIRST, ABNF.OPCODE_BINARY))
        server.sendall(frame(b"\0hello", ABNF.OPCODE_BINARY))
        assert tunnel.socket.recv(5) == b"hello"
        server.sendall(frame(struct.pack("!H", 1000), ABNF.OPCODE_CLOSE))
        assert tunnel.socket.recv(1) == b""
        server.settimeout(10)
        while server.recv(100):  # until the other end is closed
            pass
    tunnel.close()
    assert here.fileno() == -1
