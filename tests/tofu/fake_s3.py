"""An S3 store in this process, as small as tofu and boto3 need, with defects that a test can switch on. No
signatures are checked."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from readiness.s3.removal import PREFIX
from readiness.topology import Endpoint
from tests.support.handler_server import POLL_SECONDS

DELETED = re.compile(r"<Object><Key>(.*?)</Key><VersionId>(.*?)</VersionId></Object>")


@dataclass
class Row:
    id: str
    body: bytes | None  # None: a delete marker

    @property
    def etag(self) -> str:
        return f'"{hashlib.md5(self.body or b"", usedforsecurity=False).hexdigest()}"'


@dataclass
class FakeS3:
    """Keys with all their versions, newest last, behind any number of ports.

    Defects, by a predicate on (method, key, port): `absent` answers 404, `broken` 500, `hangs` waits until `thawed`,
    `lose_answer` (which is also given the status) does it and closes the connection without an answer,
    `ignore_condition` ignores If-None-Match, `unlisted` leaves keys out of LIST. `refuses` answers 501 to a
    request with a header of that beginning. Nothing is encrypted; `shows` are header fields of every answer to GET
    and HEAD.
    """

    rows: dict[str, list[Row]] = field(default_factory=dict)
    absent: Callable[[str, str, int], bool] = lambda method, key, port: False
    broken: Callable[[str, str, int], bool] = lambda method, key, port: False
    hangs: Callable[[str, str, int], bool] = lambda method, key, port: False
    lose_answer: Callable[[str, str, int, int], bool] = lambda method, key, port, status: False
    ignore_condition: bool = False
    unlisted: Callable[[str, int], bool] = lambda key, port: False
    refuses: str = ""
    shows: dict[str, str] = field(default_factory=dict)
    thawed: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)
    requests: list[tuple[str, str, int, int]] = field(default_factory=list)
    servers: list[ThreadingHTTPServer] = field(default_factory=list)
    count: int = 0
    erased: list[Row] = field(default_factory=list)
    """Versions that were deleted by their id, in that order."""
    made: set[str] = field(default_factory=set)
    """Buckets that were made."""

    def listen(self, name: str, *, service: bool = False) -> Endpoint:
        server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        server.daemon_threads = True
        server.store = self  # type: ignore[attr-defined]
        self.servers.append(server)
        threading.Thread(target=server.serve_forever, args=(POLL_SECONDS,), daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        return Endpoint(name, url) if service else Endpoint(name, url, node=name, instance=name)

    def close(self) -> None:
        self.thawed.set()
        for server in self.servers:
            server.shutdown()
            server.server_close()

    def current(self, key: str) -> Row | None:
        rows = self.rows.get(key)
        return rows[-1] if rows and rows[-1].body is not None else None

    def add(self, key: str, body: bytes | None) -> Row:
        self.count += 1
        row = Row(f"v{self.count:06d}", body)
        self.rows.setdefault(key, []).append(row)
        return row


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass

    @property
    def store(self) -> FakeS3:
        return self.server.store  # type: ignore[attr-defined, no-any-return]

    def _handle(self) -> None:
        where = urlsplit(self.path)
        _, _, key = unquote(where.path).lstrip("/").partition("/")
        query = {name: values[0] for name, values in parse_qs(where.query, keep_blank_values=True).items()}
        body = self._body()
        store, port = self.store, self.server.server_port  # type: ignore[attr-defined]
        if store.hangs(self.command, key, port):
            store.thawed.wait(60)
        status, answer = 404, b""
        headers: dict[str, str] = {}
        if store.broken(self.command, key, port):
            status, answer = 500, _error("InternalError")
        elif store.absent(self.command, key, port):
            status, answer = 404, _error("NoSuchKey")
        else:
            status, headers, answer = self._answer(key, query, body)
        store.requests.append((self.command, key, port, status))
        if store.lose_answer(self.command, key, port, status):
            self.close_connection = True
            return
        self.send_response(status)
        headers.setdefault("Content-Length", str(len(answer)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer)

    do_GET = do_HEAD = do_PUT = do_DELETE = do_POST = _handle  # noqa: N815

    def _body(self) -> bytes:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if "aws-chunked" not in self.headers.get("Content-Encoding", ""):
            return body
        plain = b""
        while body:
            size, _, body = body.partition(b"\r\n")
            length = int(size.split(b";")[0], 16)
            if not length:
                break
            plain, body = plain + body[:length], body[length + 2 :]
        return plain

    def _answer(self, key: str, query: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        store = self.store
        if not key:
            return self._bucket(query, body)
        if store.refuses and any(name.lower().startswith(store.refuses) for name in self.headers):
            return 501, {}, _error("NotImplemented")
        if self.command in ("GET", "HEAD"):
            with store.lock:
                row = store.current(key)
                if "versionId" in query:
                    row = next((old for old in store.rows.get(key, []) if old.id == query["versionId"]), None)
            if row is None or row.body is None:
                return 404, {}, _error("NoSuchKey")
            fields = {"ETag": row.etag, "Content-Length": str(len(row.body)), **store.shows}
            return 200, fields, row.body
        with store.lock:
            if self.command == "DELETE" and "versionId" in query:
                store.erased += [row for row in store.rows.get(key, []) if row.id == query["versionId"]]
                store.rows[key] = [row for row in store.rows.get(key, []) if row.id != query["versionId"]]
                return 204, {}, b""
            if self.command == "DELETE":
                store.add(key, None)
                return 204, {}, b""
            if source := self.headers.get("x-amz-copy-source"):
                path, _, version = unquote(source).partition("?versionId=")
                old = next(row for row in store.rows[path.lstrip("/").partition("/")[2]] if row.id == version)
                row = store.add(key, old.body)
                return 200, {}, f"<CopyObjectResult><ETag>{row.etag}</ETag></CopyObjectResult>".encode()
            conditional = self.headers.get("If-None-Match") and not store.ignore_condition
            if conditional and store.current(key):
                return 412, {}, _error("PreconditionFailed")
            return 200, {"ETag": store.add(key, body).etag}, b""

    def _bucket(self, query: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        """A scratch bucket is there once it was made; every other is there."""
        name = urlsplit(self.path).path.strip("/")
        if not name:
            listed = "".join(f"<Bucket><Name>{made}</Name></Bucket>" for made in sorted(self.store.made))
            text = f"<ListAllMyBucketsResult><Buckets>{listed}</Buckets></ListAllMyBucketsResult>"
            return 200, {}, text.encode()
        if self.command == "PUT":
            self.store.made.add(name)
        if self.command == "POST" and "delete" in query:
            self._delete_versions(body)
            return 200, {}, b"<DeleteResult></DeleteResult>"
        if name.startswith(PREFIX) and name not in self.store.made:
            return 404, {}, _error("NoSuchBucket")
        if self.command == "DELETE":
            self.store.made.discard(name)
        return 200, {}, self._list(query)

    def _delete_versions(self, body: bytes) -> None:
        for key, version in DELETED.findall(body.decode()):
            with self.store.lock:
                self.store.rows[key] = [row for row in self.store.rows.get(key, []) if row.id != version]

    def _list(self, query: dict[str, str]) -> bytes:
        if "versions" not in query:
            return self._keys(query.get("prefix", ""))
        rows = []
        with self.store.lock:
            for key, versions in self.store.rows.items():
                if not key.startswith(query.get("prefix", "")):
                    continue
                for row in reversed(versions):
                    kind = "DeleteMarker" if row.body is None else "Version"
                    when = datetime.fromtimestamp(1_700_000_000 + int(row.id[1:]), UTC).isoformat()
                    rows.append(
                        f"<{kind}><Key>{escape(key)}</Key><VersionId>{row.id}</VersionId>"
                        f"<IsLatest>{str(row is versions[-1]).lower()}</IsLatest>"
                        f"<LastModified>{when}</LastModified></{kind}>"
                    )
        return f"<ListVersionsResult>{''.join(rows)}</ListVersionsResult>".encode()

    def _keys(self, prefix: str) -> bytes:
        store, port = self.store, self.server.server_port  # type: ignore[attr-defined]
        with store.lock:
            keys = [key for key in store.rows if key.startswith(prefix) and store.current(key)]
        rows = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>1</Size></Contents>"
            for key in sorted(keys)
            if not store.unlisted(key, port)
        )
        return f"<ListBucketResult><IsTruncated>false</IsTruncated>{rows}</ListBucketResult>".encode()


def _error(code: str) -> bytes:
    return f"<Error><Code>{code}</Code><Message>{code}</Message></Error>".encode()
