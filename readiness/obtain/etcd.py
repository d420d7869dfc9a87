"""etcd, for a store that keeps its metadata in it (candidate seaweedfs): built from its Go module."""

from pathlib import Path

from readiness.obtain.cache import cached, fingerprint
from readiness.obtain.go import build
from readiness.obtain.named import named
from readiness.paths import TOOLS

MODULE = TOOLS / "etcd"
PACKAGE = "go.etcd.io/etcd/server/v3"
VARIABLE = "READINESS_ETCD"


def etcd() -> Path:
    """The etcd named by READINESS_ETCD, else the pinned one: cached, or built now."""
    if chosen := named("etcd", VARIABLE):
        return chosen
    label = "building etcd (once; cached afterwards)"
    key = f"etcd-{fingerprint(MODULE, [MODULE / 'go.mod', MODULE / 'go.sum'])}"
    return cached(key, build(MODULE, PACKAGE, "etcd", label, ["-ldflags=-s -w"])) / "etcd"
