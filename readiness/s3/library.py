"""What the suite asks of an S3 client library: a small interface, one attempt, bounded time, errors told apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ParamSpec, Protocol, TypeVar
from xml.etree.ElementTree import ParseError

import urllib3
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from minio.error import InvalidResponseError, S3Error, ServerError

from readiness.limits import limit_behind
from readiness.redact import one_line
from readiness.s3 import transport

P = ParamSpec("P")
R = TypeVar("R")


class Answered(Exception):
    """The store answered with an error: HTTP status and S3 code."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"HTTP {status} {code}: {message}")
        self.status, self.code = status, code


class Malformed(Answered):
    """The store answered a request with success and a body that is not the answer to it: a wrong answer.

    `first`: the first bytes of the body, redacted.
    """

    def __init__(self, status: int, why: str, body: bytes) -> None:
        self.first = one_line(body[: transport.FIRST_BYTES].decode("utf-8", "backslashreplace"))
        body_text = f"its body begins {self.first!r}" if body else "its body is empty"
        super().__init__(status, "Malformed", f"not an answer to the request ({why}); {body_text}")


class Unanswered(Exception):
    """No usable answer: refused, reset, timed out, or not HTTP."""


@dataclass(frozen=True)
class Head:
    """What HEAD says of an object. `value` is its metadata `v`."""

    size: int
    etag: str
    value: str | None
    version: str | None


@dataclass(frozen=True)
class Version:
    """One entry of a version listing."""

    key: str
    version: str
    latest: bool
    marker: bool


class Library(Protocol):
    """What both libraries can do. Every method raises Answered or Unanswered, and nothing else, for what the
    store does.
    """

    name: str

    def list_buckets(self) -> list[str]: ...
    def head_bucket(self, bucket: str) -> None: ...
    def put(self, bucket: str, key: str, body: bytes, value: str) -> str:
        """Returns the ETag."""
        ...

    def get(self, bucket: str, key: str) -> bytes: ...
    def head(self, bucket: str, key: str) -> Head: ...
    def delete(self, bucket: str, key: str) -> None: ...
    def list_keys(self, bucket: str, prefix: str) -> list[str]: ...
    def versions(self, bucket: str, prefix: str) -> list[Version]: ...
    def multipart(self, bucket: str, key: str, body: bytes, part_size: int, value: str) -> None: ...


_STUMBLES = (KeyError, TypeError, ValueError, AttributeError, ResponseParserError, ParseError)
"""What the libraries raise for an answer that is not of the shape that they rely on."""


def translate(work: Callable[[], R]) -> R:
    """Run a client call; both libraries' errors become Answered (Malformed for a wrong answer) or Unanswered."""
    transport.forget()
    try:
        return work()
    except ClientError as error:
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        details = error.response.get("Error", {})
        raise Answered(status, details.get("Code", ""), details.get("Message", "")) from None
    except S3Error as error:
        raise Answered(error.response.status, error.code or "", error.message or "") from None
    except ServerError as error:
        raise Answered(error.status_code, "", str(error)) from None
    except InvalidResponseError as error:
        raise _wrong(error) from None
    except (BotoCoreError, urllib3.exceptions.HTTPError, OSError) as error:
        raise Unanswered(f"{type(error).__name__}: {limit_behind(error) or error}") from None
    except _STUMBLES as error:
        if transport.latest() is None:  # nothing was answered: the mistake is not the store's
            raise
        raise _wrong(error) from None


def _wrong(error: Exception) -> Answered:
    latest = transport.latest()
    if latest is None:
        return Answered(0, "", one_line(str(error)))
    if latest.status >= 300:
        return Answered(latest.status, "", one_line(latest.first.decode("utf-8", "backslashreplace")))
    lacks = f"it lacks {error}" if isinstance(error, KeyError) else f"{type(error).__name__}: {error}"
    return Malformed(latest.status, one_line(lacks), latest.first)
