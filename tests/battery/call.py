"""One request to a lying store, as its defect sees it: what was asked, and what can be done about it."""

from __future__ import annotations

import html
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import parse_qsl, quote, unquote

from readiness.s3.wire import NoReply, NotSent, Wire
from tests.battery.http import Broken, Message, Reply
from tests.battery.world import World

_UNSIGNED = (
    "authorization",
    "host",
    "content-length",
    "connection",
    "accept-encoding",
    "user-agent",
    "x-amz-date",
    "x-amz-content-sha256",
    "x-amz-security-token",
    "amz-sdk-invocation-id",
    "amz-sdk-request",
    "expect",
    "accept",
)
SECONDS = 20.0


class Link(Protocol):
    """The client's own connection to the real endpoint."""

    async def exchange(self, message: Message) -> Reply:
        """Send the request as it came, and wait for the answer. Raises Broken."""
        ...


@dataclass
class Call:
    """One request. `nth` counts the requests of its connection, from 1. `body_seconds`: from its head to the end of its
    body.
    """

    world: World
    endpoint: str
    node: str | None
    message: Message
    nth: int
    link: Link
    wires: Mapping[str, Wire]
    body_seconds: float = 0.0

    def __post_init__(self) -> None:
        path, _, self.raw_query = self.message.target.partition("?")
        bucket, _, key = path.lstrip("/").partition("/")
        self.method, self.bucket, self.key = self.message.method, unquote(bucket), unquote(key)
        self.query = dict(parse_qsl(self.raw_query, keep_blank_values=True))

    # -- what was asked

    def header(self, name: str) -> str | None:
        """A field of the request."""
        return self.message.get(name)

    @property
    def at(self) -> tuple[str, str]:
        """Bucket and key."""
        return self.bucket, self.key

    @property
    def reads(self) -> bool:
        """GET or HEAD of an object as it is now."""
        return self.method in ("GET", "HEAD") and bool(self.key) and not self.query.keys() - {"x-id"}

    @property
    def writes(self) -> bool:
        """PUT of a whole object, no copy."""
        return (
            self.method == "PUT"
            and bool(self.key)
            and not self.query.keys() - {"x-id"}
            and self.header("x-amz-copy-source") is None
        )

    @property
    def plain_write(self) -> bool:
        """PUT of a whole object without a condition."""
        return self.writes and not self.creates and self.header("if-match") is None

    @property
    def creates(self) -> bool:
        """PUT with `If-None-Match: *`."""
        return self.writes and self.header("if-none-match") == "*"

    @property
    def deletes(self) -> bool:
        """DELETE of an object, not of one version."""
        return self.method == "DELETE" and bool(self.key) and not self.query.keys() - {"x-id"}

    @property
    def lists(self) -> bool:
        """LIST of a bucket's objects."""
        names = {"versions", "uploads", "versioning", "location", "tagging"}
        return self.method == "GET" and bool(self.bucket) and not self.key and not self.query.keys() & names

    @property
    def versioned(self) -> bool:
        """A bucket that the suite made with versions."""
        return self.bucket.endswith("-versioned")

    @property
    def suspended(self) -> bool:
        """A bucket that the suite made with versions, and whose versioning it suspended."""
        return self.bucket.endswith("-suspended")

    # -- what can be done

    async def forward(self) -> Reply:
        """What the real store says."""
        return await self.link.exchange(self.message)

    async def own(
        self,
        method: str,
        bucket: str,
        key: str = "",
        *,
        query: str = "",
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        through: str | None = None,
    ) -> Reply:
        """A request of the store's own, with the administrator's credential. Raises Broken."""
        try:
            wire = self.wires[through or self.endpoint]
            got = await wire.request(
                method, bucket, key, query=query, headers=headers, body=body, seconds=SECONDS
            )
        except (NoReply, NotSent) as error:
            raise Broken(str(error)) from None
        return Reply(
            got.status, [(k.encode(), v.encode("latin-1")) for k, v in got.headers.items()], got.body
        )

    async def again(
        self,
        *,
        without: tuple[str, ...] = (),
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Reply:
        """This request with other header fields or another body, signed anew with the administrator's credential."""
        fields = self.message.without((*_UNSIGNED, *without))
        sent = {name.decode(): value.decode("latin-1") for name, value in fields} | dict(headers or {})
        return await self.own(
            self.method,
            self.bucket,
            self.key,
            query=self.raw_query,
            headers=sent,
            body=self.message.body if body is None else body,
        )

    async def unconditional(self) -> Reply:
        """This PUT without its condition."""
        return await self.again(without=("if-none-match", "if-match"))

    async def exists(self) -> bool:
        """Whether the object is there now."""
        return (await self.own("HEAD", self.bucket, self.key)).status == 200

    async def version_ids(self) -> list[str]:
        """Versions of this key, newest first, without delete markers."""
        query = f"prefix={quote(self.key, safe='')}&versions="
        text = (await self.own("GET", self.bucket, query=query)).body.decode()
        found = re.findall(r"<Version>(.*?)</Version>", text, re.DOTALL)
        rows = [(_tag("Key", row), _tag("VersionId", row)) for row in found]
        return [version for key, version in rows if key == self.key]


Act = Callable[[Call], Awaitable[Reply]]


def _tag(name: str, text: str) -> str:
    found = re.search(f"<{name}>(.*?)</{name}>", text, re.DOTALL)
    return html.unescape(found[1]) if found else ""


def error(status: int, code: str, message: str = "said by a defect") -> Reply:
    """An error as S3 writes it."""
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>'
    return Reply(status, [(b"Content-Type", b"application/xml")], body.encode())


def no_such_key() -> Reply:
    """404, as for an object that was never there."""
    return error(404, "NoSuchKey", "The specified key does not exist.")


def refused() -> Reply:
    """412, as for a condition that does not hold."""
    return error(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")


def accepted(call: Call) -> Reply:
    """200, as for a PUT that was done."""
    import hashlib

    etag = hashlib.md5(call.message.body, usedforsecurity=False).hexdigest()
    reply = Reply(200, [(b"ETag", f'"{etag}"'.encode())])
    if call.versioned:
        reply.set("x-amz-version-id", f"01J{call.world.rng.getrandbits(60):015x}")
    return reply
