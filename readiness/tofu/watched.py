"""Commands and looks at objects, each kept as an observation of the criterion that asks: what its judge is given.

Nothing secret is kept: of a state its numbers, digests and the suite's own inputs, of a lock its id and its time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import JsonValue

from readiness.evidence.observation import PROVIDER, Observation, Outcome
from readiness.judges.opentofu.commands import PREPARE, TOFU
from readiness.recording import Recording, Stopped
from readiness.s3.library import Malformed
from readiness.tofu import locks
from readiness.tofu.env import UNPARSABLE, Disposable
from readiness.tofu.objects import StoreError
from readiness.tofu.run import TofuRun
from readiness.tofu.state import NotAStateError, Snapshot, parse
from readiness.tofu.workspace import TofuClient
from readiness.topology import Endpoint

UNREADABLE = (*UNPARSABLE, "S3 bucket does not exist")
OBJECTS = "boto3"


@dataclass(frozen=True)
class Watched:
    """The disposable state as one criterion uses it. `case`: the part of the criterion, such as a fault."""

    env: Disposable
    see: Recording
    case: str = ""

    def about(self, case: str) -> Watched:
        """The same for another part of the criterion."""
        return replace(self, case=case)

    def ran(
        self, step: str, run: TofuRun, kept: Mapping[str, JsonValue] | None = None, /, **asked: JsonValue
    ) -> Observation:
        """Keeps this command."""
        outcome: Outcome = "unanswered" if run.code is None else "ok" if run.ok else "error"
        return self.see.keep(
            step,
            run.endpoint,
            TOFU,
            max(run.started, 0.0),
            outcome,
            run.code,
            None if run.ok else run.why(),
            {**_outcome(run), **(kept or {})},
            ended=max(run.ended, 0.0),
            asked=self._asked(command=run.argv[1], client=run.client, **asked),
        )

    def prepared(self, run: TofuRun, **asked: JsonValue) -> Observation:
        """Keeps this command, which has to succeed before anything can be judged. Raises Stopped if it did not."""
        one = self.ran(PREPARE, run, **asked)
        if not one.ok:
            raise Stopped(one.why())
        return one

    def unprepared(self, about: str, why: str) -> Stopped:
        """What could not be had at all; to be raised."""
        now = self.see.subject.now()
        self.see.keep(PREPARE, about, PROVIDER, now, "unanswered", error=why, asked=self._asked())
        return Stopped(why)

    def client(self, key: str, endpoint: Endpoint, *, max_retries: int | None = None) -> TofuClient:
        """The initialised client of this state through this endpoint. Raises Stopped if init fails."""
        return self.env.client(key, endpoint, max_retries=max_retries, need=self.prepared)

    def made(self, name: str, endpoint: Endpoint, key: str) -> TofuClient:
        """A client of its own, initialised. Raises Stopped if init fails."""
        client = self.env.make(name, endpoint, key)
        self.prepared(client.init())
        return client

    def pull(
        self, step: str, key: str, endpoint: Endpoint, **asked: JsonValue
    ) -> tuple[Observation, bytes | None]:
        """`state pull`, and the state's bytes if it gave any that are a state."""
        run, body = self.client(key, endpoint).state_pull()
        return self.pulled(step, run, body, **asked)

    def pulled(
        self, step: str, run: TofuRun, body: bytes, **asked: JsonValue
    ) -> tuple[Observation, bytes | None]:
        """Keeps this `state pull`."""
        if not run.ok:
            return self.ran(step, run, **asked), None
        if not body.strip():
            return self.ran(step, run, {"size": 0}, **asked), None
        try:
            return self.ran(step, run, _kept(parse(body)), **asked), body
        except NotAStateError as error:
            began, ended = max(run.started, 0.0), max(run.ended, 0.0)
            about = self._asked(command=run.argv[1], **asked)
            one = self.see.keep(
                step, run.endpoint, TOFU, began, "malformed", error=str(error), ended=ended, asked=about
            )
            return one, None

    def state(self, step: str, key: str, endpoint: Endpoint, **asked: JsonValue) -> Observation:
        """The state object as this endpoint gives it; status 404 if it says that there is none. Raises Stopped if it
        gives no answer, or something that is not a state.
        """
        place = self.env.where(key).key
        objects = self.env.objects(endpoint)
        return self._look(step, endpoint, place, lambda: _state_of(objects.get(place)), asked)

    def lock(self, step: str, key: str, endpoint: Endpoint, **asked: JsonValue) -> Observation:
        """The lock as this endpoint shows it; status 404 if it says that there is none. A lock object that cannot be
        read as one has the ID "?". Raises Stopped if it gives no answer.
        """
        place = self.env.where(key).lock_key
        return self._look(
            step, endpoint, place, lambda: _shown(self.env.lock(key, endpoint)), asked, name="lock"
        )

    def exists(self, step: str, key: str, endpoint: Endpoint) -> Observation:
        """What HEAD of the state object says. Raises Stopped if there is no answer."""
        place = self.env.where(key).key
        objects = self.env.objects(endpoint)
        return self._look(step, endpoint, place, lambda: {} if objects.exists(place) else None, {})

    def look(
        self,
        step: str,
        endpoint: Endpoint,
        key: str,
        call: Callable[[], JsonValue],
        place: str | None = None,
        **asked: JsonValue,
    ) -> Observation:
        """Any other request about this state's object, which lies at `place` if that is given; status 404 if it gives
        None. Raises Stopped if there is no answer.
        """
        return self._look(step, endpoint, place or self.env.where(key).key, call, asked)

    def _look(
        self,
        step: str,
        endpoint: Endpoint,
        place: str,
        call: Callable[[], JsonValue],
        asked: Mapping[str, JsonValue],
        name: str | None = None,
    ) -> Observation:
        began = self.see.subject.now()
        about = self._asked(bucket=self.env.place.bucket, key=place, **asked)
        try:
            found = call()
        except (NotAStateError, Malformed) as error:
            self.see.keep(step, endpoint.name, OBJECTS, began, "malformed", error=_brief(error), asked=about)
            raise Stopped(str(error)) from error
        except StoreError as error:
            self.see.keep(step, endpoint.name, OBJECTS, began, "unanswered", error=str(error), asked=about)
            raise Stopped(str(error)) from error
        if found is None:
            return self.see.keep(step, endpoint.name, OBJECTS, began, "error", 404, "absent", asked=about)
        kept: JsonValue = {name: found} if name else found
        return self.see.keep(step, endpoint.name, OBJECTS, began, "ok", 200, result=kept, asked=about)

    def _asked(self, **asked: JsonValue) -> dict[str, JsonValue]:
        return {"case": self.case, **asked} if self.case else asked


