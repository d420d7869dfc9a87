"""Kubernetes' own programs, built from its Go module: the API server for a rehearsal, all of them for a cluster."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from readiness.errors import UsageError
from readiness.obtain.cache import cached, fingerprint, intact
from readiness.obtain.go import build
from readiness.obtain.named import named
from readiness.paths import TOOLS

MODULE = TOOLS / "kubernetes"
API_SERVER = "kube-apiserver"
VARIABLE = "READINESS_KUBE_APISERVER"


def kube_apiserver() -> Path:
    """The API server named by READINESS_KUBE_APISERVER, else the pinned one: cached, or built now (some minutes)."""
    if chosen := named(API_SERVER, VARIABLE):
        return chosen
    whole = intact(key("kubernetes"))
    folder = whole or cached(key(API_SERVER), builder([API_SERVER]))
    return folder / API_SERVER


def has_api_server() -> bool:
    """Whether `kube_apiserver` would have nothing to build."""
    return bool(os.environ.get(VARIABLE)) or any(intact(key(one)) for one in ("kubernetes", API_SERVER))


def version() -> str:
    """The release that is built, as tools/kubernetes/go.mod says."""
    text = (MODULE / "go.mod").read_text("utf-8")
    stated = re.search(r"^\s*(?:require )?k8s\.io/kubernetes v(\S+)", text, re.MULTILINE)
    if not stated:
        raise UsageError(f"{MODULE / 'go.mod'} names no version of k8s.io/kubernetes")
    return stated[1]


def key(what: str) -> str:
    """The name of a cache entry that holds programs of this release."""
    return f"{what}-{version()}-{fingerprint(MODULE, [MODULE / 'go.mod', MODULE / 'go.sum'])}"


def builder(commands: Sequence[str]) -> Callable[[Path], None]:
    """Builds these programs into a folder."""

    def fill(folder: Path) -> None:
        release = version()
        major, minor = release.split(".")[:2]
        stamp = "k8s.io/component-base/version"
        flags = [
            f"-ldflags=-s -w -X {stamp}.gitVersion=v{release} -X {stamp}.gitMajor={major} -X {stamp}.gitMinor={minor}"
        ]
        for command in commands:
            label = f"building {command} {release} (once; cached afterwards)"
            build(MODULE, f"k8s.io/kubernetes/cmd/{command}", command, label, flags)(folder)

    return fill
