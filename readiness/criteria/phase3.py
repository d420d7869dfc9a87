"""Phase 3: Protected Stack Migration Plan."""

from readiness.criteria.model import PROTECTED_STACKS, Criterion, Level

STEPS = ("state pull", "backend config review", "init/migrate plan", "no-op plan", "rollback note")

ROWS = (
    Criterion("P3.0", 3, "migration must be one stack at a time", Level.PLAN),
    *(
        Criterion(f"P3.{stack}.{number}", 3, f"{stack}: {step}", Level.PLAN)
        for stack in PROTECTED_STACKS
        for number, step in enumerate(STEPS, start=1)
    ),
)
