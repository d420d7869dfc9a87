"""How a criterion is proved: do what it asks for, then judge what was recorded, by its row in the registry."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Concatenate, ParamSpec, TypeAlias

from readiness.campaign.campaign import Campaign
from readiness.criteria import Criterion
from readiness.errors import NotRun
from readiness.evidence.scenario import ScenarioRecord
from readiness.evidence.seen import Group, Seen
from readiness.evidence.stored import JUDGED
from readiness.finding import Finding, State
from readiness.recording import Recording, Stopped
from readiness.subject import Subject

P = ParamSpec("P")
Execution: TypeAlias = Callable[Concatenate[Subject, Recording, P], None]
"""Asks the candidate and records what comes back. Raises Stopped where what must succeed does not."""


def proved(
    criterion: Criterion,
    subject: Subject,
    campaign: Callable[[], Campaign],
    execution: Execution[P] | None = None,
    *args: P.args,
    **kwargs: P.kwargs,
) -> Finding:
    """Does what the criterion asks for, plays its scenarios, and judges what was recorded. From what it was judged is
    kept, so that it can be judged again.

    Raises NotRun where the candidate does not promise it, or where faults are not allowed, unless what was asked
    without a fault refutes already.
    """
    if reason := criterion.not_promised(subject.declared):
        raise NotRun(reason)
    see = Recording(subject, criterion.id)
    if execution is not None:
        with contextlib.suppress(Stopped):
            execution(subject, see, *args, **kwargs)
    try:
        groups = criterion.played(subject.declared)
        scenarios = campaign().play(groups) if groups else {}
    except NotRun:
        found = _judged(criterion, subject, see, {}) if execution else None
        if found is None or found.state is not State.REFUTED:
            raise
        return _kept(criterion, subject, see, {}, found)
    return _kept(criterion, subject, see, scenarios, _judged(criterion, subject, see, scenarios))


HOLDS = "holds without a fault"


def checked(
    criterion: Criterion,
    subject: Subject,
    campaign: Callable[[], Campaign],
    execution: Execution[P] | None = None,
    *args: P.args,
    **kwargs: P.kwargs,
) -> tuple[Finding, bool]:
    """What can be said of the criterion without a fault, and whether it holds as far as that goes. One that is judged
    from faults as well is never PROVED by that: at best it is NOT RUN, and holds.
    """
    part = criterion.without_faults()
    found = proved(part, subject, campaign, execution, *args, **kwargs)
    if found.state is not State.PROVED or part == criterion:
        return found, found.state is State.PROVED
    return replace(found, state=State.NOT_RUN, reason=f"{HOLDS}: {found.reason}"), True


def _judged(
    criterion: Criterion,
    subject: Subject,
    see: Recording,
    scenarios: Mapping[Group, Sequence[ScenarioRecord]],
) -> Finding:
    history = see.load.history if see.load else ()
    return criterion.judged(Seen(subject.promises, scenarios, see.observations, history, subject.declared))


def _kept(
    criterion: Criterion,
    subject: Subject,
    see: Recording,
    scenarios: Mapping[Group, Sequence[ScenarioRecord]],
    finding: Finding,
) -> Finding:
    row: dict[str, Any] = {
        "criterion": criterion.id,
        "scenarios": {
            str(group): [record.name for record in records] for group, records in scenarios.items()
        },
        "observations": len(see.observations),
        "state": str(finding.state),
        "reason": finding.reason,
    }
    if see.load is not None:
        see.load.flush()
        file = str(see.load.path.relative_to(subject.evidence.folder))
        row["history"] = {"file": file, "operations": len(see.load.history)}
    subject.evidence.append(JUDGED, row)
    return finding
