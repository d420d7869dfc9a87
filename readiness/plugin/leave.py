"""Whether faults may be injected into the candidate."""

from __future__ import annotations

from collections.abc import Callable

from readiness.errors import NotRun
from readiness.finding import Finding, State
from readiness.plugin.options import Options
from readiness.subject import Subject


def may_inject(
    options: Options,
    subject: Subject,
    active_stacks: Callable[[], Finding],
    state_in_use: Callable[[], str | None],
) -> None:
    """Raises NotRun where faults are not allowed: on a candidate that the suite did not start they need
    --allow-faults, no active stack that points at it, and a state bucket without state.

    `active_stacks` is what P1.8 found, `state_in_use` a key of the state bucket that holds state.
    """
    if subject.provider.owns_candidate:
        return
    if not options.allow_faults:
        raise NotRun("faults on a candidate that the suite did not start need --allow-faults")
    found = active_stacks()
    if found.state in (State.REFUTED, State.UNKNOWN):
        raise NotRun(
            f"no fault is injected while an active stack may use the candidate (P1.8): {found.reason}"
        )
    bucket, key = subject.candidate.boundary.state_bucket, state_in_use()
    if key is not None and bucket != options.faults_on_state:
        raise NotRun(
            f"no fault is injected: the state bucket {bucket} holds {key}; name the bucket with "
            f"--faults-on-state {bucket} if that state may be lost"
        )
