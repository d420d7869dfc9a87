"""Who may do what, and damage that is not noticed."""

from __future__ import annotations

from collections.abc import Mapping

from readiness.providers.base import Provider
from readiness.s3.wire import Wire
from readiness.topology import Keys
from tests.battery.call import Call, error
from tests.battery.defect import Defect
from tests.battery.http import Reply
from tests.battery.world import World

CHECKSUM, ALGORITHM = "x-amz-checksum-sha256", "x-amz-sdk-checksum-algorithm"


async def anonymous(call: Call) -> Reply:
    return await (call.again() if call.header("authorization") is None else call.forward())


async def signature_not_checked(call: Call) -> Reply:
    reply = await call.forward()
    return await call.again() if reply.status == 403 and b"SignatureDoesNotMatch" in reply.body else reply


async def read_only_writes(call: Call) -> Reply:
    reply = await call.forward()
    denied = reply.status == 403 and b"AccessDenied" in reply.body and call.header("authorization")
    return await call.again() if denied and call.method in ("PUT", "DELETE") else reply


async def digest_ignored(call: Call) -> Reply:
    reply = await call.forward()
    return (
        await call.again(without=("content-md5",))
        if call.header("content-md5") and reply.status == 400
        else reply
    )


async def checksum_ignored(call: Call) -> Reply:
    reply = await call.forward()
    wrong = call.header(CHECKSUM) and reply.status == 400
    return await call.again(without=(CHECKSUM, ALGORITHM)) if wrong else reply


async def checksum_must_be_announced(call: Call) -> Reply:
    reply = await call.forward()
    announced = call.header(ALGORITHM) or not call.header(CHECKSUM)
    return reply if announced or reply.status != 400 else await call.again(without=(CHECKSUM,))


async def clock_off(call: Call) -> Reply:
    if call.node == "sting":
        return error(
            403,
            "RequestTimeTooSkewed",
            "The difference between the request time and the server's time is too large.",
        )
    return await call.forward()


def never_retires(real: Provider, old: Keys | None) -> Keys:
    return real.rotate(None) if old is None else old


async def note_retired(world: World, _wires: Mapping[str, Wire], verb: str, _nodes: tuple[str, ...]) -> None:
    if verb == "retire":
        world.memory["retired"] = world.now()


async def reloads_on_retire(call: Call) -> Reply:
    retired = call.world.memory.get("retired")
    if retired is not None and call.world.now() - retired < 0.5:
        return error(403, "InvalidAccessKeyId")
    return await call.forward()


DEFECTS = (
    Defect(
        "anonymous-allowed",
        "seaweedfs#10952",
        "requests without any credential are allowed",
        ("P1.16",),
        "no credential",
        act=anonymous,
        quick=True,
    ),
    Defect(
        "signature-not-checked",
        "seaweedfs#2462",
        "the access key must be known; the signature is not checked",
        ("P1.16",),
        "wrong secret key",
        act=signature_not_checked,
    ),
    Defect(
        "read-only-writes",
        "seaweedfs#2462",
        "the read-only credential may write and delete",
        ("P1.16",),
        "read-only credential may",
        act=read_only_writes,
    ),
    Defect(
        "digest-ignored",
        "minio#1603",
        "Content-MD5 is not compared with the body",
        ("P1.29",),
        "Content-MD5",
        act=digest_ignored,
    ),
    Defect(
        "checksum-ignored",
        "seaweedfs, docs/track-record/seaweedfs-unsigned-body.md",
        "the SHA-256 checksum that OpenTofu sends with a state is not compared with the body",
        ("P1.17",),
        "SHA-256 checksum",
        act=checksum_ignored,
    ),
    Defect(
        "checksum-unannounced",
        "ceph, src/rgw/rgw_cksum_pipe.h",
        "a SHA-256 checksum is compared with the body only where x-amz-sdk-checksum-algorithm announces it",
        ("P1.29",),
        "SHA-256 checksum that no",
        act=checksum_must_be_announced,
    ),
    Defect(
        "clock-off",
        "minio#2753",
        "one endpoint's clock is off: it refuses what is signed",
        ("P0.1", "P0.2"),
        "RequestTimeTooSkewed",
        act=clock_off,
    ),
    Defect(
        "old-key-works",
        "the plan's rotation clause",
        "rotation: the retired credential goes on working",
        ("P1.18",),
        "retired credential still works",
        verbs={"rotate": never_retires},
    ),
    Defect(
        "rotation-outage",
        "rustfs#925",
        "when a credential is retired, every other one is refused for a moment",
        ("P1.18",),
        "outage",
        act=reloads_on_retire,
        event=note_retired,
    ),
)