def digest(inputs: Mapping[str, Any]) -> str:
    """A digest of the inputs of resources: equal for equal ones."""
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()


def _state_of(body: bytes | None) -> JsonValue:
    return None if body is None else _kept(parse(body))


def _kept(snapshot: Snapshot) -> dict[str, JsonValue]:
    revision = snapshot.inputs("revision")
    members = {name: str(value)[:80] for name, value in snapshot.inputs("member").items()}
    return {
        "serial": snapshot.serial,
        "lineage": snapshot.lineage,
        "digest": snapshot.digest,
        "size": snapshot.size,
        "revision": revision[""] if isinstance(revision.get(""), int) else None,
        "members": {**members},
        "payload": digest(snapshot.inputs("payload")),
    }


def _shown(lock: locks.Lock | None) -> JsonValue:
    return {"id": lock.id, "created": lock.created} if lock else None


def _outcome(run: TofuRun) -> dict[str, JsonValue]:
    outcome: dict[str, JsonValue] = {"wall": round(run.wall, 6)}
    if run.code == 2:
        outcome["to_create"] = run.stdout.count("will be created")
    if locks.refused(run):
        outcome["refused"] = True
        outcome["vanished"] = locks.vanished(run)
        outcome["lock"] = _shown(locks.from_error(run))
    if run.code and (words := next((words for words in UNREADABLE if words in run.stderr), None)):
        outcome["unreadable"] = words
    return outcome


def _brief(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if not isinstance(error, NotAStateError) else str(error)
