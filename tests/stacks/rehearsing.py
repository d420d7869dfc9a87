"""A rehearsal done, and judged from what was kept of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from readiness.criteria import BY_ID
from readiness.evidence.observation import Observation, load_observations
from readiness.evidence.seen import Seen
from readiness.finding import Finding
from readiness.recording import Recording
from readiness.stacks.config import StackConfig
from readiness.stacks.rehearsal import Rehearsal
from readiness.stacks.stack import Examined
from readiness.stacks.stack_rehearsal import StackRehearsal
from readiness.stacks.standins import Source
from readiness.stacks.workspaces import Workspace
from readiness.subject import Subject
from readiness.tofu import Disposable
from tests.support.executed import on_paper

Change = Callable[[Rehearsal], None]


def rehearsed(
    examined: Examined,
    source: Source,
    env: Disposable,
    change: Change | None = None,
    name: str = "rehearsal",
) -> dict[str, Finding]:
    """The findings of the five steps; `change` is given the rehearsal of each workspace before it is done. The
    evidence, which lies beside the folder of tofu's clients, says the same, and holds no secret of the source.
    """
    subject = on_paper(env.tools.folder.parent / f"{name}-kept")
    sees = [Recording(subject, f"P3.{examined.name}.{step}") for step in range(1, 6)]
    stack = _Changed(change, examined, lambda kind: source, env, sees, name)
    if (config := stack.admitted()) is not None:
        stack.run(config)
    found = {see.criterion: _judged(subject, see.criterion, see.observations) for see in sees}
    kept = subject.evidence.folder
    assert {id_: _judged(subject, id_, list(load_observations(kept, id_))) for id_ in found} == found
    written = (kept / "observations.jsonl").read_text()
    assert [secret for secret in source.secrets() if secret in written] == []
    return found


class _Changed(StackRehearsal):
    """Each rehearsal is changed before it is done."""

    def __init__(self, change: Change | None, *given: Any) -> None:
        super().__init__(*given)
        self._change = change

    def of(self, config: StackConfig, source: Source, workspace: Workspace) -> Rehearsal:
        rehearsal = super().of(config, source, workspace)
        if self._change is not None:
            self._change(rehearsal)
        return rehearsal


def _judged(subject: Subject, id_: str, observations: Sequence[Observation]) -> Finding:
    return BY_ID[id_].judged(Seen(subject.promises, {}, observations, (), subject.declared))
