"""Phase 2: Disposable OpenTofu Proof."""

from readiness.criteria.model import Criterion, Level

ROWS = (
    Criterion("P2.1", 2, "backend init succeeds from repo-managed config", Level.PLAN),
    Criterion("P2.2", 2, "first state write succeeds", Level.PLAN),
    Criterion("P2.3", 2, "no-op plan succeeds", Level.PLAN),
    Criterion("P2.4", 2, "no-op plan still succeeds after pod restart", Level.PLAN),
    Criterion("P2.5", 2, "no-op plan still succeeds through one node-maintenance event", Level.PLAN),
    Criterion(
        "P2.6",
        2,
        "no-op plan still succeeds through one node-unavailability event, by crash and by silence",
        Level.PLAN,
    ),
    Criterion("P2.7", 2, "restore or rollback path is exercised on non-production state", Level.PLAN),
    Criterion(
        "P2.8",
        2,
        "concurrent applies never both hold the lock and lose no update, with and without a fault",
        wrong_answer=True,
    ),
    Criterion("P2.9", 2, "an apply hit by a fault is never lost and never half-written", wrong_answer=True),
    Criterion("P2.10", 2, "a lock left by a killed client is visible, and force-unlock frees it"),
    Criterion("P2.11", 2, "state pulled through every endpoint is identical", wrong_answer=True),
    Criterion("P2.12", 2, "large state (10 MB) is written and read whole", wrong_answer=True),
)
