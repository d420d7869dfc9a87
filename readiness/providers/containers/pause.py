"""The image of a node: a program that does nothing, so that a node's network outlives its store's processes.

A node is a container that holds a network address; the store's containers of that node share its network, as the
containers of a pod do. When a store's process is killed, the node's kernel still resets connections, as on a machine;
a container that holds its address itself would take the address along, and a crash would look like a silence.

The program is written here, byte for byte: there is no image registry that everybody could pull one from.
"""

from __future__ import annotations

import hashlib
import io
import json
import struct
import tarfile
from collections.abc import Mapping, Sequence
from typing import Any

from readiness.errors import UsageError

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
_NAMES = {"x86_64": "amd64", "aarch64": "arm64"}


def program(architecture: str) -> bytes:
    """A whole ELF executable. Raises UsageError for an engine of another kind of machine."""
    architecture = _NAMES.get(architecture, architecture)
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


def archive(
    tag: str,
    architecture: str,
    files: Mapping[str, bytes],
    *,
    entrypoint: Sequence[str],
    labels: Mapping[str, str],
) -> bytes:
    """An image as `docker load` takes it, of one layer with these executables and an empty /tmp. The same in, the same
    out, bit for bit.
    """
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        folder = tarfile.TarInfo("tmp")
        folder.type, folder.mode = tarfile.DIRTYPE, 0o1777
        tar.addfile(folder)
        for name, content in sorted(files.items()):
            _add(tar, name, content, 0o755)
    config: dict[str, Any] = {
        "architecture": _NAMES.get(architecture, architecture),
        "os": "linux",
        "created": "1970-01-01T00:00:00Z",
        "config": {"Entrypoint": list(entrypoint), "Labels": dict(labels), "Env": ["PATH=/"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer.getvalue()).hexdigest()}"]},
        "history": [{"created": "1970-01-01T00:00:00Z", "created_by": "tofu-state-ha-readiness"}],
    }
    written = json.dumps(config, sort_keys=True).encode()
    name = f"{hashlib.sha256(written).hexdigest()}.json"
    manifest = [{"Config": name, "RepoTags": [tag], "Layers": ["layer.tar"]}]
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        _add(tar, name, written)
        _add(tar, "layer.tar", layer.getvalue())
        _add(tar, "manifest.json", json.dumps(manifest).encode())
    return whole.getvalue()


def _add(tar: tarfile.TarFile, name: str, content: bytes, mode: int = 0o644) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    tar.addfile(entry, io.BytesIO(content))
