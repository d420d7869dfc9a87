"""What a reply means for the history: the table, and one operation of each kind on a server."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.evidence.folder import Evidence
from readiness.history import Op, Outcome, Verb
from readiness.history import load as load_history
from readiness.load.bodies import body_of, identify
from readiness.load.operations import MOST_PAGES, Client, _judge, unquote_value
from readiness.redact import Redactor
from readiness.s3.wire import Reply, Target, Wire
from readiness.topology import Endpoint, Keys
from tests.support.http_server import Answer, hang, ok, reset, serving

OK, FAIL, UNKNOWN = Outcome.OK, Outcome.FAIL, Outcome.UNKNOWN
MUTATING = (Verb.WRITE, Verb.CREATE, Verb.CAS, Verb.DELETE)
SILENT = (Verb.READ, Verb.HEAD, Verb.LIST, Verb.HEAD_BUCKET)


@pytest.mark.parametrize(
    ("verb", "definite"),
    [
        (Verb.READ, {200, 404}), (Verb.HEAD, {200, 404}), (Verb.WRITE, {200}), (Verb.CREATE, {200, 412}),
        (Verb.CAS, {200, 404, 412}), (Verb.DELETE, {200, 204}), (Verb.LIST, {200}), (Verb.HEAD_BUCKET, {200, 404}),
    ],
)  # fmt: skip
def test_the_meaning_of_every_status(verb: Verb, definite: set[int]) -> None:
    for status in (200, 204, 206, 301, 307, 400, 403, 404, 409, 412, 429, 500, 501, 502, 503, 504):
        outcome, message = _judge(verb, Reply(status, {}, b""), sent=True)
        assert message == status
        if status in definite:
            assert outcome is OK
        elif status >= 500 and verb in MUTATING:
            assert outcome is UNKNOWN, "a write that was answered with 5xx may have happened"
        else:
            assert outcome is FAIL


@pytest.mark.parametrize("verb", [*MUTATING, *SILENT])
def test_without_a_reply(verb: Verb) -> None:
    assert _judge(verb, None, sent=True) == (UNKNOWN, None)
    assert _judge(verb, None, sent=False) == (FAIL, None)


class Always:
    """A service watch for which everything is in service, or nothing."""

    def __init__(self, ready: bool = True) -> None:
        self.ready = ready

    def in_service(self, _endpoint: Endpoint) -> bool:
        return self.ready


def do(
    tmp_path: Path,
    answer: Answer | list[Answer] | None,
    verb: Verb,
    *,
    ready: bool = True,
    seen: list[str] | None = None,
    **more: Any,
) -> Op:
    """That operation on a server with that answer, or those (None: nothing listens); `seen` gets the requests."""
    answers = answer if isinstance(answer, list) else [answer or ok()]
    evidence = Evidence(tmp_path / "run", Redactor())
    endpoint = Endpoint("one", "", "node", "node-0")

    async def run() -> Op:
        async with serving(*answers) as server:
            url = server.url
            if answer is None:
                with socket.socket() as taken:
                    taken.bind(("127.0.0.1", 0))
                    url = f"http://127.0.0.1:{taken.getsockname()[1]}"
            wire = Wire(Target(url, Keys("AKTEST000000", "secret-of-the-test")))
            watch: Any = Always(ready)
            client = Client("register", "reg-1", {"one": wire}, watch, evidence.recorder("scope"), 0.4)
            done = await client.do(verb, endpoint, "bucket", "key", **more)
            wire.close()
            if seen is not None:
                seen.extend(server.requests)
            if verb in MUTATING and verb is not Verb.DELETE and server.bodies:
                assert identify(server.bodies[0]) == done.op.value
            return done.op

    op = asyncio.run(run())
    evidence.close()
    assert load_history(tmp_path / "run" / "history" / "scope.jsonl") == [op]
    return op


@pytest.mark.parametrize(
    ("answer", "outcome", "error"),
    [
        (ok(), OK, None),
        (ok("503 Slow Down", "<Code>SlowDown</Code>"), UNKNOWN, "HTTP 503 SlowDown"),
        (ok("403 Forbidden", "<Code>AccessDenied</Code>"), FAIL, "HTTP 403 AccessDenied"),
        (None, FAIL, "not sent: ConnectionRefusedError"),
        (reset, UNKNOWN, "no reply: "),
        (hang, UNKNOWN, "no reply: no answer within 0.4 s"),
    ],
)
def test_a_write(tmp_path: Path, answer: Answer | None, outcome: Outcome, error: str | None) -> None:
    op = do(tmp_path, answer, Verb.WRITE, size=300)
    assert op.outcome is outcome
    assert op.value == "scope/reg-1/1"
    assert op.acknowledged is (outcome is OK)
    assert (op.error or "").startswith(error or "")
    assert bool(op.error) is bool(error)
    assert op.invoked <= op.completed


def test_reads_tell_what_they_found(tmp_path: Path) -> None:
    whole = body_of("scope/x/1", 100)
    assert do(tmp_path / "a", ok("200 OK", whole.decode()), Verb.READ).value == "scope/x/1"
    damaged = do(tmp_path / "b", ok("200 OK", whole.decode()[:-1] + "!"), Verb.READ)
    assert (damaged.value or "").startswith("?")
    absent = do(tmp_path / "c", ok("404 Not Found"), Verb.READ)
    assert (absent.outcome, absent.status, absent.value) == (OK, 404, None)
    assert (
        do(tmp_path / "d", ok("200 OK", "", "x-amz-meta-v: scope/x%20y/1"), Verb.HEAD).value == "scope/x y/1"
    )
    assert do(tmp_path / "e", ok("200 OK", ""), Verb.HEAD).value == "?no-metadata"
    broken = do(tmp_path / "f", ok("500 Oh"), Verb.READ)
    assert (broken.outcome, broken.value) == (FAIL, None)


def test_a_listing_and_what_was_not_in_service(tmp_path: Path) -> None:
    listed = do(tmp_path / "a", ok("200 OK", "<Key>a&amp;b</Key><Key>ü</Key>"), Verb.LIST)
    assert listed.keys == ("a&b", "ü")
    assert do(tmp_path / "b", ok("500 Oh"), Verb.LIST).keys is None
    assert do(tmp_path / "c", ok(), Verb.HEAD_BUCKET, ready=False).in_service is False


def page(keys: str, token: str | None = None) -> Answer:
    """One page of a listing; with a token it says that it is not the last."""
    more = f"<NextContinuationToken>{token}</NextContinuationToken>" if token else ""
    entries = "".join(f"<Contents><Key>{key}</Key></Contents>" for key in keys)
    return ok("200 OK", f"<IsTruncated>{'true' if token else 'false'}</IsTruncated>{more}{entries}")


def test_a_listing_is_read_to_its_last_page(tmp_path: Path) -> None:
    requests: list[str] = []
    listed = do(
        tmp_path / "a", [page("ab", "x/+&amp;y"), page("cd", "z"), page("e")], Verb.LIST, seen=requests
    )
    assert listed.keys == ("a", "b", "c", "d", "e")
    assert [request.split()[1].partition("&prefix=key")[2] for request in requests] == [
        "",
        "&continuation-token=x%2F%2B%26y",
        "&continuation-token=z",
    ]


@pytest.mark.parametrize(
    ("last", "outcome"),
    [(ok("503 Slow Down"), FAIL), (hang, UNKNOWN), (reset, UNKNOWN), (ok("404 Not Found"), FAIL)],
    ids=["503", "silence", "reset", "404"],
)
def test_a_listing_with_a_page_that_did_not_come_says_nothing(
    tmp_path: Path, last: Answer, outcome: Outcome
) -> None:
    listed = do(tmp_path, [page("ab", "x"), last], Verb.LIST)
    assert (listed.outcome, listed.keys) == (outcome, None)


def test_a_listing_that_never_ends_is_left(tmp_path: Path) -> None:
    """A token that comes again, none where one is due, and ever new ones."""
    assert do(tmp_path / "a", [page("ab", "x"), page("c", "x")], Verb.LIST).keys == ("a", "b", "c")
    missing = ok("200 OK", "<IsTruncated>true</IsTruncated><Key>a</Key>")
    assert do(tmp_path / "b", missing, Verb.LIST).keys == ("a",)
    endless = [page("a", str(number)) for number in range(MOST_PAGES + 5)]
    assert len(do(tmp_path / "c", endless, Verb.LIST).keys or ()) == MOST_PAGES


def test_conditions_are_sent(tmp_path: Path) -> None:
    refused = do(tmp_path / "a", ok("412 Precondition Failed"), Verb.CREATE)
    assert (refused.outcome, refused.status, refused.acknowledged) == (OK, 412, False)
    changed = do(tmp_path / "b", ok(), Verb.CAS, expected="old", etag="abc", fresh=True)
    assert (changed.expected, changed.connection, changed.acknowledged) == ("old", "new", True)


@given(
    st.text(st.characters(codec="utf-8", exclude_characters="\n"), min_size=1, max_size=20),
    st.integers(0, 2000),
)
def test_bodies_name_themselves_and_every_damage_shows(value: str, size: int) -> None:
    body = body_of(value, size)
    assert len(body) >= size
    assert identify(body) == value
    for damaged in (body[:-1], body + b"x", body.replace(b"\n", b"", 1), b"x" + body):
        assert identify(damaged) != value
    flipped = bytearray(body_of(value, size + 200))
    flipped[-1 - size // 2] ^= 1
    assert identify(bytes(flipped)) != value


def test_foreign_bodies_and_headers() -> None:
    assert identify(b"").startswith("?0:")
    assert identify(b"\xff\xfe 3\n").startswith("?")
    assert identify(b"no size\n").startswith("?")
    assert unquote_value(None) == "?no-metadata"
    assert body_of("a") != body_of("b")
