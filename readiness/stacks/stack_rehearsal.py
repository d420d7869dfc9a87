"""The rehearsal of a whole stack: whether it may be rehearsed at all, what it is rehearsed from, and its workspaces."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pydantic import JsonValue

from readiness.evidence.observation import PROVIDER, Outcome
from readiness.evidence.seen import Seen
from readiness.evidence.stacks import CandidateNames
from readiness.finding import State
from readiness.judges.stacks.rehearsed import pulled
from readiness.judges.stacks.steps import Step
from readiness.judges.stacks.workspaces import DEFAULT
from readiness.recording import Recording
from readiness.stacks.config import StackConfig
from readiness.stacks.keyed import Keyed
from readiness.stacks.known_as import looked_up
from readiness.stacks.listed import UnlistedError, workspaces
from readiness.stacks.observed import backend_read
from readiness.stacks.rehearsal import Rehearsal
from readiness.stacks.stack import Examined
from readiness.stacks.standins import Source
from readiness.stacks.workspaces import Workspace
from readiness.tofu import Disposable

Start = Callable[[str], Source]
"""Starts the stand-in for a backend of this kind, or gives the one that runs. What it raises is why there is none."""


class NoStandInError(Exception):
    """There is no real backend of this kind to rehearse from."""


class StackRehearsal:
    """One stack. What is seen goes to `sees`, one recording for each of P3.<stack>.1 to .5: what concerns all of its
    workspaces to each of them. Nothing is started, and nothing written anywhere, before the stack is admitted.
    """

    def __init__(
        self,
        examined: Examined,
        start: Start,
        env: Disposable,
        sees: Sequence[Recording],
        name: str = "rehearsal",
    ) -> None:
        self.examined, self.env, self.name = examined, env, name
        self._start, self._sees = start, sees

    def admitted(self, names: CandidateNames | None = None) -> StackConfig | None:
        """The configuration, if this stack may be rehearsed: OpenTofu takes it, and it does not point at the candidate,
        whose names these are (by default those of its endpoints).
        """
        config, (first, *later) = self.examined.config, self._sees
        if isinstance(config, StackConfig):
            read = backend_read(config)
            urls = [endpoint.url for endpoint in self.env.endpoints]
            known = names or looked_up(urls, {self.env.place.bucket}, [read], lambda host: ())
            self._keep([first], Step.BACKEND, read.model_dump(mode="json"))
            self._keep([first], Step.NAMES, known.model_dump(mode="json"))
        else:
            self._keep([first], Step.BACKEND, error=str(config))
        subject = first.subject
        seen = Seen(subject.promises, {}, first.observations, (), subject.declared)
        found = pulled(seen, self.examined.name)
        if isinstance(config, StackConfig) and found.state is not State.REFUTED:
            return config
        self._keep(later, Step.NOT_REACHED, error=found.reason)
        return None

    def run(self, config: StackConfig) -> None:
        """Rehearses each workspace of an admitted stack, one after the other. Without a stand-in there is nothing to
        rehearse from, whatever is the reason.
        """
        try:
            source = self._start(config.backend)
        except Exception as error:  # noqa: BLE001 - a stand-in that does not start says nothing of the stack
            self._keep(self._sees, Step.STAND_IN, error=_without(config, error))
            return
        self._keep(self._sees, Step.STAND_IN, {"kind": source.kind})
        keyed, found = Keyed(), self._workspaces(config)
        for name in found:
            self.of(config, source, Workspace(name, found, keyed)).run()

    def of(self, config: StackConfig, source: Source, workspace: Workspace) -> Rehearsal:
        """The rehearsal of this workspace."""
        return Rehearsal(self.examined, config, source, self.env, self._sees, workspace, self.name)

    def _workspaces(self, config: StackConfig) -> tuple[str, ...]:
        """Those to rehearse. Where they cannot be listed it is the default one, and nothing is proved by it."""
        try:
            found = workspaces(config, self.examined.stack, self.env.tools)
        except UnlistedError as error:
            self._keep(self._sees, Step.WORKSPACES, error=str(error))
            return (DEFAULT,)
        self._keep(self._sees, Step.WORKSPACES, {"names": [*found]})
        return found

    def _keep(
        self, sees: Sequence[Recording], step: Step, result: JsonValue = None, *, error: str | None = None
    ) -> None:
        outcome: Outcome = "ok" if error is None else "error"
        for see in sees:
            now = see.subject.now()
            see.keep(step, self.examined.name, PROVIDER, now, outcome, error=error, result=result)


def _without(config: StackConfig, error: Exception) -> str:
    """Why there is no stand-in for its backend."""
    if isinstance(error, NoStandInError):
        return str(error)
    why = str(error) or type(error).__name__
    return f"its stand-in (backend {config.backend}) could not be started: {why}"
