"""Phase 4: Implementation Gate, and the boundary to the cache surfaces."""

from readiness.criteria.model import Criterion, Level
from readiness.judges import boundary

ROWS = (
    Criterion(
        "B.1",
        4,
        "the state bucket holds no cache objects and shares no endpoint, credential or volume with those surfaces",
        Level.PLAN,
        judge=boundary.no_cache_objects,
    ),
    Criterion(
        "B.2",
        4,
        "nothing in the run contacted a cache or executor endpoint",
        Level.PLAN,
        judge=boundary.no_cache_contacts,
    ),
    Criterion(
        "S.6",
        4,
        "the proof is direct: S3 and tofu operations on the candidate",
        Level.PLAN,
        "candidate proof is only a cache hit, ARC job dispatch, or RBE-adjacent signal",
    ),
    Criterion("P4.1", 4, "every criterion of phases 0-3 is PROVED", Level.PLAN),
    Criterion("P4.2", 4, "no stop condition holds", Level.PLAN),
    Criterion("P4.3", 4, "the evidence is complete, fresh and of this candidate", Level.PLAN),
)
