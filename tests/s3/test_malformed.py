"""A success whose body is no answer to the request is a wrong answer of the store, said with its first bytes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from readiness.s3.boto3_library import boto3_client
from readiness.s3.clients import libraries
from readiness.s3.library import Answered, Library, Malformed, Unanswered, translate
from readiness.s3.wire import Target
from readiness.topology import Keys
from tests.support.http_server import close, ok
from tests.support.thread_server import serving_in_thread

KEYS = Keys("AKTEST", "secret-of-the-test")
XML = "Content-Type: application/xml"
LISTS: dict[str, Callable[[Library], object]] = {
    "list-buckets": lambda library: library.list_buckets(),
    "list": lambda library: library.list_keys("bucket", ""),
    "versions": lambda library: library.versions("bucket", ""),
}
ROW = "<Size>many</Size><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>x</ETag>"
LIBRARIES = pytest.mark.parametrize("number", [0, 1], ids=["boto3", "minio"])


def asked(body: str, number: int, call: Callable[[Library], object], status: str = "200 OK") -> Answered:
    with serving_in_thread(ok(status, body, XML)) as server, pytest.raises(Answered) as caught:
        call(libraries(Target(server.url, KEYS), 2.0)[number])
    return caught.value


@LIBRARIES
@pytest.mark.parametrize("call", LISTS.values(), ids=LISTS)
@pytest.mark.parametrize("body", ["", "<Listing", '{"buckets": []}', "Hello, token=canary-1"])
def test_a_body_that_is_no_xml(number: int, call: Callable[[Library], object], body: str) -> None:
    error = asked(body, number, call)
    assert isinstance(error, Malformed)
    assert error.status == 200
    assert error.first == body.replace("canary-1", "[removed]")
    assert error.first in str(error)


@pytest.mark.parametrize("call", LISTS.values(), ids=LISTS)
def test_a_page_of_something_else_is_no_empty_list_for_boto3(call: Callable[[Library], object]) -> None:
    error = asked("<html><body>It works!</body></html>", 0, call)
    assert isinstance(error, Malformed)
    assert "It works!" in str(error)


@pytest.mark.parametrize(
    "body", ["<ListAllMyBucketsResult/>", "<ListBucketResult><Contents/></ListBucketResult>"]
)
def test_boto3_without_the_buckets(body: str) -> None:
    """Today's `KeyError: 'Buckets'`."""
    error = asked(body, 0, LISTS["list-buckets"])
    assert isinstance(error, Malformed)
    assert "Buckets" in str(error)
    with serving_in_thread(ok("200 OK", body, XML)) as server:
        client = boto3_client(Target(server.url, KEYS), 2.0)
        with pytest.raises(Malformed):
            translate(client.list_buckets)


@LIBRARIES
def test_a_row_that_lacks_its_key_or_says_no_number(number: int) -> None:
    page = f"<ListBucketResult><Contents>{ROW}</Contents></ListBucketResult>"
    assert isinstance(asked(page, number, LISTS["list"]), Malformed)


def test_a_put_without_an_etag() -> None:
    error = asked("", 0, lambda library: library.put("bucket", "key", b"x", "v"))
    assert isinstance(error, Malformed)
    assert "ETag" in str(error)


@LIBRARIES
@pytest.mark.parametrize("body", ["", "<html>busy</html>", "<Error><Code"])
def test_an_error_status_is_an_answer_whatever_its_body(number: int, body: str) -> None:
    error = asked(body, number, LISTS["list"], "503 Service Unavailable")
    assert error.status == 503
    assert not isinstance(error, Malformed)


@LIBRARIES
def test_no_answer_is_not_a_wrong_answer(number: int) -> None:
    with serving_in_thread(close) as server, pytest.raises(Unanswered):
        libraries(Target(server.url, KEYS), 2.0)[number].list_buckets()


def test_a_mistake_of_the_suite_is_not_the_stores() -> None:
    with pytest.raises(KeyError):
        translate(lambda: dict[str, str]()["Buckets"])
