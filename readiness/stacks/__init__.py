"""Protected stacks: their configuration, their migration plans, and rehearsals on disposable copies (phase 3)."""

from readiness.stacks.config import StackConfig, read
from readiness.stacks.hcl import UnreadableError
from readiness.stacks.http_backend import HttpBackend
from readiness.stacks.plan import check_plan
from readiness.stacks.rehearsal import Rehearsal
from readiness.stacks.stack import EXAMPLES, PROTECTED, Examined, examine
from readiness.stacks.standins import HttpSource, S3Source
from readiness.stacks.turn import MigrationInProgressError, one_at_a_time, turn

__all__ = [
    "EXAMPLES",
    "PROTECTED",
    "Examined",
    "HttpBackend",
    "HttpSource",
    "MigrationInProgressError",
    "Rehearsal",
    "S3Source",
    "StackConfig",
    "UnreadableError",
    "check_plan",
    "examine",
    "one_at_a_time",
    "read",
    "turn",
]
