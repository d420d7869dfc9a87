"""One recorded operation through one endpoint: what the reply means for the history."""

from __future__ import annotations

import html
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from urllib.parse import quote, unquote

from readiness.evidence.folder import Recorder
from readiness.history import READS, WRITES, Op, Outcome, Verb
from readiness.load.bodies import body_of, identify
from readiness.load.service import ServiceWatch
from readiness.s3.wire import NoReply, NotSent, Reply, Wire
from readiness.topology import Endpoint

_METHOD = {
    Verb.READ: "GET",
    Verb.HEAD: "HEAD",
    Verb.READ_VERSION: "GET",
    Verb.WRITE: "PUT",
    Verb.CREATE: "PUT",
    Verb.CAS: "PUT",
    Verb.DELETE: "DELETE",
    Verb.LIST: "GET",
    Verb.HEAD_BUCKET: "HEAD",
}
_DEFINITE = {
    Verb.READ: (200, 404),
    Verb.HEAD: (200, 404),
    Verb.READ_VERSION: (200, 404),
    Verb.WRITE: (200,),
    Verb.CREATE: (200, 412),
    Verb.CAS: (200, 412, 404),
    Verb.DELETE: (200, 204),
    Verb.LIST: (200,),
    Verb.HEAD_BUCKET: (200, 404),
}
_KEY = re.compile(r"<Key>(.*?)</Key>", re.DOTALL)
_TOKEN = re.compile(r"<NextContinuationToken>(.*?)</NextContinuationToken>", re.DOTALL)
MOST_PAGES = 100
"""A listing is not followed further, so that a store whose pages never end does not hold the run."""


@dataclass(frozen=True)
class Done:
    """An operation as recorded, with the ETag that came back (or that a reader found)."""

    op: Op
    etag: str | None


class Client:
    """Does operations for one process (a client that has at most one operation at a time) and records them."""

    def __init__(
        self,
        workload: str,
        process: str,
        wires: dict[str, Wire],
        watch: ServiceWatch,
        recorder: Recorder,
        seconds: float,
    ) -> None:
        self.workload, self.process = workload, process
        self._wires, self._watch, self._recorder, self._seconds = wires, watch, recorder, seconds
        self._written = 0

    def fresh_value(self) -> str:
        """A value id that no other write of the run has."""
        self._written += 1
        return f"{self._recorder.scope}/{self.process}/{self._written}"

    async def do(
        self,
        verb: Verb,
        endpoint: Endpoint,
        bucket: str,
        key: str = "",
        *,
        value: str | None = None,
        expected: str | None = None,
        etag: str | None = None,
        size: int = 0,
        fresh: bool = False,
        version: str | None = None,
        copied: str | None = None,
        rest_at: float | None = None,
    ) -> Done:
        """One operation; `etag` is the ETag of `expected` for a CAS. `version` is the id that a READ_VERSION asks for,
        or with a WRITE the id of the version of the key `copied`, with the body `value`, that is copied to `key` in the
        same bucket. `rest_at`: the loop's time before which the second half of the body is not sent. Never raises for
        what the store does.

        A LIST is one operation from its first page to its last. Each page has the time limit of a request, and a page
        that does not come as it should decides the outcome.
        """
        if verb in WRITES and verb is not Verb.DELETE:
            value = value or self.fresh_value()
        copy = None if copied is None else f"{bucket}/{quote(copied, safe='/')}?{_of(version)}"
        headers, body = _sent(verb, value or "", etag, size, copy)
        query = _query(verb, key, version)
        in_service = self._watch.in_service(endpoint)
        invoked = self._recorder.now()
        reply: Reply | None = None
        error: str | None = None
        keys: tuple[str, ...] | None = None
        sent = True
        ask = partial(
            self._wires[endpoint.name].request,
            _METHOD[verb],
            bucket,
            "" if verb in (Verb.LIST, Verb.HEAD_BUCKET) else key,
            headers=headers,
            body=body,
            fresh=fresh,
            seconds=self._seconds,
            rest_at=rest_at,
        )
        try:
            if verb is Verb.LIST:
                reply, keys = await _all_pages(ask, query)
            else:
                reply = await ask(query=query)
        except NotSent as problem:
            error, sent = f"not sent: {problem}", False
        except NoReply as problem:
            error = f"no reply: {problem}"
        outcome, status = _judge(verb, reply, sent=sent)
        if copy and outcome is Outcome.OK and reply is not None and reply.code:
            outcome = Outcome.UNKNOWN  # an error in the body of a 200: the copy began
        if reply is not None and outcome is not Outcome.OK:
            error = f"HTTP {reply.status} {reply.code or ''}".strip()
        found = value
        if verb in READS or verb is Verb.READ_VERSION:
            found = _found(verb, reply) if outcome is Outcome.OK else None
        op = self._recorder.record(
            workload=self.workload,
            process=self.process,
            endpoint=endpoint.name,
            verb=verb,
            bucket=bucket,
            key=key,
            invoked=round(invoked, 6),
            completed=round(self._recorder.now(), 6),
            outcome=outcome,
            status=status,
            value=found,
            expected=expected,
            error=error,
            in_service=in_service,
            connection="new" if fresh else "reused",
            keys=keys if outcome is Outcome.OK else None,
            version=version if verb is Verb.READ_VERSION else _version(reply),
        )
        return Done(op, reply.etag if reply is not None and outcome is Outcome.OK else None)


