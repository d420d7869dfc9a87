"""How a criterion is proved: do what it asks for, then judge what was recorded, by its row in the registry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeAlias

from readiness.campaign.campaign import Campaign
from readiness.criteria import Criterion
from readiness.errors import Broken
from readiness.evidence.seen import Seen
from readiness.evidence.stored import JUDGED
from readiness.finding import Finding, refuted
from readiness.recording import Recording
from readiness.subject import Subject

P = ParamSpec("P")
Execution: TypeAlias = Callable[Concatenate[Subject, Recording, P], Finding]
"""Asks the candidate and records what comes back. Raises Broken where the candidate fails what must succeed."""


def executed(
    criterion: Criterion, subject: Subject, execution: Execution[P], *args: P.args, **kwargs: P.kwargs
) -> Finding:
    """What the execution found; REFUTED where the candidate failed what must succeed."""
    see = Recording(subject, criterion.id)
    try:
        return execution(subject, see, *args, **kwargs)
    except Broken as error:
        return refuted(str(error), observations=max(1, see.count))


def judged_from_scenarios(criterion: Criterion, subject: Subject, campaign: Campaign) -> Finding:
    """Plays what the criterion needs and judges it; which records it was judged from, and what that gave, is kept."""
    assert criterion.judge is not None
    scenarios = campaign.play(criterion.scenarios)
    seen = Seen(subject.promises, scenarios).without_impossible(criterion.optional)
    finding = criterion.judge(seen).honest()
    names = {str(group): [record.name for record in records] for group, records in scenarios.items()}
    row = {
        "criterion": criterion.id,
        "scenarios": names,
        "state": str(finding.state),
        "reason": finding.reason,
    }
    subject.evidence.append(JUDGED, row)
    return finding
