"""A small asynchronous S3 client for recorded operations: no retry, no redirect, no hidden reconnect.

SDKs hide what a history must show: they retry, they reconnect, and they do not say whether a request ever
left the machine. Here every request ends in exactly one of three ways: a `Reply`; `NotSent` (no connection:
it certainly had no effect); `NoReply` (something was sent and no whole answer came back in time: it may have
happened, then or later). Signing is botocore's, HTTP/1.1 framing h11's.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote, urlsplit

import h11
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from readiness.limits import ANSWER_BYTES, SizeLimit
from readiness.s3 import below
from readiness.topology import Keys


class NotSent(Exception):
    """No connection could be made: the request certainly had no effect."""


class NoReply(Exception):
    """The request was sent, at least in part, and no whole answer came back: it may have happened."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def etag(self) -> str | None:
        """The ETag without its quotes."""
        got = self.headers.get("etag")
        return got.strip('"') if got else None

    @property
    def code(self) -> str | None:
        """The S3 error code of an error body, if it has one."""
        start = self.body.find(b"<Code>")
        end = self.body.find(b"</Code>", start)
        return self.body[start + 6 : end].decode("utf-8", "replace") if 0 <= start < end else None


@dataclass(frozen=True)
class Target:
    """One S3 URL with the credential and the dialect to speak to it.

    `via`: where to dial instead of the URL's host and port; names, certificate and signature stay the URL's.
    """

    url: str
    keys: Keys
    region: str = "us-east-1"
    virtual: bool = False
    ca_bundle: str | None = None
    via: tuple[str, int] | None = None


class Wire:
    """Requests to one endpoint, each on a new connection or on one kept from an earlier request."""

    def __init__(self, target: Target) -> None:
        split = urlsplit(target.url)
        self.target = target
        self._tls = ssl.create_default_context(cafile=target.ca_bundle) if split.scheme == "https" else None
        self._scheme, self._netloc = split.scheme, split.netloc
        self._host = split.hostname or ""
        self._port = split.port or (443 if self._tls else 80)
        self._signer = S3SigV4Auth(
            Credentials(target.keys.access_key, target.keys.secret_key), "s3", target.region
        )
        self._idle: list[_Connection] = []

    async def request(
        self,
        method: str,
        bucket: str = "",
        key: str = "",
        *,
        query: str = "",
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        signed: bytes | None = None,
        fresh: bool = False,
        seconds: float = 3.0,
        connect_seconds: float | None = None,
        rest_at: float | None = None,
    ) -> Reply:
        """One request, at most `seconds` from dial (or `rest_at`) to last byte. Raises NotSent or NoReply.

        `signed`: the body whose SHA-256 the signature covers, where it is not the one that is sent. `bucket` may be one
        below a prefix (readiness.s3.below). `rest_at`: the loop's time before which the second half of the body is not
        sent, as if a packet had been lost on the way. Nothing more is sent once the store has answered.
        """
        bucket, prefix = below.split(bucket)
        listed = bool(prefix) and not key
        if listed:
            query = below.query_of(method, query, prefix)
        elif prefix:
            key = prefix + key
        url, fields = self._sign(
            method, bucket, key, query, dict(headers or {}), body if signed is None else signed
        )
        fields += [("content-length", str(len(body)))] if body or method in ("PUT", "POST") else []
        loop = asyncio.get_running_loop()
        deadline = max(loop.time(), rest_at or 0.0) + seconds
        connection = None if fresh else self._take_idle()
        if connection is None:
            dial = min(seconds, connect_seconds) if connect_seconds else seconds
            at = self.target.via or (self._host, self._port)
            connection = await _Connection.dial(at, self._host, self._tls, dial)
        try:
            async with asyncio.timeout_at(deadline):
                reply, reusable = await connection.exchange(method, url, fields, body, rest_at)
        except TimeoutError:
            connection.close()
            raise NoReply(f"no answer within {seconds:g} s") from None
        except (OSError, h11.ProtocolError, EOFError) as error:
            connection.close()
            raise NoReply(f"{type(error).__name__}: {error}") from None
        except BaseException:
            connection.close()
            raise
        if reusable and not fresh:
            self._idle.append(connection)
        else:
            connection.close()
        return replace(reply, body=below.body_of(reply.body, prefix)) if listed else reply

    def close(self) -> None:
        """Close the kept connections."""
        while self._idle:
            self._idle.pop().close()

    def _take_idle(self) -> _Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.usable():
                return connection
            connection.close()
        return None

    def _sign(
        self, method: str, bucket: str, key: str, query: str, headers: dict[str, str], body: bytes
    ) -> tuple[str, list[tuple[str, str]]]:
        netloc, path = self._netloc, "/"
        if bucket and self.target.virtual:
            netloc = f"{bucket}.{netloc}"
        elif bucket:
            path += bucket
        if key:
            path = f"{path.rstrip('/')}/{quote(key, safe='/~')}"
        url = path + (f"?{query}" if query else "")
        request = AWSRequest(method, f"{self._scheme}://{netloc}{url}", headers, body)
        if self.target.keys.access_key:
            self._signer.add_auth(request)
        fields = [("host", netloc), *((name, str(value)) for name, value in request.headers.items())]
        return url, fields


