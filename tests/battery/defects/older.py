"""Stores whose previous versions suffer from a fault; as long as all nodes are there they keep every version."""

from __future__ import annotations

from tests.battery.call import Call, error, no_such_key
from tests.battery.defect import Defect
from tests.battery.http import Reply


def _one_version(call: Call) -> bool:
    """GET of one version."""
    return call.method == "GET" and bool(call.key) and "versionId" in call.query


async def not_healed(call: Call) -> Reply:
    if _one_version(call) and call.world.back_for(call.node) is not None:
        previous = (await call.version_ids())[1:]
        if call.query["versionId"] in previous:
            return no_such_key()
    return await call.forward()


async def newest_for_any(call: Call) -> Reply:
    if _one_version(call) and call.world.down:
        newest = (await call.version_ids())[0]
        return await call.own("GET", *call.at, query=f"versionId={newest}")
    return await call.forward()


async def previous_refused(call: Call) -> Reply:
    if _one_version(call) and call.world.down and call.query["versionId"] in (await call.version_ids())[1:]:
        return error(503, "SlowDown")
    return await call.forward()


async def restores_the_newest(call: Call) -> Reply:
    source = call.header("x-amz-copy-source") or ""
    if "?versionId=" not in source or not call.world.down:
        return await call.forward()
    newest = {"x-amz-copy-source": source.partition("?")[0]}
    reply = await call.again(without=("x-amz-copy-source",), headers=newest)
    return reply if reply.status == 200 else await call.forward()


DEFECTS = (
    Defect(
        "previous-versions-not-healed",
        "rustfs#4400, rustfs#4527",
        "a node that was lost and is back has only the newest version of each object",
        ("P1.13",),
        "denied version",
        scenarios=("crash:honey",),
        act=not_healed,
    ),
    Defect(
        "newest-version-while-one-is-lost",
        "issue 31",
        "while a node is lost, the newest version is answered whichever is asked for",
        ("P1.13",),
        "another body for version",
        scenarios=("crash:honey",),
        act=newest_for_any,
    ),
    Defect(
        "previous-versions-refused-while-one-is-lost",
        "issue 31",
        "while a node is lost, all but the newest version of each object are answered 503",
        ("P1.13",),
        "reads of previous versions",
        scenarios=("crash:honey",),
        act=previous_refused,
        never_proved=True,
    ),
    Defect(
        "restores-the-newest-while-one-is-lost",
        "issue 31",
        "while a node is lost, a copy of a previous version copies the newest one",
        ("P1.13",),
        "restored/crash:honey",
        scenarios=("crash:honey",),
        act=restores_the_newest,
    ),
)
