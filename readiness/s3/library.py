"""What the suite asks of an S3 client library: a small interface, one attempt, bounded time, errors told apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ParamSpec, Protocol, TypeVar

import urllib3
from botocore.exceptions import BotoCoreError, ClientError
from minio.error import InvalidResponseError, S3Error, ServerError

P = ParamSpec("P")
R = TypeVar("R")


class Answered(Exception):
    """The store answered with an error: HTTP status and S3 code."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"HTTP {status} {code}: {message}")
        self.status, self.code = status, code


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


def translate(work: Callable[[], R]) -> R:
    """Run a client call; both libraries' errors become Answered or Unanswered."""
    try:
        return work()
    except ClientError as error:
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        said = error.response.get("Error", {})
        raise Answered(status, said.get("Code", ""), said.get("Message", "")) from None
    except S3Error as error:
        raise Answered(error.response.status, error.code or "", error.message or "") from None
    except (ServerError, InvalidResponseError) as error:
        raise Unanswered(str(error)) from None
    except (BotoCoreError, urllib3.exceptions.HTTPError, OSError) as error:
        raise Unanswered(f"{type(error).__name__}: {error}") from None


def translated(call: Callable[P, R]) -> Callable[P, R]:
    """The client call, with its errors turned into Answered or Unanswered."""

    def careful(*args: P.args, **kwargs: P.kwargs) -> R:
        return translate(lambda: call(*args, **kwargs))

    return careful
