"""versitygw, an S3 gateway over a directory (candidate versitygw): built from its Go module."""

import re
from pathlib import Path

from readiness.errors import UsageError
from readiness.obtain.cache import cached, fingerprint
from readiness.obtain.go import build
from readiness.obtain.named import named
from readiness.paths import TOOLS

MODULE = TOOLS / "versitygw"
PACKAGE = "github.com/versity/versitygw"
VARIABLE = "READINESS_VERSITYGW"


def versitygw() -> Path:
    """The versitygw named by READINESS_VERSITYGW, else the pinned one: cached, or built now (some minutes)."""
    if chosen := named("versitygw", VARIABLE):
        return chosen
    wanted = pinned_version()
    label = f"building versitygw {wanted} (some minutes, once; cached afterwards)"
    key = f"versitygw-{fingerprint(MODULE, [MODULE / 'go.mod', MODULE / 'go.sum'])}"
    flags = [f"-ldflags=-s -w -X main.Version={wanted}"]
    return cached(key, build(MODULE, f"{PACKAGE}/cmd/versitygw", "versitygw", label, flags)) / "versitygw"


def pinned_version() -> str:
    """The release that is built, as tools/versitygw/go.mod says."""
    text = (MODULE / "go.mod").read_text(encoding="utf-8")
    stated = re.search(rf"\s{re.escape(PACKAGE)} v(\d+\.\d+\.\d+)\s", text)
    if not stated:
        raise UsageError(f"{MODULE / 'go.mod'} names no version of {PACKAGE}")
    return stated[1]
