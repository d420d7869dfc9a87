"""A bucket below a prefix: every request of every client stays below it, and shows keys without it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import pytest

from readiness.errors import UsageError
from readiness.s3.below import split
from readiness.s3.boto3_library import Boto3Library, boto3_client
from readiness.s3.clients import libraries
from readiness.s3.library import Version
from readiness.s3.named_bucket import must_be_free, scratch_in
from readiness.s3.removal import PREFIX, is_scratch, remove_bucket
from readiness.s3.wire import Target, Wire
from readiness.topology import Keys
from tests.support.http_server import Answer, Server, ok
from tests.support.thread_server import serving_in_thread

BELOW = f"{PREFIX}abc123-plain"
PLACE = f"tofu-state/{BELOW}"
XML = '<?xml version="1.0"?>'
FULL = (
    f"{XML}<ListBucketResult><Name>tofu-state</Name><Prefix>{BELOW}/p</Prefix><EncodingType>url</EncodingType>"
    f"<IsTruncated>false</IsTruncated><Contents><Key>{BELOW}/p/%C3%BCmlaut</Key><Size>1</Size>"
    "<ETag>&quot;e&quot;</ETag><LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents></ListBucketResult>"
)
EMPTY = f"{XML}<ListBucketResult><Name>tofu-state</Name><IsTruncated>false</IsTruncated></ListBucketResult>"
VERSIONS = (
    f"{XML}<ListVersionsResult><Name>tofu-state</Name><IsTruncated>false</IsTruncated>"
    f"<Version><Key>{BELOW}/a</Key><VersionId>1</VersionId><IsLatest>true</IsLatest><ETag>&quot;e&quot;</ETag>"
    "<LastModified>2026-01-01T00:00:00.000Z</LastModified><Size>1</Size></Version></ListVersionsResult>"
)
NO_VERSIONS = f"{XML}<ListVersionsResult><Name>tofu-state</Name></ListVersionsResult>"
NO_UPLOADS = f"{XML}<ListMultipartUploadsResult><Bucket>tofu-state</Bucket></ListMultipartUploadsResult>"
LOCKED = (
    f"{XML}<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention>"
    "<Mode>COMPLIANCE</Mode><Days>1</Days></DefaultRetention></Rule></ObjectLockConfiguration>"
)
NO_LOCK = ok("404 Not Found", f"{XML}<Error><Code>ObjectLockConfigurationNotFoundError</Code></Error>")
DENIED = ok("403 Forbidden", f"{XML}<Error><Code>AccessDenied</Code><Message>no</Message></Error>")


def target(server: Server) -> Target:
    return Target(server.url, Keys("AK", "a-secret"))


def asked(server: Server) -> list[str]:
    """Method and path of each request, as they were sent and then unquoted."""
    return [unquote(head.split(" HTTP/", 1)[0]) for head in server.requests]


CALLS: dict[str, Callable[[Any], object]] = {
    "put": lambda library: library.put(PLACE, "k/x y", b"body", "v"),
    "get": lambda library: library.get(PLACE, "k/x y"),
    "head": lambda library: library.head(PLACE, "k/x y"),
    "delete": lambda library: library.delete(PLACE, "k/x y"),
}


@pytest.mark.parametrize("number", [0, 1], ids=["boto3", "minio"])
@pytest.mark.parametrize("call", CALLS)
def test_objects_are_written_and_read_below(call: str, number: int) -> None:
    with serving_in_thread(
        ok("200 OK", "", 'ETag: "e"', "Last-Modified: Thu, 01 Jan 2026 00:00:00 GMT")
    ) as server:
        CALLS[call](libraries(target(server), 5)[number])
        (line,) = asked(server)
    method, path = line.split(" ", 1)
    assert path.split("?")[0] == f"/tofu-state/{BELOW}/k/x y"
    assert method == {"put": "PUT", "get": "GET", "head": "HEAD", "delete": "DELETE"}[call]


@pytest.mark.parametrize("number", [0, 1], ids=["boto3", "minio"])
def test_listings_are_of_what_lies_below_and_show_it_without_the_prefix(number: int) -> None:
    with serving_in_thread(ok("200 OK", FULL), ok("200 OK", VERSIONS)) as server:
        library = libraries(target(server), 5)[number]
        assert library.list_keys(PLACE, "p") == ["p/ümlaut"]
        assert library.versions(PLACE, "a") == [Version("a", "1", True, False)]
        lines = asked(server)
    assert all(line.startswith("GET /tofu-state?") for line in lines)
    assert f"prefix={BELOW}/p" in lines[0]
    assert f"prefix={BELOW}/a" in lines[1]


def test_a_listing_without_a_prefix_is_of_what_lies_below() -> None:
    with serving_in_thread(ok("200 OK", FULL)) as server:
        page = boto3_client(target(server), 5).list_objects_v2(Bucket=PLACE)
        (line,) = asked(server)
    assert f"prefix={BELOW}/" in line
    assert [each["Key"] for each in page["Contents"]] == ["p/ümlaut"]
    assert page["Prefix"] == "p"


def test_pages_go_on_below() -> None:
    first = FULL.replace("false", "true")
    with serving_in_thread(ok("200 OK", first), ok("200 OK", EMPTY)) as server:
        pages = boto3_client(target(server), 5).get_paginator("list_objects").paginate(Bucket=PLACE)
        assert [each["Key"] for page in pages for each in page.get("Contents", [])] == ["p/ümlaut"]
        lines = asked(server)
    assert f"marker={BELOW}/p/ümlaut" in lines[1]


def test_deletes_and_copies_are_below() -> None:
    done = f"{XML}<DeleteResult><Error><Key>{BELOW}/k</Key><Code>AccessDenied</Code></Error></DeleteResult>"
    copied = f"{XML}<CopyObjectResult><ETag>&quot;e&quot;</ETag></CopyObjectResult>"
    with serving_in_thread(ok("200 OK", done), ok("200 OK", copied)) as server:
        client = boto3_client(target(server), 5)
        doomed: Any = {"Objects": [{"Key": "k"}]}
        answer = client.delete_objects(Bucket=PLACE, Delete=doomed)
        client.copy_object(
            Bucket=PLACE, Key="new", CopySource={"Bucket": PLACE, "Key": "old", "VersionId": "1"}
        )
        assert f"<Key>{BELOW}/k</Key>".encode() in server.bodies[0]
        assert f"x-amz-copy-source: tofu-state/{BELOW}/old?versionId=1" in unquote(server.requests[1])
    assert answer["Errors"][0]["Key"] == "k"
    assert doomed == {"Objects": [{"Key": "k"}]}


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.delete_bucket(Bucket=PLACE),
        lambda client: client.create_bucket(Bucket=PLACE),
        lambda client: client.put_bucket_versioning(
            Bucket=PLACE, VersioningConfiguration={"Status": "Enabled"}
        ),
        lambda client: client.delete_bucket_policy(Bucket=PLACE),
    ],
    ids=["delete", "create", "versioning", "policy"],
)
def test_what_would_act_on_the_whole_bucket_is_never_sent(call: Callable[[Any], object]) -> None:
    with serving_in_thread(ok()) as server:
        with pytest.raises(ValueError, match="would act on the whole bucket"):
            call(boto3_client(target(server), 5))
        assert server.requests == []


def test_recorded_requests_are_below_and_nothing_else_is_sent() -> None:
    async def work(server: Server) -> list[bytes]:
        wire = Wire(target(server))
        try:
            replies = [
                await wire.request("PUT", PLACE, "k", body=b"x"),
                await wire.request("GET", PLACE, query="list-type=2&max-keys=1000&prefix=p"),
                await wire.request("GET", PLACE, query="list-type=2"),
                await wire.request("HEAD", PLACE),
            ]
            with pytest.raises(ValueError, match="DELETE would act on the whole bucket"):
                await wire.request("DELETE", PLACE)
        finally:
            wire.close()
        return [reply.body for reply in replies]

    with serving_in_thread(ok(), ok("200 OK", FULL), ok("200 OK", FULL), ok()) as server:
        bodies = asyncio.run(work(server))
        lines = asked(server)
    assert lines == [
        f"PUT /tofu-state/{BELOW}/k",
        f"GET /tofu-state?list-type=2&max-keys=1000&prefix={BELOW}/p",
        f"GET /tofu-state?list-type=2&prefix={BELOW}/",
        "HEAD /tofu-state",
    ]
    assert b"<Key>p/%C3%BCmlaut</Key>" in bodies[1]


def test_a_bucket_as_such_is_left_as_it_is() -> None:
    with serving_in_thread(ok("200 OK", FULL)) as server:
        library = Boto3Library(target(server), 5)
        assert library.list_keys("tofu-state", f"{BELOW}/p") == [f"{BELOW}/p/ümlaut"]
        library.client.delete_bucket(Bucket="tofu-state")
        assert asked(server)[1] == "DELETE /tofu-state"


def test_removal_empties_what_is_below_and_leaves_the_bucket() -> None:
    deleted = f"{XML}<DeleteResult></DeleteResult>"
    answers = [
        ok(),
        ok("200 OK", NO_UPLOADS),
        ok("200 OK", VERSIONS),
        ok("200 OK", deleted),
        ok("200 OK", NO_VERSIONS),
        ok("200 OK", EMPTY),
    ]
    with serving_in_thread(*answers) as server:
        remove_bucket(boto3_client(target(server), 5), PLACE)
        lines = asked(server)
        assert f"<Key>{BELOW}/a</Key><VersionId>1</VersionId>".encode() in server.bodies[3]
    assert [line.split(" ")[0] for line in lines] == ["HEAD", "GET", "GET", "POST", "GET", "GET"]
    assert all(f"prefix={BELOW}/" in line for line in lines if line.startswith("GET"))


def test_a_store_that_ignores_the_prefix_loses_nothing_of_others() -> None:
    foreign = VERSIONS.replace(f"{BELOW}/a", "somebody-s")
    answers = [ok(), ok("200 OK", NO_UPLOADS), ok("200 OK", foreign), ok("200 OK", f"{XML}<DeleteResult/>")]
    with serving_in_thread(*answers, ok("200 OK", NO_VERSIONS), ok("200 OK", EMPTY)) as server:
        remove_bucket(boto3_client(target(server), 5), PLACE)
        assert f"<Key>{BELOW}/somebody-s</Key>".encode() in server.bodies[3]


@pytest.mark.parametrize(
    ("name", "known"),
    [
        (BELOW, True),
        (PLACE, True),
        ("tofu-state", False),
        ("tofu-state/other", False),
        (f"{BELOW}/other", False),
        (f"tofu-state/{BELOW}/deeper", False),
    ],
)
def test_only_scratch_is_removed(name: str, known: bool) -> None:
    assert is_scratch(name) is known
    assert split(PLACE) == ("tofu-state", f"{BELOW}/")


# -- the bucket that is named


FREE = (ok("200 OK", EMPTY), ok("200 OK", NO_VERSIONS), ok("200 OK", NO_UPLOADS), NO_LOCK)
ENABLED = ok("200 OK", f"{XML}<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>")


def look(*answers: Answer, versioned: bool = False) -> list[str]:
    with serving_in_thread(*answers) as server:
        must_be_free(boto3_client(target(server), 5), "tofu-state", versioned=versioned)
        return [line.split(" ")[0] for line in asked(server)]


def holding(key: str) -> str:
    return FULL.replace(f"{BELOW}/p/%C3%BCmlaut", key)


def test_an_empty_bucket_is_free_and_so_is_one_with_scratch_alone() -> None:
    assert set(look(*FREE)) == {"GET"}
    assert set(look(*FREE, ENABLED, versioned=True)) == {"GET"}
    scratch = (ok("200 OK", FULL), ok("200 OK", VERSIONS), *FREE[2:])
    assert len(look(*scratch)) == 4


def test_a_store_without_versions_and_uploads_has_none() -> None:
    none = ok("501 Not Implemented", f"{XML}<Error><Code>NotImplemented</Code></Error>")
    assert len(look(FREE[0], none, none, none)) == 4


@pytest.mark.parametrize(
    ("answers", "versioned", "message"),
    [
        ((ok("200 OK", holding("prod/state")),), False, "holds prod/state: a bucket in which somebody keeps"),
        ((ok("200 OK", FULL.replace(f"{BELOW}/p/", "x/")),), False, "holds x/ümlaut"),
        ((FREE[0], ok("200 OK", VERSIONS.replace(f"{BELOW}/", ""))), False, "holds a: "),
        ((DENIED,), False, "the objects of bucket tofu-state cannot be listed: HTTP 403"),
        ((FREE[0], DENIED), False, "(s3:ListBucketVersions), or what is written could not be removed"),
        ((*FREE[:2], DENIED), False, "s3:ListBucketMultipartUploads"),
        (
            (*FREE[:3], ok("200 OK", LOCKED)),
            False,
            "object lock",
        ),
        ((*FREE, ok("200 OK", f"{XML}<VersioningConfiguration/>")), True, "its versioning is off"),
        ((*FREE, DENIED), True, "add --plain, or allow s3:GetBucketVersioning"),
    ],
)  # fmt: skip
def test_a_bucket_that_is_not_free_is_refused(
    answers: tuple[Answer, ...], versioned: bool, message: str
) -> None:
    with pytest.raises(UsageError) as refused:
        look(*answers, versioned=versioned)
    assert message in str(refused.value)


def test_scratch_of_earlier_checks_is_found() -> None:
    other = f"{PREFIX}def456-second"
    answers = (
        ok("200 OK", FULL),
        ok("200 OK", VERSIONS.replace(BELOW, other)),
        ok("200 OK", NO_UPLOADS),
    )
    with serving_in_thread(*answers) as server:
        found = scratch_in(boto3_client(target(server), 5), "tofu-state")
    assert found == [PLACE, f"tofu-state/{other}"]
