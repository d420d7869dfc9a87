"""P1.17 and P1.29: damaged uploads."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import partial

from readiness.judges.uploads import Step
from readiness.load.rig import Rig
from readiness.recording import Asked, Recording
from readiness.s3.wire import Wire
from readiness.subject import Subject
from readiness.topology import Endpoint

RIGHT, WRONG = b"the right body", b"another body!!"


@dataclass(frozen=True)
class Damage:
    """A checksum of another body than the one that is sent: in a header, or under the signature (`signed`)."""

    name: str
    headers: dict[str, str]
    signed: bytes | None = None


SHA256 = {"x-amz-checksum-sha256": base64.b64encode(hashlib.sha256(WRONG).digest()).decode()}
ALGORITHM = {"x-amz-sdk-checksum-algorithm": "SHA256"}
OTHERS = (
    Damage(
        "Content-MD5",
        {"content-md5": base64.b64encode(hashlib.md5(WRONG, usedforsecurity=False).digest()).decode()},
    ),
    Damage("SHA-256 checksum that no x-amz-sdk-checksum-algorithm announces", SHA256),
)
"""Checksums as OpenTofu does not send them. S3 compares a checksum that is not announced, too; Ceph does not
(src/rgw/rgw_cksum_pipe.h, cksum_algorithm_hdr).
"""
OF_OPENTOFU = (Damage("SHA-256 checksum", ALGORITHM | SHA256), Damage("signed payload SHA-256", {}, WRONG))
"""Those that OpenTofu sends with every state and lock, the first one unless `skip_s3_checksum` is set
(internal/backend/remote-state/s3/client.go, configurePutObjectChecksum; its SDK announces the algorithm with it,
aws-sdk-go-v2, service/s3/serializers.go).
"""


def damaged_uploads(subject: Subject, see: Recording, rig: Rig) -> None:
    """P1.17: an upload whose SHA-256 checksum, or SHA-256 under the signature, does not fit is refused, and leaves
    nothing.
    """
    _damaged(subject, see, rig, OF_OPENTOFU)


def damaged_by_others(subject: Subject, see: Recording, rig: Rig) -> None:
    """P1.29: the same of an upload whose Content-MD5 does not fit, or an SHA-256 checksum that is not announced."""
    _damaged(subject, see, rig, OTHERS)


def _damaged(subject: Subject, see: Recording, rig: Rig, damages: tuple[Damage, ...]) -> None:
    for endpoint in subject.topology.all_endpoints():
        client = subject.client(endpoint)
        for damage in damages:
            for bucket in rig.buckets.every():
                key = f"damaged/{endpoint.name}/{damage.name}"
                asked: Asked = {"bucket": bucket, "key": key, "damage": damage.name}
                rig.loop.call(_send(subject, see, endpoint, damage, asked))
                head = partial(client.head_object, Bucket=bucket, Key=key)
                see.ask(Step.HEAD, endpoint, "boto3", head, asked=asked)


async def _send(subject: Subject, see: Recording, endpoint: Endpoint, damage: Damage, asked: Asked) -> None:
    wire = Wire(subject.target(endpoint))
    try:
        put = wire.request(
            "PUT",
            str(asked["bucket"]),
            str(asked["key"]),
            headers=damage.headers,
            body=RIGHT,
            signed=damage.signed,
            seconds=subject.response_seconds,
        )
        await see.wire(Step.PUT, endpoint, put, asked=asked)
    finally:
        wire.close()
