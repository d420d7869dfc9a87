"""The state lock as it is seen from outside: in the lock object, and in what tofu says when it cannot have it.

Facts: with `use_lockfile` the S3 backend takes the lock by one PUT of `KEY.tflock` with `If-None-Match: *`, and
frees it by GET, compare of the ID, and an unconditional DELETE (OpenTofu 1.12,
internal/backend/remote-state/s3/client.go). The `Created` of a lock is the time at which its client made the lock
information, once per command, before the first PUT; retries keep the ID.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime

from readiness.tofu.run import TofuRun

ACQUIRE = "Error acquiring the state lock"
RELEASE = "Error releasing the state lock"


@dataclass(frozen=True)
class Lock:
    """Who holds a state. `created` is Unix time, None where it cannot be read."""

    id: str
    operation: str = ""
    who: str = ""
    path: str = ""
    created: float | None = None


def from_object(body: bytes) -> Lock | None:
    """The lock in the body of a lock object; None if it is not one."""
    try:
        fields = json.loads(body)
        return Lock(
            fields["ID"], fields["Operation"], fields["Who"], fields["Path"], _time(fields["Created"])
        )
    except (ValueError, KeyError, TypeError):
        return None


def from_error(run: TofuRun) -> Lock | None:
    """The lock that tofu showed ("Lock Info: ID: …") when it was refused."""
    fields = dict(
        re.findall(r"^[\s│]*(ID|Path|Operation|Who|Created):[ ]+(\S.*?)\s*$", run.stderr, re.MULTILINE)
    )
    if not fields.get("ID"):
        return None
    return Lock(
        fields["ID"],
        fields.get("Operation", ""),
        fields.get("Who", ""),
        fields.get("Path", ""),
        _time(fields.get("Created", "")),
    )


def refused(run: TofuRun) -> bool:
    """The command ended because it did not get the lock: it changed nothing."""
    return run.code not in (0, None) and ACQUIRE in run.stderr


def vanished(run: TofuRun) -> bool:
    """Refused, but the lock was gone when tofu looked whose it was: freed between its PUT and its GET.

    A LockError without information is not tried again, whatever -lock-timeout says (statemgr.LockError.Retriable).
    """
    return refused(run) and from_error(run) is None and "PreconditionFailed" in run.stderr


def _time(text: str) -> float | None:
    # RFC 3339 in the object, "2026-05-06 10:11:12.123456789 +0000 UTC" in the message: nanoseconds are cut to
    # what Python reads.
    match = re.match(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(\.\d+)?", text)
    if not match:
        return None
    fraction = ((match[3] or ".0") + "000000")[:7]
    return datetime.fromisoformat(f"{match[1]}T{match[2]}{fraction}+00:00").timestamp()
