"""How both client libraries reach a store: with their own HTTP stack, within limits, and with the answer at hand.

A library that stumbles over an answer says which element it missed and not what the store sent. So the status and the
first bytes of the latest answer are kept, for each thread and task.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import urllib3
from botocore.awsrequest import (
    AWSHTTPConnection,
    AWSHTTPConnectionPool,
    AWSHTTPSConnection,
    AWSHTTPSConnectionPool,
)
from botocore.httpsession import URLLib3Session
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from readiness.limits import Limit, LimitedSocket, whole_seconds

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest, AWSResponse

FIRST_BYTES = 200


@dataclass(frozen=True)
class Said:
    """The status of an answer and the first bytes of its body."""

    status: int
    first: bytes


_LATEST: ContextVar[Said | None] = ContextVar("latest answer of a store", default=None)


def latest() -> Said | None:
    """What the store answered last, to this thread or task; None since `forget`."""
    return _LATEST.get()


def forget() -> None:
    """A new call begins."""
    _LATEST.set(None)


def note(status: int, body: bytes) -> None:
    """The store answered this."""
    _LATEST.set(Said(status, body[:FIRST_BYTES]))


class _Limited:
    """Mixed into a connection of urllib3: each request on it keeps the limits of an answer."""

    sock: Any
    timeout: Any
    limit: Limit | None = None

    def connect(self) -> None:
        """As of the connection; whatever is read from here on is limited."""
        super().connect()  # type: ignore[misc]
        if self.limit is None:
            self.limit = Limit(whole_seconds(float(self.timeout)))
        self.limit.begin()
        self.sock = LimitedSocket(self.sock, self.limit)

    def request(self, *args: Any, **kwargs: Any) -> Any:
        """As of the connection."""
        if self.limit is not None:
            self.limit.begin()
        return super().request(*args, **kwargs)  # type: ignore[misc]


class _AwsHttp(_Limited, AWSHTTPConnection):  # type: ignore[misc]  # as botocore's own are
    pass


class _AwsHttps(_Limited, AWSHTTPSConnection):  # type: ignore[misc]
    pass


class _Http(_Limited, HTTPConnection):
    pass


class _Https(_Limited, HTTPSConnection):
    pass


class _AwsHttpPool(AWSHTTPConnectionPool):
    ConnectionCls = _AwsHttp


class _AwsHttpsPool(AWSHTTPSConnectionPool):
    ConnectionCls = _AwsHttps


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _Http


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _Https


class LimitedPools(urllib3.PoolManager):
    """The pools of a minio client: answers are read whole, within the limits, and not decompressed."""

    def __init__(self, seconds: float, ca_bundle: str | None) -> None:
        super().__init__(
            timeout=urllib3.Timeout(connect=seconds, read=seconds),
            retries=urllib3.Retry(total=False, redirect=False),
            maxsize=16,
            ca_certs=ca_bundle,
        )
        self.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}

    def urlopen(  # type: ignore[override]
        self, method: str, url: str, redirect: bool = True, **kwargs: Any
    ) -> urllib3.BaseHTTPResponse:
        """As of a pool manager. Raises an HTTPError of urllib3 for an answer that is too late or too large."""
        preload = kwargs.pop("preload_content", True)
        answer = super().urlopen(
            method, url, redirect=redirect, preload_content=True, decode_content=False, **kwargs
        )
        note(answer.status, answer.data)
        return urllib3.HTTPResponse(
            body=io.BytesIO(answer.data),
            headers=answer.headers,
            status=answer.status,
            reason=answer.reason,
            preload_content=preload,
            decode_content=False,
            request_method=method,
        )


def limited_sender(seconds: float, verify: bool | str) -> Callable[..., Any]:
    """What sends the requests of a boto3 client, to be registered for the event `before-send`: botocore's own HTTP
    session, with limits and no proxies.
    """
    making: Any = URLLib3Session  # whose stubs know neither a path as `verify` nor two time limits
    session = making(verify=verify, proxies={}, timeout=(seconds, seconds), max_pool_connections=16)
    session._manager.pool_classes_by_scheme = {"http": _AwsHttpPool, "https": _AwsHttpsPool}

    def send(request: AWSPreparedRequest, **_event: Any) -> AWSResponse:
        answer: AWSResponse = session.send(request)
        note(answer.status_code, b"" if request.stream_output else answer.content)
        return answer

    return send
