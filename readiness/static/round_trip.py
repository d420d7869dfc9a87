"""One write, read and delete: whether a candidate serves."""

from __future__ import annotations

from readiness.load.bodies import body_of, identify
from readiness.s3.library import Library


def round_trip(library: Library, bucket: str, value: str) -> str:
    """Writes `value` at the key of that name, reads it and deletes it; what was read. Raises what the library does."""
    library.put(bucket, value, body_of(value, 2000), value)
    found = identify(library.get(bucket, value))
    library.delete(bucket, value)
    return found
