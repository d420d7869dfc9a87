"""Buckets that kept versions once: what holds for those that do, and for those that never did, does not hold there."""

from __future__ import annotations

from readiness.judges.listings import PREFIX
from tests.battery.call import Call, refused
from tests.battery.defect import Defect
from tests.battery.defects.listings import without
from tests.battery.http import Reply


async def condition_ignored(call: Call) -> Reply:
    return await (call.unconditional() if call.creates and call.suspended else call.forward())


async def marker_is_an_object(call: Call) -> Reply:
    """The delete marker that a delete leaves is what the next conditional create finds."""
    deleted: set[tuple[str, str]] = call.world.memory.setdefault("deleted", set())
    if call.creates and call.suspended and call.at in deleted:
        return refused()
    reply = await call.forward()
    if call.deletes:
        deleted.add(call.at)
    return reply


async def null_versions_not_listed(call: Call) -> Reply:
    """LIST goes by an index of versions, from which some of those without an id are missing."""
    reply = await call.forward()
    lies = call.lists and call.suspended and call.query.get("prefix", "").startswith(PREFIX)
    return without(reply, lambda key: key.endswith("7")) if lies else reply


async def overwrite_keeps_the_first(call: Call) -> Reply:
    """The second null version is written below the first one."""
    again = call.plain_write and call.suspended and await call.exists()
    if not again:
        return await call.forward()
    reply = await call.own("HEAD", *call.at)
    return Reply(200, [(b"ETag", (reply.get("etag") or '""').encode())])


DEFECTS = (
    Defect(
        "suspended-condition-ignored",
        "ceph#71584",
        "If-None-Match is ignored in a bucket whose versioning is suspended",
        ("P1.11",),
        "-suspended/",
        act=condition_ignored,
        scenarios=("steady",),
    ),
    Defect(
        "suspended-marker-is-an-object",
        "ceph#71584",
        "in a bucket whose versioning is suspended a lock that was freed once is never given again",
        ("P1.11",),
        "-suspended/",
        act=marker_is_an_object,
        scenarios=("steady",),
    ),
    Defect(
        "suspended-not-listed",
        "issue 31",
        "LIST of a bucket whose versioning is suspended leaves out objects",
        ("P1.9",),
        "keys are missing",
        act=null_versions_not_listed,
        scenarios=("steady",),
    ),
    Defect(
        "suspended-overwrite-lost",
        "issue 31",
        "an overwrite is acknowledged and not done in a bucket whose versioning is suspended",
        ("P1.13",),
        "-suspended/",
        act=overwrite_keeps_the_first,
        scenarios=("steady",),
    ),
)
