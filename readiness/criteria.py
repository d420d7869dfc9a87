"""The manifest: every criterion that must be PROVED before a candidate is READY. It does not depend on what
pytest collected.

Ids are stable. Titles quote the readiness plan (2026-05-06) where it has a sentence for them.
"""

from __future__ import annotations

from dataclasses import dataclass

PHASES = {
    0: "Candidate Static Gate",
    1: "Scratch S3 Proof",
    2: "Disposable OpenTofu Proof",
    3: "Protected Stack Migration Plan",
    4: "Implementation Gate",
}
PROTECTED_STACKS = ("attic", "arc-runners", "gitlab-runners", "runner-dashboard")


@dataclass(frozen=True)
class Criterion:
    """One sentence that must hold; one test. `faults`: it can only be judged by doing a fault to the
    candidate.
    """

    id: str
    phase: int
    title: str
    faults: bool = False


def _c(id_: str, phase: int, title: str, *, faults: bool = False) -> Criterion:
    return Criterion(id_, phase, title, faults)


_PHASE0 = (
    _c("P0.1", 0, "S3 endpoint shape and audience"),
    _c("P0.2", 0, "credential source and rotation owner"),
    _c("P0.3", 0, "bucket versioning, retention, backup, or restore behavior"),
    _c("P0.4", 0, "failure behavior when one pod or one node is unavailable"),
    _c("P0.5", 0, "observability and alert surface for bucket/index/API divergence"),
    _c(
        "P0.6",
        0,
        "explicit statement that Attic, Bazel cache, and RBE CAS/AC are not using the state bucket as authority",
    ),
    _c("P0.7", 0, "the candidate class is admissible as final state authority"),
    _c("S.1", 0, "not: fewer than two independent service endpoints"),
    _c("S.2", 0, "not: state data remains on a single bumble-scoped RWO volume"),
    _c("S.3", 0, "not: no backup, restore, retention, or versioning behavior is documented"),
    _c("S.4", 0, "not: bucket-index divergence has no non-destructive response"),
    _c("S.5", 0, "not: candidate proof depends on Attic or Bazel cache state staying healthy"),
)
_PHASE1 = (
    _c("P1.1", 1, "list-buckets"),
    _c("P1.2", 1, "head-bucket"),
    _c("P1.3", 1, "bounded object write/read/delete"),
    _c("P1.4", 1, "bucket/object HEAD after one pod restart", faults=True),
    _c("P1.5", 1, "bucket/object HEAD through one node-maintenance event", faults=True),
    _c(
        "P1.6",
        1,
        "bucket/object HEAD through one node-unavailability event, by crash and by silence",
        faults=True,
    ),
    _c("P1.7", 1, "failure capture that is non-destructive to OpenTofu state", faults=True),
    _c("P1.8", 1, "no active stack points at the candidate"),
    _c(
        "P1.9",
        1,
        "LIST, HEAD, GET, versions and both clients agree on every endpoint, before, during and after faults",
        faults=True,
    ),
    _c("P1.10", 1, "read-after-write holds across endpoints"),
    _c(
        "P1.11",
        1,
        "conditional create has exactly one winner over all endpoints, also while a node is lost",
        faults=True,
    ),
    _c("P1.12", 1, "If-Match refuses a stale ETag and does not create"),
    _c(
        "P1.13",
        1,
        "no acknowledged write is lost, no deleted object returns, the history is linearizable per key",
        faults=True,
    ),
    _c("P1.14", 1, "the measured outage per fault and endpoint is within the contract's RTO", faults=True),
    _c("P1.15", 1, "versions survive and a previous version can be restored"),
    _c("P1.16", 1, "wrong, missing and read-only credentials are refused"),
    _c("P1.17", 1, "damaged uploads are refused"),
    _c("P1.18", 1, "rotation: a new credential works and the old one stops, without an outage"),
    _c(
        "P1.19",
        1,
        "a node that returns with an empty disk is made whole, and then the loss of another loses nothing",
        faults=True,
    ),
    _c(
        "P1.20",
        1,
        "two nodes of three lost: nothing acknowledged is lost, and it recovers by itself",
        faults=True,
    ),
    _c(
        "P1.21",
        1,
        "all instances killed at once and restarted: nothing acknowledged is lost or denied on the way up",
        faults=True,
    ),
)
_PHASE2 = (
    _c("P2.1", 2, "backend init succeeds from repo-managed config"),
    _c("P2.2", 2, "first state write succeeds"),
    _c("P2.3", 2, "no-op plan succeeds"),
    _c("P2.4", 2, "no-op plan still succeeds after pod restart", faults=True),
    _c("P2.5", 2, "no-op plan still succeeds through one node-maintenance event", faults=True),
    _c(
        "P2.6",
        2,
        "no-op plan still succeeds through one node-unavailability event, by crash and by silence",
        faults=True,
    ),
    _c("P2.7", 2, "restore or rollback path is exercised on non-production state"),
    _c(
        "P2.8",
        2,
        "concurrent applies never both hold the lock and lose no update, with and without a fault",
        faults=True,
    ),
    _c("P2.9", 2, "an apply hit by a fault is never lost and never half-written", faults=True),
    _c("P2.10", 2, "a lock left by a killed client is visible, and force-unlock frees it"),
    _c("P2.11", 2, "state pulled through every endpoint is identical"),
    _c("P2.12", 2, "large state (10 MB) is written and read whole"),
)
_STEPS = ("state pull", "backend config review", "init/migrate plan", "no-op plan", "rollback note")
_PHASE3 = (
    _c("P3.0", 3, "migration must be one stack at a time"),
    *(
        _c(f"P3.{stack}.{number}", 3, f"{stack}: {step}")
        for stack in PROTECTED_STACKS
        for number, step in enumerate(_STEPS, start=1)
    ),
)
_PHASE4 = (
    _c(
        "B.1",
        4,
        "the state bucket holds no cache objects and shares no endpoint, credential or volume with those surfaces",
    ),
    _c("B.2", 4, "nothing in the run contacted a cache or executor endpoint"),
    _c("S.6", 4, "not: candidate proof is only a cache hit, ARC job dispatch, or RBE-adjacent signal"),
    _c("P4.1", 4, "every criterion of phases 0-3 is PROVED"),
    _c("P4.2", 4, "no stop condition holds"),
    _c("P4.3", 4, "the evidence is complete, fresh and of this candidate"),
)

MANIFEST: tuple[Criterion, ...] = (*_PHASE0, *_PHASE1, *_PHASE2, *_PHASE3, *_PHASE4)
BY_ID = {criterion.id: criterion for criterion in MANIFEST}
STOP_CONDITIONS = tuple(criterion.id for criterion in MANIFEST if criterion.id.startswith("S."))
