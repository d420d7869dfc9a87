"""A container image of static programs, packed here: a container engine loads it without a registry."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from typing import Any

_NAMES = {"x86_64": "amd64", "aarch64": "arm64"}


def architecture_of(machine: str) -> str:
    """The name that images bear for that kind of machine."""
    return _NAMES.get(machine, machine)


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
        "architecture": architecture_of(architecture),
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
