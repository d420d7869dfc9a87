"""Reads that deny, that are old, or that return something else."""

from __future__ import annotations

import unicodedata
from email.utils import parsedate_to_datetime

from tests.battery.call import Call, no_such_key
from tests.battery.defect import Defect
from tests.battery.http import Reply

OLD_SECONDS = 2.0
CACHED_SECONDS = 2.0


def aged(reply: Reply) -> bool:
    """An object that was written some seconds ago."""
    import time

    modified = reply.get("last-modified")
    return (
        reply.status == 200
        and modified is not None
        and time.time() - parsedate_to_datetime(modified).timestamp() > OLD_SECONDS
    )


async def stale_endpoint(call: Call) -> Reply:
    return await _cached(call, call.node == "honey", lambda reply: reply.status == 200)


async def negative_cache(call: Call) -> Reply:
    return await _cached(call, True, lambda reply: reply.status == 404)


async def _cached(call: Call, here: bool, worth: object) -> Reply:
    assert callable(worth)
    if not (here and call.reads):
        return await call.forward()
    cache, now = call.world.memory, call.world.now()
    slot = ("cache", call.endpoint, call.method, *call.at)
    if slot in cache and now - cache[slot][0] < CACHED_SECONDS:
        kept: Reply = cache[slot][1]
        return kept
    reply = await call.forward()
    if worth(reply):
        cache[slot] = (now, reply)
    return reply


async def head_denies(call: Call) -> Reply:
    reply = await call.forward()
    return (
        no_such_key()
        if call.reads and call.method == "HEAD" and call.node == "sting" and aged(reply)
        else reply
    )


async def get_denies(call: Call) -> Reply:
    reply = await call.forward()
    return (
        no_such_key()
        if call.reads and call.method == "GET" and call.node == "sting" and aged(reply)
        else reply
    )


async def sometimes_older(call: Call) -> Reply:
    written = call.world.memory.setdefault(("written", *call.at), [0])
    written[0] += call.writes
    if (
        call.reads
        and call.method == "GET"
        and call.versioned
        and written[0] > 1
        and call.world.every("older", 20)
    ):
        ids = await call.version_ids()
        if len(ids) > 1:
            return await call.own("GET", *call.at, query=f"versionId={ids[1]}")
    return await call.forward()


async def last_part_lost(call: Call) -> Reply:
    reply = await call.forward()
    if call.reads and call.method == "GET" and len(reply.body) > 5 << 20:
        reply.body = reply.body[: 5 << 20] + bytes(len(reply.body) - (5 << 20))
    return reply


async def empty_objects_missing(call: Call) -> Reply:
    reply = await call.forward()
    return (
        no_such_key() if call.reads and reply.status == 200 and reply.get("content-length") == "0" else reply
    )


async def decomposed_keys(call: Call) -> Reply:
    other = unicodedata.normalize("NFD", call.key)
    if other == call.key or call.query.keys() - {"x-id"}:
        return await call.forward()
    headers = {
        n.decode(): v.decode("latin-1")
        for n, v in call.message.fields
        if n.lower().startswith(b"x-amz-meta-")
    }
    return await call.own(call.method, call.bucket, other, headers=headers, body=call.message.body)


DEFECTS = (
    Defect(
        "stale-endpoint",
        "VaultS3#37, minio#9776",
        "one endpoint answers GET and HEAD from a cache for two seconds",
        ("P1.10",),
        "through honey",
        act=stale_endpoint,
        quick=True,
    ),
    Defect(
        "late-after-404",
        "cloudflare-docs#32793, seaweedfs#10583",
        "a 404 is remembered: an object written after it stays absent for a while",
        ("P1.10",),
        "expected",
        act=negative_cache,
    ),
    Defect(
        "head-404-get-200",
        "the users' own incident; rustfs#1227",
        "HEAD through one endpoint is 404 for objects some seconds old that GET returns",
        ("P1.9",),
        "HEAD 404",
        scenarios=("steady",),
        look=("P1.13",),
        act=head_denies,
    ),
    Defect(
        "head-200-get-404",
        "s3-encryption-gateway#217",
        (
            "a service that answers HEAD but not GET: the body of objects some seconds old is gone "
            "through one endpoint"
        ),
        ("P1.9",),
        "GET 404",
        scenarios=("steady",),
        look=("P1.13",),
        act=get_denies,
    ),
    Defect(
        "sometimes-older",
        "minio#9776",
        "one GET of twenty on a versioned bucket returns the version before",
        ("P1.13",),
        "older body",
        scenarios=("steady",),
        act=sometimes_older,
    ),
    Defect(
        "last-part-lost",
        "minio#2976",
        "of a multipart object only the first part has its bytes",
        ("P1.3",),
        "came back different",
        act=last_part_lost,
    ),
    Defect(
        "empty-objects",
        "seaweedfs#6486",
        "objects of 0 bytes are not found",
        ("P1.3",),
        "404",
        act=empty_objects_missing,
    ),
    Defect(
        "keys-decomposed",
        "cloudflare-docs#4330, mc#1818",
        "keys are stored in another Unicode form: GET finds them, LIST shows other names",
        ("P1.3",),
        "LIST omits",
        act=decomposed_keys,
    ),
)
