"""The image of a node: a program that does nothing, so that a node's network outlives its store's processes.

A node is a container that holds a network address; the store's containers of that node share its network, as the
containers of a pod do. When a store's process is killed, the node's kernel still resets connections, as on a machine;
a container that holds its address itself would take the address along, and a crash would look like a silence.

The program is written here, byte for byte: pulling one needs a registry that everybody reaches, compiling one needs a
compiler for the engine's machine, and lief and pyelftools edit or read a program that is there.
"""

from __future__ import annotations

import struct

from readiness.errors import UsageError
from readiness.obtain.archive import architecture_of

_BASE = 0x400000
_HEADERS = 64 + 56
_PROGRAMS = {
    "amd64": (62, bytes.fromhex("b822000000 0f05 ebf7")),
    "arm64": (
        183,
        struct.pack(
            "<7I", 0xD2800928, 0xD2800000, 0xD2800001, 0xD2800002, 0xD2800003, 0xD4000001, 0x17FFFFFA
        ),
    ),
}
"""ELF's number of the machine, and its code: again and again pause(2), on arm64 ppoll(2) of nothing."""


def program(architecture: str) -> bytes:
    """A whole ELF executable. Raises UsageError for an engine of another kind of machine."""
    architecture = architecture_of(architecture)
    if architecture not in _PROGRAMS:
        raise UsageError(
            f"provider containers: engines on {architecture} are not supported, only on amd64 and arm64"
        )
    machine, code = _PROGRAMS[architecture]
    size = _HEADERS + len(code)
    ident = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
    entry = _BASE + _HEADERS
    header = ident + struct.pack("<HHIQQQIHHHHHH", 2, machine, 1, entry, 64, 0, 0, 64, 56, 1, 64, 0, 0)
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, _BASE, _BASE, size, size, 0x1000)
    return header + segment + code
