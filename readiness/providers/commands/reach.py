"""Before anything is judged or written: every endpoint answers, is who it claims to be, and takes the
credential.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import time
from functools import partial
from urllib.parse import urlsplit

from readiness.candidate.model import S3
from readiness.errors import UsageError
from readiness.providers.engine import probe
from readiness.s3.wire import NoReply, NotSent, Reply, Target, Wire
from readiness.topology import Endpoint, Keys

DIAL_SECONDS, ANSWER_SECONDS, PATIENCE_SECONDS = 5.0, 10.0, 10.0
_OF_BUCKETS = b"ListAllMyBucketsResult"
_REDIRECTS = range(300, 400)
_NOT_THIS_CREDENTIAL = (401, 403)


def reach(endpoint: Endpoint, keys: Keys, s3: S3, ca_bundle: str | None, bucket: str | None = None) -> None:
    """Raises UsageError that says what to change about this endpoint, if anything. `bucket`: listed instead of the
    buckets, for a credential that may see no other.
    """
    where = f"endpoint {endpoint.name} at {endpoint.url}"
    _handshake(where, endpoint.url, ca_bundle)
    if endpoint.admin_url:
        _handshake(f"endpoint {endpoint.name}: admin_url {endpoint.admin_url}", endpoint.admin_url, ca_bundle)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            target = Target(endpoint.url, keys, s3.region, s3.addressing == "virtual", ca_bundle)
            reply = asyncio.run(_list(target, bucket))
        except (NotSent, NoReply) as error:
            raise UsageError(f"{where} cannot be reached: {error}") from None
        if reply.status < 500 or time.monotonic() > deadline:
            return _judge(where, reply, s3.region, bucket)
        time.sleep(0.5)


def _handshake(where: str, url: str, ca_bundle: str | None) -> None:
    host, port = probe.address_of(url)
    try:
        with contextlib.closing(socket.create_connection((host, port), timeout=DIAL_SECONDS)) as plain:
            if urlsplit(url).scheme == "https":
                plain.settimeout(DIAL_SECONDS)
                context(ca_bundle).wrap_socket(plain, server_hostname=host).close()
    except ssl.SSLCertVerificationError as error:
        raise UsageError(
            f"{where}: its certificate is refused: {error.verify_message}; "
            f"{'s3.ca_bundle names ' + ca_bundle if ca_bundle else 's3.ca_bundle names no authority of your own'}"
        ) from None
    except ssl.SSLError as error:
        raise UsageError(f"{where} does not speak TLS: {error.reason or error}; is it http?") from None
    except TimeoutError:
        raise UsageError(
            f"{where} cannot be reached: no connection within {DIAL_SECONDS:g} s; see url and firewalls"
        ) from None
    except OSError as error:
        raise UsageError(
            f"{where} cannot be reached: {error.strerror or error}; see its url, and whether the store runs"
        ) from None


def context(ca_bundle: str | None) -> ssl.SSLContext:
    """Whom https endpoints must be certified by. Raises UsageError for a bundle that holds no certificate."""
    try:
        return ssl.create_default_context(cafile=ca_bundle)
    except (ssl.SSLError, OSError):
        raise UsageError(f"s3.ca_bundle: {ca_bundle} holds no PEM certificate") from None


async def _list(target: Target, bucket: str | None) -> Reply:
    wire, query = Wire(target), "list-type=2&max-keys=1" if bucket else ""
    ask = partial(wire.request, "GET", bucket or "", query=query, connect_seconds=DIAL_SECONDS)
    try:
        return await ask(seconds=ANSWER_SECONDS, fresh=True)
    finally:
        wire.close()
        await asyncio.sleep(0)  # let the connection close


def _judge(where: str, reply: Reply, region: str, bucket: str | None) -> None:
    answer = f"HTTP {reply.status} {reply.code or ''}".strip()
    if reply.status in _REDIRECTS:
        to = reply.headers.get("location", "elsewhere")
        raise UsageError(
            f"{where} redirects to {to}: declare the URL that answers; redirects are not followed"
        )
    if bucket and reply.code == "AccessDenied":
        raise UsageError(f"{where} does not let the credential list bucket {bucket}: {answer}")
    if reply.status in _NOT_THIS_CREDENTIAL:
        raise UsageError(f"{where} refuses the credential of contract.credentials.admin: {answer}")
    if reply.code == "AuthorizationHeaderMalformed":
        raise UsageError(f'{where} refuses the region of the signature: s3.region = "{region}" ({answer})')
    if reply.status >= 500:
        raise UsageError(f"{where} answers {answer} for {PATIENCE_SECONDS:g} s: is the store healthy?")
    if bucket and reply.status == 404:
        raise UsageError(f"{where} has no bucket {bucket}: {answer}")
    wanted, what = (b"ListBucketResult", f"of bucket {bucket}") if bucket else (_OF_BUCKETS, "of buckets")
    if reply.status != 200 or wanted not in reply.body:
        raise UsageError(f"{where} does not answer like S3: {answer} to a list {what}")
