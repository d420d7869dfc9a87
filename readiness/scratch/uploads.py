"""P1.17: damaged uploads."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass

from readiness.finding import Finding, proved, refuted
from readiness.load.rig import Rig
from readiness.recording import Recording
from readiness.s3.library import Answered, Unanswered, translated
from readiness.s3.wire import NoReply, NotSent, Wire
from readiness.subject import Subject
from readiness.topology import Endpoint

RIGHT, WRONG = b"the right body", b"another body!!"


@dataclass(frozen=True)
class Damage:
    """A checksum of another body than the one that is sent: in a header, or under the signature (`signed`)."""

    name: str
    headers: dict[str, str]
    signed: bytes | None = None


DAMAGES = (
    Damage(
        "Content-MD5",
        {"content-md5": base64.b64encode(hashlib.md5(WRONG, usedforsecurity=False).digest()).decode()},
    ),
    Damage(
        "SHA-256 checksum",
        {"x-amz-checksum-sha256": base64.b64encode(hashlib.sha256(WRONG).digest()).decode()},
    ),
    Damage("signed payload SHA-256", {}, WRONG),
)


def damaged_uploads(subject: Subject, see: Recording, rig: Rig) -> Finding:
    """P1.17: an upload whose checksum (Content-MD5, SHA-256 checksum, signed payload SHA-256) does not fit is
    refused, and leaves nothing.
    """
    for endpoint in subject.topology.all_endpoints():
        for damage in DAMAGES:
            for bucket in rig.buckets.both():
                problem = _refused(subject, rig, see, endpoint, bucket, damage)
                if problem:
                    where = f"PUT to {bucket} with a wrong {damage.name} through {endpoint.name}"
                    return refuted(f"{where}: {problem}", observations=see.count)
    return proved("damaged uploads refused by every endpoint, nothing left", see.count)


def _refused(
    subject: Subject, rig: Rig, see: Recording, endpoint: Endpoint, bucket: str, damage: Damage
) -> str | None:
    key = f"p1.17/{endpoint.name}/{damage.name}"
    status = see.must(
        endpoint, "wire", f"put {key} damaged", _send, subject, rig, endpoint, bucket, key, damage
    )
    if not 400 <= status < 500:
        return f"HTTP {status}, expected 400"
    head = translated(subject.client(endpoint).head_object)
    left = see.attempt(endpoint, "boto3", f"head {key}", head, Bucket=bucket, Key=key)
    if isinstance(left, Unanswered):
        return f"refused, but whether it left an object is unknown: {left}"
    return None if isinstance(left, Answered) and left.status == 404 else "it left an object"


def _send(subject: Subject, rig: Rig, endpoint: Endpoint, bucket: str, key: str, damage: Damage) -> int:
    async def send() -> int:
        wire = Wire(subject.target(endpoint))
        try:
            reply = await wire.request(
                "PUT",
                bucket,
                key,
                headers=damage.headers,
                body=RIGHT,
                signed=damage.signed,
                seconds=subject.response_seconds,
            )
        except (NoReply, NotSent) as error:
            raise Unanswered(str(error)) from None
        finally:
            wire.close()
        return reply.status

    return rig.loop.call(send())
