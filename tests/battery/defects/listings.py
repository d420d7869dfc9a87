"""An index that says something else than the objects."""

from __future__ import annotations

import html
import re
import zlib
from collections.abc import Callable

from tests.battery.call import Call
from tests.battery.defect import Defect
from tests.battery.http import Reply

_ENTRY = re.compile(rb"<Contents>.*?</Contents>", re.DOTALL)
_KEY = re.compile(rb"<Key>(.*?)</Key>", re.DOTALL)
GHOST_SECONDS = 3.0


def without(reply: Reply, drops: Callable[[str], bool]) -> Reply:
    """The listing without the keys that it drops."""

    def keep(found: re.Match[bytes]) -> bytes:
        key = _KEY.search(found[0])
        return b"" if key and drops(html.unescape(key[1].decode())) else found[0]

    reply.body = _ENTRY.sub(keep, reply.body)
    return reply


def _with(reply: Reply, key: str) -> Reply:
    entry = (
        f"<Contents><Key>{html.escape(key)}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
        "<ETag>&#34;0&#34;</ETag><Size>1</Size><StorageClass>STANDARD</StorageClass></Contents>"
    )
    reply.body = reply.body.replace(b"</ListBucketResult>", entry.encode() + b"</ListBucketResult>")
    return reply


async def entries_lost(call: Call) -> Reply:
    reply = await call.forward()
    lies = call.lists and call.node == "sting" and reply.status == 200
    return without(reply, lambda key: zlib.crc32(key.encode()) % 5 == 0) if lies else reply


async def newest_missing(call: Call) -> Reply:
    now, written = call.world.now(), call.world.memory.setdefault("written", {})
    reply = await call.forward()
    if call.writes and reply.status == 200:
        written[call.at] = now
    if call.lists:
        return without(reply, lambda key: now - written.get((call.bucket, key), 0.0) < 0.5)
    return reply


async def invented(call: Call) -> Reply:
    reply = await call.forward()
    prefix = call.query.get("prefix", "")
    return (
        _with(reply, f"{prefix}phantom")
        if call.lists and reply.status == 200 and prefix.startswith("index/")
        else reply
    )


async def ghosts(call: Call) -> Reply:
    deleted = call.world.memory.setdefault("deleted", {})
    reply = await call.forward()
    if call.deletes and reply.status == 204:
        deleted[call.at] = call.world.now()
    elif call.lists and reply.status == 200 and call.node == "bumble":
        prefix, since = call.query.get("prefix", ""), call.world.now() - GHOST_SECONDS
        for (bucket, key), when in list(deleted.items()):
            if (
                bucket == call.bucket
                and key.startswith(prefix)
                and when > since
                and html.escape(key).encode() not in reply.body
            ):
                _with(reply, key)
    return reply


async def page_boundary(call: Call) -> Reply:
    reply = await call.forward()
    if call.lists and (call.query.get("continuation-token") or call.query.get("marker")):
        reply.body = _ENTRY.sub(b"", reply.body, count=1)
    return reply


async def page_boundary_at_1000(call: Call) -> Reply:
    full = int(call.query.get("max-keys", "1000")) >= 1000
    return await (page_boundary(call) if full else call.forward())


async def pages_end_with_the_folder(call: Call) -> Reply:
    """Where the prefix ends within a name, a later page does not leave the folder in which the one before ended."""
    reply = await call.forward()
    prefix = call.query.get("prefix", "")
    keys = [html.unescape(key.decode()) for key in _KEY.findall(reply.body)]
    if not call.lists or prefix.endswith("/") or not keys:
        return reply
    at = (call.endpoint, call.bucket, prefix)
    ended: dict[object, str] = call.world.memory.setdefault("ended", {})
    parent = prefix.rpartition("/")[0]
    folders = [key.removeprefix(f"{parent}/").rpartition("/")[0].partition("/")[0] for key in keys]
    later = call.query.get("continuation-token") or call.query.get("marker")
    if later and ended.get(at) != folders[0]:
        reply.body = _ENTRY.sub(b"", reply.body).replace(
            b"<IsTruncated>true</IsTruncated>", b"<IsTruncated>false</IsTruncated>"
        )
        reply.body = re.sub(rb"<(NextContinuationToken|NextMarker)>.*?</\1>", b"", reply.body)
    ended[at] = folders[-1]
    return reply


async def latest_by_page(call: Call) -> Reply:
    """The first entry of a key on each page is called the latest."""
    reply = await call.forward()
    if call.method == "GET" and "versions" in call.query and not call.key:
        known = set[bytes]()

        def called(found: re.Match[bytes]) -> bytes:
            key = _KEY.search(found[0])
            if key is None or key[1] in known:
                return found[0]
            known.add(key[1])
            return found[0].replace(b"<IsLatest>false</IsLatest>", b"<IsLatest>true</IsLatest>")

        reply.body = re.sub(rb"<(Version|DeleteMarker)>.*?</\1>", called, reply.body, flags=re.DOTALL)
    return reply


