"""P1.11 (without a fault) and P1.12: conditional requests."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from pydantic import JsonValue

from readiness.history import Verb
from readiness.judges.conditions import ROUNDS, SLOW_ROUNDS, Step, Turn
from readiness.load.bodies import body_of
from readiness.load.operations import Client
from readiness.load.rig import Rig
from readiness.recording import Recording
from readiness.s3.boto3_library import boto3_client
from readiness.s3.wire import Wire, close
from readiness.subject import Subject
from readiness.topology import Endpoint

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

RACERS = 32
REST_SECONDS = 0.4
"""After that time the second halves of slow bodies follow, all at the same moment: as long as it takes to lose a packet
and send it again (RFC 6298), and longer than it takes all racers to send their first halves.
"""


def create_races(subject: Subject, see: Recording, rig: Rig) -> None:
    """P1.11: 32 clients create one fresh key with `If-None-Match: *`: one winner, also on versioned buckets. And what
    exists is not created (412), and what was deleted is created again: on versioned buckets some stores hold conditions
    against the version below the delete marker (ceph#63348), and on suspended ones against none (ceph#71584). The races
    come first, for that ends with the first wrong answer.

    In the last rounds half of each body comes late: a store that looks whether the object is there when a request
    begins, and writes when it has ended, finds nothing in all of them (versitygw#2288).

    Two rounds of three are over all endpoints, each time begun by another one; the third is through one endpoint
    alone, in turn, so that each of them has a winner to tell.
    """
    buckets = rig.buckets.every()
    recorder = see.recorder("races")
    endpoints = subject.topology.all_endpoints()
    wires = {e.name: Wire(subject.target(e)) for e in endpoints}

    async def play() -> None:
        reader = Client("race", "reader", wires, rig.watch, recorder, subject.response_seconds)
        rounds = ROUNDS // 2 * len(buckets)
        for number in range(rounds):
            bucket, slow = rig.buckets.turn(number + number // len(buckets)), number >= rounds - SLOW_ROUNDS
            key = f"race/p1.11/{'slow/' if slow else ''}{number}"
            racers = [
                Client("race", f"racer-{number}-{i}", wires, rig.watch, recorder, subject.response_seconds)
                for i in range(RACERS)
            ]
            through = _through(endpoints, number)
            rest_at = asyncio.get_running_loop().time() + REST_SECONDS if slow else None
            calls = (
                r.do(Verb.CREATE, through[i % len(through)], bucket, key, rest_at=rest_at)
                for i, r in enumerate(racers)
            )
            await asyncio.gather(*calls)
            for endpoint in endpoints:
                await reader.do(Verb.READ, endpoint, bucket, key)

    try:
        rig.loop.call(play())
    finally:
        close(wires.values())
    for bucket in buckets:
        writers = _writers(subject, see, bucket)
        for number, here in enumerate(writers):
            _turns(here, writers[(number + 1) % len(writers)], f"p1.11/{here.endpoint.name}")


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

    def _asked(self, key: str, **more: JsonValue) -> dict[str, JsonValue]:
        return {"bucket": self.bucket, "key": key, **more}

    def must_put(self, step: Step | Turn, key: str, value: str, **condition: str) -> str:
        """The new ETag."""
        call = partial(self._put, key, value, condition)
        return self.see.must(
            step, self.endpoint, "boto3", call, asked=self._asked(key, **condition), kept=str
        )

    def put(self, step: Step | Turn, key: str, value: str, **condition: str) -> None:
        """A write that is refused by a store that holds."""
        call = partial(self._put, key, value, condition)
        self.see.ask(step, self.endpoint, "boto3", call, asked=self._asked(key, **condition), kept=str)

    def _put(self, key: str, value: str, condition: dict[str, str]) -> str:
        at = {"Bucket": self.bucket, "Key": key, **condition}
        return self.client.put_object(Body=body_of(value), **at)["ETag"].strip('"')  # type: ignore[arg-type]

    def delete(self, step: Step | Turn, key: str) -> None:
        """A delete."""
        call = partial(self.client.delete_object, Bucket=self.bucket, Key=key)
        self.see.must(step, self.endpoint, "boto3", call, asked=self._asked(key))

    def head(self, step: Step, key: str, **more: JsonValue) -> None:
        """The ETag that HEAD tells."""
        call = partial(self.client.head_object, Bucket=self.bucket, Key=key)
        self.see.ask(
            step,
            self.endpoint,
            "boto3",
            call,
            asked=self._asked(key, **more),
            kept=lambda found: found["ETag"].strip('"'),
        )


def if_match(subject: Subject, see: Recording, rig: Rig) -> None:
    """P1.12: `If-Match` lets the holder of the current ETag write, refuses (412) a stale one, and creates
    nothing (404 or 412), neither where an object never was nor where one was deleted.
    """
    for bucket in rig.buckets.every():
        writers = _writers(subject, see, bucket)
        for number, here in enumerate(writers):
            _conditions(here, writers[(number + 1) % len(writers)], f"p1.12/{here.endpoint.name}")


def _writers(subject: Subject, see: Recording, bucket: str) -> list[_Writer]:
    return [
        _Writer(see, each, boto3_client(subject.target(each), subject.response_seconds), bucket)
        for each in subject.topology.all_endpoints()
    ]


def _turns(here: _Writer, there: _Writer, key: str) -> None:
    here.must_put(Turn.TAKE, key, f"{key}/1", IfNoneMatch="*")
    there.put(Turn.MEET, key, f"{key}/2", IfNoneMatch="*")
    there.delete(Turn.FREE, key)
    here.must_put(Turn.AGAIN, key, f"{key}/3", IfNoneMatch="*")


def _conditions(here: _Writer, there: _Writer, key: str) -> None:
    first = here.must_put(Step.PUT, key, f"{key}/1")
    second = there.must_put(Step.CURRENT, key, f"{key}/2", IfMatch=f'"{first}"')
    here.put(Step.STALE, key, f"{key}/3", IfMatch=f'"{first}"')
    here.head(Step.AFTER_STALE, key, etag=second)
    here.put(Step.MISSING, f"{key}-absent", f"{key}/4", IfMatch=f'"{first}"')
    here.head(Step.AFTER_MISSING, f"{key}-absent")
    there.delete(Step.DELETE, key)
    here.put(Step.DELETED, key, f"{key}/5", IfMatch=f'"{second}"')
    here.head(Step.AFTER_DELETED, key)
