"""Phase 0: Candidate Static Gate, and the stop conditions that can be judged before any fault."""

from readiness.criteria.model import Criterion, Level
from readiness.judges import contract, stops
from readiness.judges.durability import durability

ROWS = (
    Criterion(
        "P0.1",
        0,
        "S3 endpoint shape and audience",
        Level.PLAN,
        judge=contract.endpoint_shape,
    ),
    Criterion(
        "P0.2",
        0,
        "credential source and rotation owner",
        Level.PLAN,
        judge=contract.credentials,
    ),
    Criterion(
        "P0.3",
        0,
        "bucket versioning, retention, backup, or restore behavior",
        Level.PLAN,
        judge=durability,
    ),
    Criterion(
        "P0.4",
        0,
        "failure behavior when one pod or one node is unavailable",
        Level.PLAN,
        judge=contract.failure_behaviour,
    ),
    Criterion(
        "P0.5",
        0,
        "observability and alert surface for bucket/index/API divergence",
        Level.PLAN,
        judge=contract.observability,
    ),
    Criterion(
        "P0.6",
        0,
        "explicit statement that Attic, Bazel cache, and RBE CAS/AC are not using the state bucket as authority",
        Level.PLAN,
        judge=contract.cache_statement,
    ),
    Criterion(
        "P0.7",
        0,
        "the candidate class is admissible as final state authority",
        Level.PLAN,
        judge=contract.candidate_class,
    ),
    Criterion(
        "S.1",
        0,
        "at least two independent service endpoints",
        Level.PLAN,
        "fewer than two independent service endpoints, unless the backend proves an equivalent HA authority model",
        judge=stops.independent_endpoints,
    ),
    Criterion(
        "S.2",
        0,
        "state data lies on more than one node's volume",
        Level.PLAN,
        "state data remains on a single bumble-scoped RWO volume",
        judge=stops.volumes,
    ),
    Criterion(
        "S.3",
        0,
        "backup, restore, retention, or versioning behavior is documented",
        Level.PLAN,
        "no backup, restore, retention, or versioning behavior is documented",
        judge=durability,
    ),
    Criterion(
        "S.4",
        0,
        "bucket-index divergence has a non-destructive response",
        Level.PLAN,
        "bucket-index divergence has no non-destructive response",
        judge=stops.divergence_response,
    ),
    Criterion(
        "S.5",
        0,
        "the proof holds without Attic and Bazel cache state",
        Level.PLAN,
        "candidate proof depends on Attic or Bazel cache state staying healthy",
        judge=stops.without_caches,
    ),
)
