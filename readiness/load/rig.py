"""What a load needs beside its subject: who is in service, a loop of its own, and the scratch buckets."""

from __future__ import annotations

from dataclasses import dataclass

from readiness.load.context import Buckets
from readiness.load.runner import LoopThread
from readiness.load.service import ServiceWatch


@dataclass(frozen=True)
class Rig:
    """One for the run; started before the first load and closed after the last."""

    watch: ServiceWatch
    loop: LoopThread
    buckets: Buckets
