"""Phase 3: Protected Stack Migration Plan."""

from functools import partial

from readiness.criteria.model import PROTECTED_STACKS, Criterion, Judge, Level
from readiness.judges.stacks import rehearsed
from readiness.judges.stacks.plans import STEPS
from readiness.judges.stacks.turns import one_at_a_time
from readiness.judges.stacks.workspaces import OfStack, each

JUDGES = tuple(map(each, rehearsed.STEPS))


def _of(judge: OfStack, stack: str) -> Judge:
    return lambda seen: judge(seen, stack)


ROWS = (
    Criterion(
        "P3.0",
        3,
        "migration must be one stack at a time",
        Level.PLAN,
        judge=partial(one_at_a_time, stacks=PROTECTED_STACKS),
    ),
    *(
        Criterion(f"P3.{stack}.{number}", 3, f"{stack}: {step}", Level.PLAN, judge=_of(judge, stack))
        for stack in PROTECTED_STACKS
        for number, (step, judge) in enumerate(zip(STEPS, JUDGES, strict=True), start=1)
    ),
)
