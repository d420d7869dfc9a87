"""The registry: every criterion that must be PROVED before a candidate is READY, one row each. It does not depend on
what pytest collected.

Ids are stable. Titles quote the readiness plan (2026-05-06) where it has a sentence for them.
"""

from collections.abc import Mapping
from typing import Any

from readiness.criteria import phase0, phase1, phase2, phase3, phase4
from readiness.criteria.model import DECIDING, PHASES, PROTECTED_STACKS, Criterion, Level

MANIFEST: tuple[Criterion, ...] = (*phase0.ROWS, *phase1.ROWS, *phase2.ROWS, *phase3.ROWS, *phase4.ROWS)
BY_ID = {criterion.id: criterion for criterion in MANIFEST}
STOP_CONDITIONS = tuple(criterion.id for criterion in MANIFEST if criterion.stops)


def not_promised(declared: Mapping[str, Any]) -> dict[str, str]:
    """The criteria that are not asked of a candidate whose file declares that, each with the reason."""
    found = ((criterion.id, criterion.not_promised(declared)) for criterion in MANIFEST)
    return {id_: reason for id_, reason in found if reason is not None}


__all__ = [
    "BY_ID",
    "DECIDING",
    "MANIFEST",
    "PHASES",
    "PROTECTED_STACKS",
    "STOP_CONDITIONS",
    "Criterion",
    "Level",
    "not_promised",
]
