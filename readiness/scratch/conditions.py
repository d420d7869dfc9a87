"""P1.11 (without a fault) and P1.12: conditional requests."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from readiness.checkers.guard import guarded
from readiness.checkers.races import check_one_winner
from readiness.finding import Finding, proved, refuted
from readiness.history import Verb
from readiness.load.bodies import body_of
from readiness.load.operations import Client
from readiness.load.rig import Rig
from readiness.recording import Recording
from readiness.s3.boto3_library import boto3_client
from readiness.s3.library import Answered, Unanswered, translated
from readiness.s3.wire import Wire, close
from readiness.subject import Subject
from readiness.topology import Endpoint

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

RACERS, ROUNDS = 32, 12


def create_races(subject: Subject, _see: Recording, rig: Rig) -> Finding:
    """P1.11: 32 clients create one fresh key with `If-None-Match: *`: one winner, also on versioned buckets.

    Two rounds of three are over all endpoints, each time begun by another one; the third is through one endpoint
    alone, in turn, so that each of them has a winner to tell.
    """
    recorder = subject.evidence.recorder("races")
    endpoints = subject.topology.all_endpoints()
    wires = {e.name: Wire(subject.target(e)) for e in endpoints}

    async def play() -> None:
        reader = Client("race", "reader", wires, rig.watch, recorder, subject.response_seconds)
        for number in range(ROUNDS):
            bucket, key = rig.buckets.both()[number % 2], f"race/p1.11/{number}"
            racers = [
                Client("race", f"racer-{number}-{i}", wires, rig.watch, recorder, subject.response_seconds)
                for i in range(RACERS)
            ]
            through = _through(endpoints, number)
            calls = (r.do(Verb.CREATE, through[i % len(through)], bucket, key) for i, r in enumerate(racers))
            await asyncio.gather(*calls)
            for endpoint in endpoints:
                await reader.do(Verb.READ, endpoint, bucket, key)

    try:
        rig.loop.call(play())
    finally:
        close(wires.values())
    return guarded(check_one_winner, recorder.history, minimum=ROUNDS)


def _through(endpoints: Sequence[Endpoint], number: int) -> Sequence[Endpoint]:
    if number % 3 == 2:
        return [endpoints[number // 3 % len(endpoints)]]
    first = number % len(endpoints)
    return [*endpoints[first:], *endpoints[:first]]


@dataclass(frozen=True)
class _Writer:
    """Conditional writes and HEADs of one bucket through one endpoint."""

    see: Recording
    endpoint: Endpoint
    client: S3Client
    bucket: str

    def put(self, key: str, value: str, etag: str | None = None) -> str | Answered | Unanswered:
        """The new ETag, or the refusal."""
        return self._put(
            f"put {key} if-match={bool(etag)}", key, value, {"IfMatch": f'"{etag}"'} if etag else {}
        )

    def create(self, key: str, value: str) -> str | Answered | Unanswered:
        """The ETag of an object that was not there, or the refusal."""
        return self._put(f"create {key}", key, value, {"IfNoneMatch": "*"})

    def _put(self, what: str, key: str, value: str, condition: dict[str, str]) -> str | Answered | Unanswered:
        def call() -> str:
            at = {"Bucket": self.bucket, "Key": key}
            answer = self.client.put_object(Body=body_of(value), **at, **condition)  # type: ignore[arg-type]
            return answer["ETag"].strip('"')

        return self.see.attempt(self.endpoint, "boto3", what, translated(call))

    def delete(self, key: str) -> str | Answered | Unanswered:
        """Nothing, or the refusal."""

        def call() -> str:
            self.client.delete_object(Bucket=self.bucket, Key=key)
            return ""

        return self.see.attempt(self.endpoint, "boto3", f"delete {key}", translated(call))

    def etag(self, key: str) -> str | Answered | Unanswered:
        """The ETag that HEAD tells, or the refusal."""

        def call() -> str:
            return self.client.head_object(Bucket=self.bucket, Key=key)["ETag"].strip('"')

        return self.see.attempt(self.endpoint, "boto3", f"head {key}", translated(call))


def if_match(subject: Subject, see: Recording, rig: Rig) -> Finding:
    """P1.12: `If-Match` lets the holder of the current ETag write, refuses (412) a stale one, and creates
    nothing (404 or 412), neither where an object never was nor where one was deleted; and what was deleted can be
    created again. On versioned buckets some stores hold conditions against the version below the delete marker
    (ceph#63348).
    """
    endpoints = subject.topology.all_endpoints()
    clients = [boto3_client(subject.target(e), subject.response_seconds) for e in endpoints]
    for bucket in rig.buckets.both():
        writers = [_Writer(see, e, c, bucket) for e, c in zip(endpoints, clients, strict=True)]
        for number, writer in enumerate(writers):
            problem = _conditions(
                writer, writers[(number + 1) % len(writers)], f"p1.12/{writer.endpoint.name}"
            )
            if problem:
                return refuted(
                    f"{bucket}/p1.12 through {writer.endpoint.name}: {problem}", observations=see.count
                )
    return proved(
        "current ETags accepted, stale ones refused, nothing created but what was deleted, on every endpoint",
        see.count,
    )


def _conditions(here: _Writer, there: _Writer, key: str) -> str | None:
    first = here.put(key, f"{key}/1")
    if not isinstance(first, str):
        return f"plain PUT: {first}"
    second = there.put(key, f"{key}/2", first)
    if not isinstance(second, str):
        return f"PUT If-Match with the current ETag (through {there.endpoint.name}): {second}"
    stale = here.put(key, f"{key}/3", first)
    if not isinstance(stale, Answered) or stale.status != 412:
        return f"PUT If-Match with a stale ETag: {_answer(stale)}, expected 412"
    if here.etag(key) != second:
        return "a refused PUT changed the object"
    made = here.put(f"{key}-absent", f"{key}/4", first)
    if not isinstance(made, Answered) or made.status not in (404, 412):
        return f"PUT If-Match on a missing key: {_answer(made)}, expected 404 or 412"
    left = here.etag(f"{key}-absent")
    if not isinstance(left, Answered) or left.status != 404:
        return "PUT If-Match created the missing key"
    return _conditions_after_delete(here, there, key, second)


def _conditions_after_delete(here: _Writer, there: _Writer, key: str, last: str) -> str | None:
    deleted = there.delete(key)
    if not isinstance(deleted, str):
        return f"DELETE (through {there.endpoint.name}): {deleted}"
    revived = here.put(key, f"{key}/5", last)
    if not isinstance(revived, Answered) or revived.status not in (404, 412):
        return f"PUT If-Match with the ETag of a deleted object: {_answer(revived)}, expected 404 or 412"
    left = here.etag(key)
    if not isinstance(left, Answered) or left.status != 404:
        return "PUT If-Match created the deleted key"
    again = here.create(key, f"{key}/6")
    if not isinstance(again, str):
        return f"PUT If-None-Match of a deleted object: {again}, expected 200"
    return None


def _answer(answer: object) -> str:
    return str(answer) if isinstance(answer, Exception) else "HTTP 200"