async def listed_from_before_versions(call: Call) -> Reply:
    """What was deleted since a bucket got versioning, and is there without, is listed on."""
    enabled: set[str] = call.world.memory.setdefault("enabled", set())
    stays: set[tuple[str, str]] = call.world.memory.setdefault("stays", set())
    reply = await call.forward()
    if call.method == "PUT" and "versioning" in call.query and not call.versioned:
        enabled.add(call.bucket)
    elif call.method == "DELETE" and call.bucket in enabled and call.key:
        (stays.add if call.deletes else stays.discard)(call.at)
    elif call.lists and reply.status == 200:
        for bucket, key in sorted(stays):
            if bucket == call.bucket and key.startswith(call.query.get("prefix", "")):
                _with(reply, key)
    return reply


async def oldest_version_hidden(call: Call) -> Reply:
    reply = await call.forward()
    if call.method == "GET" and "versions" in call.query and not call.key:
        entries = re.findall(rb"<Version>.*?</Version>", reply.body, re.DOTALL)
        if len(entries) > 3:
            reply.body = reply.body.replace(entries[-1], b"")
    return reply


async def bucket_missing(call: Call) -> Reply:
    reply = await call.forward()
    if call.method == "GET" and not call.bucket and call.node == "sting":
        entries = re.findall(rb"<Bucket>.*?</Bucket>", reply.body, re.DOTALL)
        reply.body = reply.body.replace(entries[-1], b"") if entries else reply.body
    return reply


async def any_bucket_there(call: Call) -> Reply:
    reply = await call.forward()
    return (
        Reply(200, [])
        if call.method == "HEAD" and call.bucket and not call.key and call.node == "honey"
        else reply
    )


DEFECTS = (
    Defect(
        "list-omits",
        "seaweedfs#9841",
        "LIST through one endpoint leaves some objects out that GET returns",
        ("P1.9",),
        "LIST omits it",
        scenarios=("steady",),
        look=("P1.13",),
        act=entries_lost,
    ),
    Defect(
        "list-late",
        "seaweedfs#9841",
        "LIST shows an object half a second after it was acknowledged",
        ("P1.10",),
        "omits",
        act=newest_missing,
    ),
    Defect(
        "list-invents",
        "ceph#18709",
        "LIST shows an object that nobody wrote",
        ("P1.9",),
        "nobody had written",
        scenarios=("steady",),
        act=invented,
    ),
    Defect(
        "list-ghosts",
        "ceph#60907, rustfs#6218, seaweedfs#10681",
        "LIST through one endpoint still shows what was deleted, for three seconds",
        ("P1.9",),
        "although",
        scenarios=("steady",),
        act=ghosts,
    ),
    Defect(
        "list-page-boundary",
        "minio#21463, s3s#542",
        "each page but the first lacks its first key",
        ("P1.9",),
        "page",
        act=page_boundary,
    ),
    Defect(
        "list-thousand",
        "minio#21463",
        "the same, but only with full pages of a thousand keys",
        ("P1.9",),
        "page",
        act=page_boundary_at_1000,
    ),
    Defect(
        "list-nested-pages",
        "seaweedfs#10652",
        "pages end with the folder in which the first one ended, where the prefix ends within a folder's name",
        ("P1.9",),
        "keys are missing",
        act=pages_end_with_the_folder,
    ),
    Defect(
        "latest-by-page",
        "moto#9503",
        "a listing of versions calls the first entry of a key on each page the latest",
        ("P1.9",),
        "said to be the latest",
        act=latest_by_page,
    ),
    Defect(
        "listed-from-before-versions",
        "seaweedfs#10681",
        "what was written before versioning was enabled, and is deleted after it, stays in LIST",
        ("P1.15",),
        "still listed",
        act=listed_from_before_versions,
        quick=True,
    ),
    Defect(
        "oldest-version-hidden",
        "seaweedfs#9807",
        "a listing of versions leaves the oldest one out",
        ("P1.15",),
        "lists other versions",
        act=oldest_version_hidden,
    ),
    Defect(
        "bucket-not-listed",
        "minio#7320",
        "one endpoint does not list the newest bucket",
        ("P1.1",),
        "omits",
        act=bucket_missing,
    ),
    Defect(
        "any-bucket-there",
        "ceph#28016",
        "HEAD of a bucket that does not exist is 200 through one endpoint",
        ("P1.2",),
        "does not exist",
        act=any_bucket_there,
    ),
)
