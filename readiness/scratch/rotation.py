"""P1.18: rotation of the credential."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from readiness.judges.rotation import KNOWN_WITHIN, REFUSED, STOPS_WITHIN, Step
from readiness.load.bodies import body_of
from readiness.load.rig import Rig
from readiness.recording import Recording
from readiness.s3.boto3_library import boto3_client
from readiness.s3.library import Answered, Unanswered
from readiness.s3.wire import Wire, close
from readiness.subject import Subject
from readiness.topology import Endpoint, Keys

KEY = "p1.18"
EACH = "every endpoint"


def rotation(subject: Subject, see: Recording, rig: Rig) -> None:
    """P1.18: a new credential works on every endpoint, the retired one stops, and clients that changed over
    saw no outage. Both are retired at the end, however it ends.

    A contract that offers no rotation is taken at its word: nothing is changed, and its credential must work.
    """
    ends = subject.topology.all_endpoints()
    if subject.contract.credentials.rotation == "none":
        for endpoint in ends:
            _look(subject, rig, see, Step.UNCHANGED, endpoint, subject.target(endpoint).keys)
        return
    with contextlib.ExitStack() as undo:
        made = _Credentials(subject, see, undo)
        old, new = made.add(Step.ADD_FIRST), made.add(Step.ADD_SECOND)
        if old is None or new is None:
            return
        for endpoint in ends:
            for keys, step in ((old, Step.FIRST), (new, Step.SECOND)):
                look = partial(_look, subject, rig, see, step, endpoint, keys)
                _until(look, lambda answer: not isinstance(answer, Answered | Unanswered), KNOWN_WITHIN)
        with _used(subject, rig, see, new):
            made.retire(Step.RETIRE, old)
            for endpoint in ends:
                _until(partial(_look, subject, rig, see, Step.RETIRED, endpoint, old), _refused, STOPS_WITHIN)


class _Credentials:
    """Credentials that are made, and that none is left of: each one's end is settled before it is made."""

    def __init__(self, subject: Subject, see: Recording, undo: contextlib.ExitStack) -> None:
        self._subject, self._see, self._undo = subject, see, undo
        self._made: list[Keys] = []

    def add(self, step: Step) -> Keys | None:
        """A new credential; None if it could not be made."""
        self._undo.callback(self._retire_last)

        def make() -> Keys:
            self._made.append(self._subject.provider.rotate(None))
            return self._made[-1]

        made = self._see.fact(step, EACH, make)
        if made is not None:
            self._subject.evidence.redactor.add(made.secret_key, made.access_key)
        return made

    def retire(self, step: Step, keys: Keys) -> None:
        """From here on it no longer works."""
        if self._see.fact(step, EACH, partial(self._subject.provider.rotate, keys)) is not None:
            self._made.remove(keys)

    def _retire_last(self) -> None:
        if self._made:
            self._subject.provider.rotate(self._made.pop())


def _look(subject: Subject, rig: Rig, see: Recording, step: Step, endpoint: Endpoint, keys: Keys) -> object:
    client = boto3_client(replace(subject.target(endpoint), keys=keys), subject.response_seconds)
    put = partial(client.put_object, Bucket=rig.buckets.plain, Key=KEY, Body=body_of(KEY))
    return see.ask(step, endpoint, "boto3", put, asked={"bucket": rig.buckets.plain, "key": KEY})


def _refused(answer: object) -> bool:
    return isinstance(answer, Answered) and answer.status in REFUSED


def _until(look: Callable[[], object], wanted: Callable[[object], bool], seconds: float) -> None:
    """Looks again and again until it ends as wanted, or the time is over. The judge decides by the recorded times."""
    deadline = time.monotonic() + seconds
    while not wanted(look()) and time.monotonic() < deadline:
        time.sleep(0.1)


@contextlib.contextmanager
def _used(subject: Subject, rig: Rig, see: Recording, keys: Keys) -> Iterator[None]:
    """Somebody reads through every endpoint with that credential meanwhile, and for half a second before and after."""
    stop = threading.Event()
    user = threading.Thread(target=_use, args=(subject, rig, see, keys, stop), daemon=True)
    user.start()
    time.sleep(0.5)
    try:
        yield
        time.sleep(0.5)
    finally:
        stop.set()
        user.join(timeout=10)


def _use(subject: Subject, rig: Rig, see: Recording, keys: Keys, stop: threading.Event) -> None:
    async def use() -> None:
        ends = subject.topology.all_endpoints()
        wires = {e: Wire(replace(subject.target(e), keys=keys)) for e in ends}
        try:
            while not stop.is_set():
                for endpoint, wire in wires.items():
                    get = wire.request("GET", rig.buckets.plain, KEY, seconds=subject.response_seconds)
                    asked = {"bucket": rig.buckets.plain, "key": KEY}
                    await see.wire(Step.USE, endpoint, get, asked=asked)
                await asyncio.sleep(0.05)
        finally:
            close(wires.values())

    asyncio.run(use())