def close(wires: Iterable[Wire]) -> None:
    """Close the kept connections of them all."""
    for wire in wires:
        wire.close()


class _Connection:
    """One TCP (or TLS) connection with its HTTP/1.1 state."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._http = h11.Connection(h11.CLIENT)

    @classmethod
    async def dial(
        cls, at: tuple[str, int], name: str, tls: ssl.SSLContext | None, seconds: float
    ) -> _Connection:
        try:
            async with asyncio.timeout(seconds):
                return cls(
                    *await asyncio.open_connection(*at, ssl=tls, server_hostname=name if tls else None)
                )
        except TimeoutError:
            raise NotSent(f"no connection within {seconds:g} s") from None
        except OSError as error:
            raise NotSent(f"{type(error).__name__}: {error.strerror or error}") from None

    def usable(self) -> bool:
        return not self._reader.at_eof() and not self._writer.is_closing()

    async def exchange(
        self,
        method: str,
        url: str,
        headers: list[tuple[str, str]],
        body: bytes,
        rest_at: float | None = None,
    ) -> tuple[Reply, bool]:
        data = self._http.send(h11.Request(method=method, target=url, headers=headers)) or b""
        early = None
        if rest_at is not None:
            half = len(body) // 2
            self._writer.write(data + self._framed(body[:half]))
            data, body = b"", body[half:]
            early = await self._answer_until(rest_at)
        if early is None:
            self._writer.write(data + self._framed(body) + (self._http.send(h11.EndOfMessage()) or b""))
            await self._writer.drain()
        else:
            self._received(early)
        return await self._reply()

    def _framed(self, body: bytes) -> bytes:
        return (self._http.send(h11.Data(data=body)) or b"") if body else b""

    async def _answer_until(self, moment: float) -> bytes | None:
        """What comes before that time of the loop; None if nothing does."""
        try:
            async with asyncio.timeout_at(moment):
                return await self._reader.read(65536)
        except TimeoutError:
            return None

    def _received(self, chunk: bytes) -> None:
        self._http.receive_data(chunk)
        if not chunk and self._http.their_state is h11.SEND_RESPONSE:
            raise EOFError("connection closed without an answer")

    async def _reply(self) -> tuple[Reply, bool]:
        http = self._http
        status, got, parts = 0, {}, []
        limit = SizeLimit(ANSWER_BYTES)
        while True:
            event = http.next_event()
            if event is h11.NEED_DATA:
                self._received(await self._reader.read(65536))
            elif isinstance(event, h11.Response):
                status = event.status_code
                got = {name.decode("latin-1"): value.decode("latin-1") for name, value in event.headers}
            elif isinstance(event, h11.Data):
                limit.count(len(event.data))
                parts.append(bytes(event.data))
            elif isinstance(event, h11.EndOfMessage):
                break
            elif isinstance(event, h11.ConnectionClosed):
                raise EOFError("connection closed in the middle of an answer")
        reusable = http.our_state is h11.DONE and http.their_state is h11.DONE
        if reusable:
            http.start_next_cycle()
        return Reply(status, got, b"".join(parts)), reusable

    def close(self) -> None:
        self._writer.transport.abort()
