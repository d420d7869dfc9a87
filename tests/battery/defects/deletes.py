"""Deletes that are not done, that come back, and versions that are lost."""

from __future__ import annotations

import asyncio
import re

from tests.battery.call import Call
from tests.battery.defect import Defect
from tests.battery.http import Broken, Reply

BACK_SECONDS = 1.0
_SUSPENDED = (
    b'<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>Suspended</Status>'
    b"</VersioningConfiguration>"
)


async def not_done(call: Call) -> Reply:
    return Reply(204, []) if call.deletes else await call.forward()


async def sometimes_not_done(call: Call) -> Reply:
    return Reply(204, []) if call.deletes and call.world.every("delete", 10) else await call.forward()


async def comes_back(call: Call) -> Reply:
    reply = await call.forward()
    marker = reply.get("x-amz-version-id")
    if call.deletes and call.versioned and marker:
        task = asyncio.ensure_future(_forget_marker(call, marker))
        call.world.memory.setdefault("tasks", set()).add(task)
    return reply


async def _forget_marker(call: Call, marker: str) -> None:
    await asyncio.sleep(BACK_SECONDS)
    try:
        await call.own("DELETE", *call.at, query=f"versionId={marker}")
    except Broken:
        return


async def previous_lost(call: Call) -> Reply:
    reply = await call.forward()
    if call.plain_write and call.versioned and reply.status == 200:
        for version in (await call.version_ids())[1:]:
            await call.own("DELETE", *call.at, query=f"versionId={version}")
    return reply


async def delete_takes_all(call: Call) -> Reply:
    if call.deletes and call.versioned:
        for version in await call.version_ids():
            await call.own("DELETE", *call.at, query=f"versionId={version}")
    return await call.forward()


async def copies_the_latest(call: Call) -> Reply:
    source = call.header("x-amz-copy-source")
    if source and "?versionId=" in source:
        return await call.again(
            without=("x-amz-copy-source",), headers={"x-amz-copy-source": source.split("?")[0]}
        )
    return await call.forward()


async def never_versioned(call: Call) -> Reply:
    reply = await call.forward()
    if call.method == "GET" and "versioning" in call.query:
        reply.body = re.sub(rb"<Status>.*?</Status>", b"", reply.body)
    return reply


async def state_bucket_suspended(call: Call) -> Reply:
    """There is a state bucket, whose versioning somebody has suspended."""
    asked = call.at == ("tofu-state", "")
    if asked and call.method == "HEAD":
        return Reply(200, [])
    if asked and "versioning" in call.query:
        return Reply(200, [(b"Content-Type", b"application/xml")], _SUSPENDED)
    return await call.forward()


async def versioning_of_one_node(call: Call) -> Reply:
    """The setting stays with the endpoint that was told of it."""
    reply = await call.forward()
    if call.method == "PUT" and "versioning" in call.query:
        call.world.memory["told"] = call.endpoint
    elsewhere = call.world.memory.get("told", call.endpoint) != call.endpoint
    if call.method == "GET" and "versioning" in call.query and elsewhere:
        reply.body = re.sub(rb"<Status>.*?</Status>", b"", reply.body)
    return reply


DEFECTS = (
    Defect(
        "delete-not-done",
        "the design's list",
        "DELETE is acknowledged and not done",
        ("P1.10",),
        "still there",
        act=not_done,
    ),
    Defect(
        "delete-sometimes",
        "seaweedfs#5937",
        "one DELETE of ten is acknowledged and not done",
        ("P1.13",),
        "although delete",
        scenarios=("steady",),
        act=sometimes_not_done,
    ),
    Defect(
        "deleted-returns",
        "rustfs#6218, ceph#18794",
        "a deleted object of a versioned bucket is back a second later",
        ("P1.13",),
        "although delete",
        scenarios=("steady",),
        act=comes_back,
    ),
    Defect(
        "previous-version-lost",
        "seaweedfs#9807",
        "an overwrite removes the version before",
        ("P1.15",),
        "lists other versions",
        act=previous_lost,
        quick=True,
    ),
    Defect(
        "delete-takes-versions",
        "seaweedfs#9807",
        "DELETE on a versioned bucket removes every version",
        ("P1.15",),
        "removed versions",
        act=delete_takes_all,
    ),
    Defect(
        "restore-copies-latest",
        "seaweedfs#9807",
        "a copy of an older version copies the newest one",
        ("P1.15",),
        "old version",
        act=copies_the_latest,
    ),
    Defect(
        "versioning-not-kept",
        "the plan's stop condition",
        "versioning is accepted and stays off",
        ("P0.3", "S.3"),
        "versioning",
        act=never_versioned,
    ),
    Defect(
        "versioning-of-one-node",
        "rustfs#3080",
        "versioning is known only to the endpoint through which it was enabled",
        ("P0.3", "S.3"),
        "reports never enabled for a bucket on which it was requested",
        act=versioning_of_one_node,
    ),
    Defect(
        "state-bucket-suspended",
        "ceph#71584",
        "new buckets keep versions, and those of the state bucket are suspended",
        ("P0.3", "S.3"),
        "the state bucket tofu-state is Suspended",
        act=state_bucket_suspended,
    ),
)
