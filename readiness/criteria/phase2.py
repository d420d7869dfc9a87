"""Phase 2: Disposable OpenTofu Proof."""

from readiness.criteria.model import Criterion, Level
from readiness.judges.opentofu import basics
from readiness.judges.opentofu.contention import contested
from readiness.judges.opentofu.midway import hit_midway
from readiness.judges.opentofu.plans import through_faults
from readiness.judges.opentofu.power import after_power_cut
from readiness.judges.opentofu.rollback import restored
from readiness.judges.opentofu.settings import settings
from readiness.judges.opentofu.sides import split_raced
from readiness.judges.opentofu.stale import stale_lock

ROWS = (
    Criterion("P2.1", 2, "backend init succeeds from repo-managed config", Level.PLAN, judge=basics.init),
    Criterion("P2.2", 2, "first state write succeeds", Level.PLAN, judge=basics.first_write),
    Criterion("P2.3", 2, "no-op plan succeeds", Level.PLAN, judge=basics.no_op),
    Criterion("P2.4", 2, "no-op plan still succeeds after pod restart", Level.PLAN, judge=through_faults),
    Criterion(
        "P2.5",
        2,
        "no-op plan still succeeds through one node-maintenance event",
        Level.PLAN,
        judge=through_faults,
    ),
    Criterion(
        "P2.6",
        2,
        "no-op plan still succeeds through one node-unavailability event, by crash and by silence",
        Level.PLAN,
        judge=through_faults,
    ),
    Criterion(
        "P2.7",
        2,
        "restore or rollback path is exercised on non-production state",
        Level.PLAN,
        judge=restored,
    ),
    Criterion(
        "P2.8",
        2,
        "concurrent applies never both hold the lock and lose no update, with and without a fault",
        judge=contested,
        wrong_answer=True,
    ),
    Criterion(
        "P2.9",
        2,
        "an apply hit by a fault is never lost and never half-written",
        judge=hit_midway,
        wrong_answer=True,
    ),
    Criterion(
        "P2.10", 2, "a lock left by a killed client is visible, and force-unlock frees it", judge=stale_lock
    ),
    Criterion(
        "P2.11", 2, "state pulled through every endpoint is identical", judge=basics.pulls, wrong_answer=True
    ),
    Criterion(
        "P2.12", 2, "large state (10 MB) is written and read whole", judge=basics.large, wrong_answer=True
    ),
    Criterion(
        "P2.13",
        2,
        "an apply acknowledged just before a power cut of all nodes is there after it, and its lock is not",
        judge=after_power_cut,
        wrong_answer=True,
        not_everywhere=True,
    ),
    Criterion(
        "P2.14",
        2,
        "split brain: applies on both sides never both hold the lock, and lose no update",
        judge=split_raced,
        wrong_answer=True,
        not_everywhere=True,
    ),
    Criterion(
        "P2.15",
        2,
        "the backend settings that protected stacks use are served: encryption, ACL, tags, workspaces, lock file",
        judge=settings,
    ),
)
