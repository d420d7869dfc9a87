"""etcd, for a store that keeps its metadata in it (candidate seaweedfs): built from its Go module."""

import os
from pathlib import Path

from readiness.errors import UsageError
from readiness.obtain.cache import cached, fingerprint
from readiness.obtain.go import TOOLS, build

MODULE = TOOLS / "etcd"
PACKAGE = "go.etcd.io/etcd/server/v3"
VARIABLE = "READINESS_ETCD"


def etcd() -> Path:
    """The etcd named by READINESS_ETCD, else the pinned one: cached, or built now."""
    if chosen := os.environ.get(VARIABLE):
        if not os.access(chosen, os.X_OK):
            raise UsageError(f"{chosen} cannot be run as etcd. Change or remove {VARIABLE}.")
        return Path(chosen).absolute()
    label = "building etcd (once; cached afterwards)"
    key = f"etcd-{fingerprint(MODULE, [MODULE / 'go.mod', MODULE / 'go.sum'])}"
    return cached(key, build(MODULE, PACKAGE, "etcd", label, ["-ldflags=-s -w"])) / "etcd"
