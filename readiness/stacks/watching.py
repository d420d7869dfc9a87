"""One step of a rehearsal while it is done: everything that its judge needs is kept, no state with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from pydantic import JsonValue

from readiness.evidence.observation import PROVIDER, Observation, Outcome
from readiness.evidence.seen import Seen
from readiness.finding import Finding, State
from readiness.judges.opentofu.commands import TOFU
from readiness.judges.stacks.steps import Step
from readiness.judges.stacks.workspaces import only
from readiness.recording import Recording, Stopped
from readiness.s3.library import Malformed
from readiness.stacks.keyed import Keyed
from readiness.stacks.workspaces import in_workspace
from readiness.tofu.env import Disposable
from readiness.tofu.objects import StoreError
from readiness.tofu.run import TofuRun
from readiness.tofu.state import NotAStateError
from readiness.tofu.watched import Watched
from readiness.tofu.workspace import StatePlace
from readiness.topology import Endpoint

R = TypeVar("R")


class Watching:
    """One step, in one workspace. Its commands and looks raise Stopped where nothing more can be done: the step's judge
    says why.
    """

    def __init__(
        self,
        env: Disposable,
        see: Recording,
        keyed: Keyed,
        source: str,
        workspace: str,
        judge: Callable[[Seen], Finding],
    ) -> None:
        self._judge = judge
        self._watched, self._see, self._keyed = Watched(env, see, workspace), see, keyed
        self._source, self._workspace = source, workspace
        self._env = env

    def found(self) -> Finding:
        """What the judge of this step says of what was kept until now of this workspace."""
        subject = self._see.subject
        seen = Seen(subject.promises, {}, self._see.observations, (), subject.declared)
        return self._judge(only(seen, self._workspace))

    def check(self) -> None:
        """Raises Stopped where what was kept refutes: nothing is done on top of it."""
        found = self.found()
        if found.state is State.REFUTED:
            raise Stopped(found.reason)

    def again(self, one: Observation) -> None:
        """What an earlier step observed is compared here, too."""
        self._see.again(one)

    def fact(
        self,
        step: Step,
        about: str,
        result: JsonValue = None,
        *,
        error: str | None = None,
        **asked: JsonValue,
    ) -> Observation:
        """What the suite itself knows, of its own files and of the stand-in."""
        outcome: Outcome = "ok" if error is None else "error"
        now, asked = self._see.subject.now(), {"case": self._workspace, **asked}
        return self._see.keep(step, about, PROVIDER, now, outcome, error=error, result=result, asked=asked)

    def unprepared(self, why: str) -> Stopped:
        """What could not be had at all; to be raised."""
        return self._watched.unprepared(self._source, why)

    def source(self, call: Callable[[], R]) -> R:
        """What the stand-in gives. Raises Stopped if it does not answer."""
        try:
            return call()
        except (StoreError, Malformed, OSError) as error:
            raise self.unprepared(f"{self._source}: {error}") from error

    def lock(self, held: Callable[[], bool]) -> None:
        """Whether somebody holds the lock of a state on the stand-in. Raises Stopped if so."""
        self.fact(Step.LOCK, self._source, {"held": self.source(held)})
        self.check()

    def stored(self, *, encrypted: bool) -> None:
        """Whether the state that the stand-in stores is encrypted."""
        self.fact(Step.STORED, self._source, {"encrypted": encrypted})

    def prepared(self, run: TofuRun) -> TofuRun:
        """This command has to succeed before anything can be judged. Raises Stopped if it did not."""
        self._watched.prepared(run)
        return run

    def ran(self, step: Step, run: TofuRun) -> Observation:
        """Keeps this command."""
        return self._watched.ran(step, run)

    def pulled(
        self, step: Step, run: TofuRun, body: bytes, *, decrypted: bytes | None = None, **asked: JsonValue
    ) -> Observation:
        """Keeps a command that printed a state. Raises Stopped where it failed or printed something else."""
        outcome: Outcome = "unanswered" if run.code is None else "ok" if run.ok else "error"
        kept, error = None, None if run.ok else run.why()
        if run.ok:
            try:
                kept = self._keyed.held(body, decrypted).model_dump(mode="json")
            except NotAStateError as wrong:
                outcome, error = "malformed", str(wrong)
        began, ended = max(run.started, 0.0), max(run.ended, 0.0)
        asked = {"case": self._workspace, **asked}
        one = self._see.keep(
            step, run.endpoint, TOFU, began, outcome, run.code, error, kept, ended=ended, asked=asked
        )
        if not one.ok:
            raise Stopped(f"{step}: {error}")
        return one

    def needed(self, step: Step, run: TofuRun, body: bytes) -> Observation:
        """The same for a state without which nothing can be judged: a command that failed says nothing of it."""
        if not run.ok:
            self.prepared(run)
        return self.pulled(step, run, body)

    def look(self, step: Step, endpoint: Endpoint, key: str, call: Callable[[], JsonValue]) -> Observation:
        """A request to the candidate about the state at the new key. Raises Stopped if there is no answer."""
        through: list[JsonValue] = [one.name for one in self._env.endpoints]
        return self._watched.look(step, endpoint, key, call, place=self.place(key).key, through=through)

    def place(self, key: str) -> StatePlace:
        """Where the state of this workspace lies on the candidate."""
        return in_workspace(self._env.where(key), self._workspace)

    def at_the_new_key(self, step: Step, key: str) -> None:
        """The state object at the new key, as every endpoint of the candidate gives it."""
        place = self.place(key).key

        def held(endpoint: Endpoint) -> JsonValue:
            body = self._env.objects(endpoint).get(place)
            return None if body is None else self._keyed.held(body).model_dump(mode="json")

        for endpoint in self._env.endpoints:
            self.look(step, endpoint, key, lambda end=endpoint: held(end))  # type: ignore[misc]
