"""What real OpenTofu meets: locks with two holders, states that are dropped, old, cut or absent."""

from __future__ import annotations

from tests.battery.call import Call, accepted, error, no_such_key
from tests.battery.defect import Defect
from tests.battery.http import Reply


def _state(call: Call) -> bool:
    return call.key.endswith(".tfstate")


async def lock_for_everybody(call: Call) -> Reply:
    reply = await call.forward()
    return accepted(call) if call.creates and call.key.endswith(".tflock") and reply.status == 412 else reply


async def state_dropped(call: Call) -> Reply:
    return accepted(call) if _state(call) and call.writes else await call.forward()


async def overwrite_dropped(call: Call) -> Reply:
    if _state(call) and call.writes and await call.exists():
        return accepted(call)
    return await call.forward()


async def state_stale(call: Call) -> Reply:
    if _state(call) and call.reads and call.method == "GET" and call.node == "honey":
        ids = await call.version_ids()
        if len(ids) > 1:
            return await call.own("GET", *call.at, query=f"versionId={ids[1]}")
    return await call.forward()


async def state_absent(call: Call) -> Reply:
    shown: set[tuple[str, str]] = call.world.memory.setdefault("shown", set())
    reply = await call.forward()
    if not (
        _state(call) and call.reads and call.method == "GET" and call.node == "sting" and reply.status == 200
    ):
        return reply
    if call.at in shown:
        return no_such_key()
    shown.add(call.at)
    return reply


async def state_cut(call: Call) -> Reply:
    if _state(call) and call.writes and len(call.message.body) > 5 << 20:
        return await call.again(body=call.message.body[: 5 << 20], without=("content-md5", *_checksums(call)))
    return await call.forward()


def _checksums(call: Call) -> tuple[str, ...]:
    return tuple(name.decode().lower() for name, _ in call.message.fields if b"checksum" in name.lower())


async def unlock_not_done(call: Call) -> Reply:
    return Reply(204, []) if call.deletes and call.key.endswith(".tflock") else await call.forward()


async def workspaces_not_listed(call: Call) -> Reply:
    """One endpoint lists nothing below the prefix of the workspaces."""
    if call.lists and call.node == "honey" and call.query.get("prefix", "").startswith("env:"):
        name = call.bucket.encode()
        empty = (
            b"<ListBucketResult><Name>"
            + name
            + b"</Name><KeyCount>0</KeyCount><IsTruncated>false</IsTruncated>"
        )
        body = empty + b"</ListBucketResult>"
        return Reply(200, [(b"Content-Type", b"application/xml")], body)
    return await call.forward()


async def tags_not_implemented(call: Call) -> Reply:
    if call.writes and call.header("x-amz-tagging"):
        return error(
            501, "NotImplemented", "A header you provided implies functionality that is not implemented."
        )
    return await call.forward()


async def acl_not_implemented(call: Call) -> Reply:
    if call.writes and call.header("x-amz-acl"):
        return error(
            501, "NotImplemented", "A header you provided implies functionality that is not implemented."
        )
    return await call.forward()


async def tags_dropped(call: Call) -> Reply:
    return await (call.again(without=("x-amz-tagging",)) if call.header("x-amz-tagging") else call.forward())


async def workspace_not_deleted(call: Call) -> Reply:
    deletes = call.deletes and call.key.startswith("env:") and call.key.endswith(".tfstate")
    return Reply(204, []) if deletes else await call.forward()


async def state_absent_in_a_fault(call: Call) -> Reply:
    reply = await call.forward()
    lies = _state(call) and call.reads and reply.status == 200 and call.node is None and call.world.down
    return no_such_key() if lies else reply


DEFECTS = (
    Defect(
        "tofu-lock-for-two",
        "incus#3651",
        "the lock object is given to everybody who asks: 200 to two holders",
        ("P2.8",),
        "held",
        scenarios=("contention",),
        act=lock_for_everybody,
    ),
    Defect(
        "tofu-state-dropped",
        "the design's list",
        "the state is acknowledged and dropped",
        ("P2.2",),
        "no state",
        act=state_dropped,
    ),
    Defect(
        "tofu-overwrite-dropped",
        "the design's list",
        "only the first state is kept; newer ones are acknowledged and dropped",
        ("P2.7",),
        "",
        act=overwrite_dropped,
    ),
    Defect(
        "tofu-state-stale",
        "minio#9776",
        "one endpoint returns the state before the last",
        ("P2.7",),
        "honey",
        act=state_stale,
    ),
    Defect(
        "tofu-state-absent",
        "minio#6163",
        "one endpoint shows a state once and denies it from then on: for OpenTofu an empty one",
        ("P2.3", "P2.11"),
        "sting",
        look=("P2.2",),
        act=state_absent,
    ),
    Defect(
        "tofu-state-cut",
        "minio#2976",
        "a state of more than 5 MB is cut",
        ("P2.12",),
        "state",
        act=state_cut,
    ),
    Defect(
        "tofu-unlock-not-done",
        "opentofu#4405",
        "the release of the lock is acknowledged and not done",
        ("P2.2",),
        "lock",
        act=unlock_not_done,
    ),
    Defect(
        "tofu-workspaces-not-listed",
        "the design's list",
        "one endpoint lists no workspaces: `tofu workspace select` fails there, and `new` makes a second one",
        ("P2.15",),
        "honey",
        act=workspaces_not_listed,
    ),
    Defect(
        "tofu-tags-501",
        "OpenTofu's s3 backend, client.go",
        "a PUT with tags is answered 501: the first apply of a stack with `state_tags` fails",
        ("P2.15",),
        "attic (acl = private",
        act=tags_not_implemented,
    ),
    Defect(
        "tofu-acl-501",
        "OpenTofu's s3 backend, client.go",
        "a PUT with a canned ACL is answered 501: the first apply of a stack with `acl` fails",
        ("P2.15",),
        "attic (acl = private",
        act=acl_not_implemented,
    ),
    Defect(
        "tofu-tags-dropped",
        "OpenTofu's s3 backend, client.go",
        "tags are accepted and not kept",
        ("P2.15",),
        "accepted state_tags and keeps {}",
        act=tags_dropped,
    ),
    Defect(
        "tofu-workspace-not-deleted",
        "the design's list",
        "the deletion of a workspace's state is acknowledged and not done",
        ("P2.15",),
        "workspace",
        act=workspace_not_deleted,
    ),
    Defect(
        "tofu-absent-in-a-fault",
        "minio#6163",
        "while a node is lost the service endpoint denies the state",
        ("P2.6",),
        "to create",
        scenarios=("crash:honey",),
        act=state_absent_in_a_fault,
    ),
)
