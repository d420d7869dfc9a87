"""One more scratch bucket, for what a criterion does to a bucket as a whole."""

from __future__ import annotations

from readiness.errors import UsageError
from readiness.load.rig import Rig
from readiness.s3.library import Unanswered


def another_bucket(rig: Rig) -> str | None:
    """Its name; None where none may be made, since all of scratch is in one bucket. Raises Unanswered."""
    if rig.buckets.another is None:
        return None
    try:
        return rig.buckets.another()
    except UsageError as error:
        raise Unanswered(str(error)) from None
