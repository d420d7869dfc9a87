"""Providers by kind: how a candidate is reached, and how faults are done to it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the supervisor imports this package and stays small
    from readiness.candidate.load import Loaded
    from readiness.providers.base import Provider
    from readiness.providers.engine.journal import Journal

KINDS = ("processes", "commands", "containers", "kubernetes")
OWNED = ("processes", "containers")
"""Kinds whose candidate is the run's own: it starts it, and removes it."""


def create(
    loaded: Loaded,
    *,
    run_dir: Path | None = None,
    progress: Callable[[str], None] = lambda _line: None,
    tools: Mapping[str, Path] | None = None,
    journal: Journal | None = None,
) -> Provider:
    """The provider that the candidate asks for, not started yet. Raises UsageError.

    `run_dir`: where the run's private folder is made (and removed again); default: the machine's temporary folder.
    `tools`: programs by name (`control`, `weed`, `caddy`, `etcd`; for Ceph a root file system) that are used instead
    of obtained ones.
    `journal`: where faults are written down before they are done; default: in memory.
    """
    from readiness.errors import UsageError

    if sys.platform != "linux":
        raise UsageError(
            f"a run needs Linux, and this is {sys.platform}: what undoes faults when a run is killed uses calls of "
            "Linux; run it in a Linux container or as a Job of the cluster (docs/macos.md); declare, dry-run, "
            "recheck, compare, publish, results and ci work here"
        )
    kind = loaded.candidate.provider.kind
    if kind != "containers" and loaded.candidate.containers:
        raise UsageError(f'containers: not for provider.kind = "{kind}", only for "containers"')
    if kind != "kubernetes" and loaded.candidate.kubernetes:
        raise UsageError(f'kubernetes: not for provider.kind = "{kind}", only for "kubernetes"')
    if kind == "processes":
        from readiness.providers.processes.provider import Processes

        return Processes(
            loaded, run_dir=run_dir, progress=progress, program=_programs(tools or {}), journal=journal
        )
    if kind == "commands":
        from readiness.providers.commands.provider import Commands

        return Commands(loaded, run_dir=run_dir, progress=progress, journal=journal)
    if kind == "containers":
        from readiness.providers.containers.provider import Containers

        return Containers(
            loaded, run_dir=run_dir, progress=progress, program=_programs(tools or {}), journal=journal
        )
    if kind == "kubernetes":
        from readiness.providers.kubernetes.provider import Kubernetes

        return Kubernetes(loaded, run_dir=run_dir, progress=progress, journal=journal)
    raise UsageError(f'provider.kind = "{kind}" is unknown; known: {", ".join(KINDS)}')


def _programs(given: Mapping[str, Path]) -> Callable[[str], Path]:
    """A program by name: one that was given, else it is obtained. Raises UsageError where it cannot be had."""

    def program(name: str) -> Path:
        from readiness import obtain

        obtained: Mapping[str, Callable[[], Path]] = {
            "caddy": obtain.caddy,
            "ceph": obtain.ceph,
            "control": obtain.control,
            "control-next": obtain.control_next,
            "etcd": obtain.etcd,
            "minio": obtain.minio,
            "rustfs": obtain.rustfs,
            "versitygw": obtain.versitygw,
            "weed": obtain.weed,
            "weed-other": obtain.weed_other,
        }
        return given[name] if name in given else obtained[name]()

    return program
