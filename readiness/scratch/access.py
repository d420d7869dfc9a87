"""P1.16 and P1.18: who may do what, and rotation."""

from __future__ import annotations

import asyncio
import secrets
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from readiness.finding import Finding, proved, refuted, unknown
from readiness.load.bodies import body_of
from readiness.load.rig import Rig
from readiness.recording import Recording
from readiness.s3.boto3_library import boto3_client
from readiness.s3.library import Answered, Unanswered, translate, translated
from readiness.s3.wire import NoReply, NotSent, Target, Wire, close
from readiness.subject import Subject
from readiness.topology import Endpoint, Keys, Unsupported

REFUSED = (400, 401, 403)


def credentials(subject: Subject, see: Recording, rig: Rig) -> Finding:
    """P1.16: anonymous, unknown, wrong and read-only credentials are refused, by every endpoint, for
    everything they may not do.
    """
    bucket, key = rig.buckets.plain, "p1.16/secret"
    see.must(
        subject.front,
        "boto3",
        f"put {key}",
        translated(subject.client(subject.front).put_object),
        Bucket=bucket,
        Key=key,
        Body=b"x",
    )
    for endpoint in subject.topology.all_endpoints():
        good = subject.target(endpoint)
        bad = {
            "no credential": (good, True),
            "an unknown access key": (_with(good, Keys("AKIAUNKNOWN0", good.keys.secret_key)), False),
            "a wrong secret key": (_with(good, Keys(good.keys.access_key, secrets.token_hex(20))), False),
        }
        for name, (target, anonymous) in bad.items():
            client = boto3_client(target, subject.response_seconds, anonymous=anonymous)
            for what, call in _everything(client, bucket, key).items():
                answer = see.attempt(endpoint, "boto3", f"{what} with {name}", call)
                if not _refused(answer):
                    return refuted(
                        f"{what} with {name} through {endpoint.name}: {_answer(answer)}",
                        observations=see.count,
                    )
        problem = _read_only(subject, see, endpoint, bucket, key)
        if problem:
            return refuted(problem, observations=see.count)
    has = subject.contract.credentials.read_only is not None
    return proved(
        f"all refused on every endpoint{'' if has else '; the contract offers no read-only credential'}",
        see.count,
    )


def _everything(client: object, bucket: str, key: str) -> dict[str, Callable[[], object]]:
    c: Any = client
    return {
        "list-buckets": lambda: translate(lambda: c.list_buckets()),
        "list": lambda: translate(lambda: c.list_objects_v2(Bucket=bucket)),
        "get": lambda: translate(lambda: c.get_object(Bucket=bucket, Key=key)["Body"].read()),
        "put": lambda: translate(lambda: c.put_object(Bucket=bucket, Key=f"{key}-intruder", Body=b"y")),
        "delete": lambda: translate(lambda: c.delete_object(Bucket=bucket, Key=key)),
    }


def _read_only(subject: Subject, see: Recording, endpoint: Endpoint, bucket: str, key: str) -> str | None:
    try:
        target = subject.target(endpoint, "read_only")
    except Unsupported:
        return None
    calls = _everything(boto3_client(target, subject.response_seconds), bucket, key)
    for what in ("list", "get"):
        answer = see.attempt(endpoint, "boto3", f"{what} read-only", calls[what])
        if isinstance(answer, Answered | Unanswered):
            return f"the read-only credential cannot {what} through {endpoint.name}: {answer}"
    for what in ("put", "delete"):
        answer = see.attempt(endpoint, "boto3", f"{what} read-only", calls[what])
        if not _refused(answer):
            return f"the read-only credential may {what} through {endpoint.name}: {_answer(answer)}"
    return None


def _refused(answer: object) -> bool:
    return isinstance(answer, Answered) and answer.status in REFUSED


def _answer(answer: object) -> str:
    return str(answer) if isinstance(answer, Exception) else "allowed"


def _with(target: Target, keys: Keys) -> Target:
    return Target(target.url, keys, target.region, target.virtual, target.ca_bundle)


def rotation(subject: Subject, see: Recording, rig: Rig) -> Finding:
    """P1.18: a new credential works on every endpoint, the retired one stops, and clients that changed over
    saw no outage.
    """
    provider = subject.provider
    try:
        old, new = provider.rotate(None), provider.rotate(None)
    except Unsupported as error:
        return _not_offered(subject, rig, see, str(error))
    subject.evidence.redactor.add(old.secret_key, new.secret_key, old.access_key, new.access_key)
    ends = subject.topology.all_endpoints()
    for endpoint in ends:
        for keys, name in ((old, "first"), (new, "second")):
            if not _eventually(partial(_works, subject, rig, see, endpoint, keys), 3):
                return refuted(
                    f"the {name} rotated credential does not work through {endpoint.name}",
                    observations=see.count,
                )
    stop, failures = threading.Event(), list[str]()
    user = threading.Thread(target=_use, args=(subject, rig, new, stop, failures), daemon=True)
    user.start()
    time.sleep(0.5)
    provider.rotate(old)
    stopped = all(_eventually(partial(_stopped, subject, rig, see, e, old), 5) for e in ends)
    time.sleep(0.5)
    stop.set()
    user.join(timeout=10)
    provider.rotate(new)
    if not stopped:
        return refuted("the retired credential still works 5 s later", observations=see.count)
    if failures:
        return refuted(
            f"an outage for the new credential during rotation: {failures[0]}", observations=see.count
        )
    return proved("new credential works, old one stops, no outage", see.count)


def _not_offered(subject: Subject, rig: Rig, see: Recording, why: str) -> Finding:
    if subject.contract.credentials.rotation != "none":
        return unknown(f"rotation could not be exercised: {why}")
    for endpoint in subject.topology.all_endpoints():
        if not _works(subject, rig, see, endpoint, subject.target(endpoint).keys):
            return refuted(f"the credential does not work through {endpoint.name}")
    return proved("the contract offers no rotation without a restart, and says so", see.count, offered=False)


def _works(subject: Subject, rig: Rig, see: Recording, endpoint: Endpoint, keys: Keys) -> bool:
    client = boto3_client(_with(subject.target(endpoint), keys), subject.response_seconds)
    answer = see.attempt(
        endpoint,
        "boto3",
        "put p1.18",
        translated(client.put_object),
        Bucket=rig.buckets.plain,
        Key="p1.18",
        Body=body_of("p1.18"),
    )
    return not isinstance(answer, Answered | Unanswered)


def _stopped(subject: Subject, rig: Rig, see: Recording, endpoint: Endpoint, keys: Keys) -> bool:
    return not _works(subject, rig, see, endpoint, keys)


def _eventually(holds: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def _use(subject: Subject, rig: Rig, keys: Keys, stop: threading.Event, failures: list[str]) -> None:
    async def one(name: str, wire: Wire) -> None:
        try:
            reply = await wire.request("GET", rig.buckets.plain, "p1.18", seconds=subject.response_seconds)
        except (NoReply, NotSent) as error:
            failures.append(f"GET through {name}: {error}")
        else:
            if reply.status != 200:
                failures.append(f"GET through {name}: HTTP {reply.status}")

    async def use() -> None:
        wires = {e.name: Wire(_with(subject.target(e), keys)) for e in subject.topology.all_endpoints()}
        try:
            while not stop.is_set():
                for name, wire in wires.items():
                    await one(name, wire)
                await asyncio.sleep(0.05)
        finally:
            close(wires.values())

    asyncio.run(use())
