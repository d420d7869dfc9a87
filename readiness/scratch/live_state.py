"""Whether the state bucket of a candidate is in use: then a fault may damage somebody's state."""

from __future__ import annotations

from readiness.s3.library import Answered, translate
from readiness.subject import Subject

LOOKED_AT = 1000
"""Keys of the bucket that are looked at."""


def held_state(subject: Subject) -> str | None:
    """A key of `boundary.state_bucket` that says that state lies there; None if there is none, or no such bucket.
    Nothing but a listing is asked for. Raises Answered or Unanswered if the candidate does not give it.
    """
    client, bucket = subject.client(subject.front), subject.candidate.boundary.state_bucket
    try:
        listed = translate(lambda: client.list_objects_v2(Bucket=bucket, MaxKeys=LOOKED_AT))
    except Answered as error:
        if error.status == 404:
            return None
        raise
    keys = [str(row["Key"]) for row in listed.get("Contents", ())]
    return next((key for key in keys if key.endswith((".tfstate", ".tflock"))), keys[0] if keys else None)