def _sent(
    verb: Verb, value: str, etag: str | None, size: int, copy: str | None
) -> tuple[dict[str, str], bytes]:
    """Headers and body of a request. `copy`: the source of a write that has no body of its own."""
    headers, body = {}, b""
    if copy is not None:
        headers["x-amz-copy-source"] = copy
    elif verb in WRITES and verb is not Verb.DELETE:
        body = body_of(value, size)
        headers["x-amz-meta-v"] = quote(value, safe="/")
    if verb is Verb.CREATE:
        headers["if-none-match"] = "*"
    elif verb is Verb.CAS:
        headers["if-match"] = f'"{etag}"'
    return headers, body


def _query(verb: Verb, key: str, version: str | None) -> str:
    if verb is Verb.LIST:
        return f"list-type=2&max-keys=1000&prefix={quote(key, safe='')}"
    return _of(version) if verb is Verb.READ_VERSION else ""


def _of(version: str | None) -> str:
    return f"versionId={quote(version or '', safe='')}"


def _judge(verb: Verb, reply: Reply | None, *, sent: bool) -> tuple[Outcome, int | None]:
    if reply is None:
        return (Outcome.UNKNOWN if sent else Outcome.FAIL), None
    if reply.status in _DEFINITE[verb]:
        return Outcome.OK, reply.status
    if reply.status >= 500 and verb in WRITES:
        return Outcome.UNKNOWN, reply.status
    return Outcome.FAIL, reply.status


def _found(verb: Verb, reply: Reply | None) -> str | None:
    if reply is None or reply.status != 200:
        return None
    if verb in (Verb.READ, Verb.READ_VERSION):
        return identify(reply.body)
    return unquote_value(reply.headers.get("x-amz-meta-v"))


def _version(reply: Reply | None) -> str | None:
    return reply.headers.get("x-amz-version-id") if reply else None


def unquote_value(header: str | None) -> str:
    """The value id in an object's metadata; `?no-metadata` if the store did not keep it."""
    return unquote(header) if header else "?no-metadata"


async def _all_pages(ask: Callable[..., Awaitable[Reply]], query: str) -> tuple[Reply, tuple[str, ...]]:
    """The last page of a listing, or the first answer that is no page, and the keys of all pages in order.

    A page that says that it is not the last and names no new place to go on from is taken for the last.
    """
    keys: list[str] = []
    seen = set[str]()
    page = await ask(query=query)
    while page.status == 200:
        text = page.body.decode("utf-8", "replace")
        keys += map(html.unescape, _KEY.findall(text))
        found = _TOKEN.search(text) if "<IsTruncated>true</IsTruncated>" in text else None
        if found is None or found[1] in seen or len(seen) + 1 >= MOST_PAGES:
            break
        seen.add(found[1])
        token = quote(html.unescape(found[1]), safe="")
        page = await ask(query=f"{query}&continuation-token={token}")
    return page, tuple(keys)
