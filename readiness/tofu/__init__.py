"""Real `tofu`, run safely, and what it proves about a state authority (phase 2).

`Tools` and `Disposable` are made once per run. What is done is recorded; readiness.judges.opentofu decides.
"""

from readiness.tofu.basics import first_write, init_everywhere, large_state, no_op_plan, pull_everywhere
from readiness.tofu.concurrent import concurrent_applies
from readiness.tofu.env import Disposable
from readiness.tofu.midway import apply_through_fault
from readiness.tofu.probe import NoOpProbe
from readiness.tofu.rollback import restore_and_forward
from readiness.tofu.run import TofuRun
from readiness.tofu.stale import stale_lock
from readiness.tofu.workspace import StatePlace, TofuClient, Tools

__all__ = [
    "Disposable",
    "NoOpProbe",
    "StatePlace",
    "TofuClient",
    "TofuRun",
    "Tools",
    "apply_through_fault",
    "concurrent_applies",
    "first_write",
    "init_everywhere",
    "large_state",
    "no_op_plan",
    "pull_everywhere",
    "restore_and_forward",
    "stale_lock",
]
