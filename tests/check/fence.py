"""A fence in front of a store: it admits one bucket alone, as a policy would, and notes what was asked for."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, unquote, urlsplit

from tests.support.handler_server import handled_by

DENIED = b"<Error><Code>AccessDenied</Code><Message>only one bucket is yours</Message></Error>"
_OF_CONNECTIONS = ("connection", "transfer-encoding", "content-length")
READS = ("list-type", "versions", "uploads", "object-lock", "versioning", "prefix", "max-keys")


class Fence:
    """`written`: method and key of what changed something; `denied`: what was refused."""

    def __init__(self, bucket: str) -> None:
        self.bucket = bucket
        self.url = ""
        self.written: list[tuple[str, str]] = []
        self.denied: list[str] = []

    def admits(self, method: str, path: str, query: str) -> bool:
        """Objects of the bucket, and reading it."""
        name, _, key = unquote(path).lstrip("/").partition("/")
        if name != self.bucket:
            return False
        asked = parse_qs(query, keep_blank_values=True)
        return (
            bool(key)
            or method == "HEAD"
            or (method == "GET" and any(each in asked for each in READS))
            or (method == "POST" and "delete" in asked)
        )


@contextmanager
def fenced(url: str, bucket: str) -> Iterator[Fence]:
    """In front of that endpoint."""
    fence, behind = Fence(bucket), urlsplit(url)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            parts = urlsplit(self.path)
            if not fence.admits(self.command, parts.path, parts.query):
                fence.denied.append(f"{self.command} {self.path}")
                self.reply(403, {}, DENIED)
                return
            if self.command not in ("GET", "HEAD"):
                key = unquote(parts.path).lstrip("/").partition("/")[2]
                fence.written.append((self.command, key or body.decode("utf-8", "replace")))
            there = http.client.HTTPConnection(behind.hostname or "", behind.port, timeout=30)
            try:
                sent = {name: value for name, value in self.headers.items() if name.lower() != "expect"}
                there.request(self.command, self.path, body, sent)
                got = there.getresponse()
                headers = {k: v for k, v in got.getheaders() if k.lower() not in _OF_CONNECTIONS}
                length = got.getheader("content-length") if self.command == "HEAD" else None
                self.reply(got.status, headers, got.read(), length)
            finally:
                there.close()

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = answer  # noqa: N815 - http.server's names

        def reply(self, status: int, headers: dict[str, str], body: bytes, length: str | None = None) -> None:
            self.send_response_only(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", length or str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with handled_by(Handler) as server:
        fence.url = f"http://127.0.0.1:{server.server_port}"
        yield fence
