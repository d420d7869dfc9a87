"""What a criterion does, done, recorded, and judged: from memory and again from the file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from readiness.campaign.proving import proved
from readiness.candidate.load import load
from readiness.criteria import BY_ID
from readiness.evidence.folder import Evidence
from readiness.evidence.observation import load_observations
from readiness.evidence.seen import Seen
from readiness.finding import Finding
from readiness.not_undone import NotUndone
from readiness.providers.base import Provider
from readiness.redact import Redactor
from readiness.subject import Subject
from readiness.topology import Topology


def on_paper(folder: Path, *, secrets: tuple[str, ...] = ()) -> Subject:
    """A subject whose candidate is only declared, for executions that are given what they ask."""
    return Subject(
        loaded=load("embedded"),
        provider=cast(Provider, None),
        topology=cast(Topology, None),
        evidence=Evidence(folder / "evidence", Redactor(secrets)),
        seed=0,
        announce=lambda line: None,
        not_undone=NotUndone(lambda line: None),
    )


def without_versions(subject: Subject) -> Subject:
    """The same, but its contract promises no versions."""
    candidate = subject.candidate
    durability = candidate.contract.durability.model_copy(update={"versioning": False})
    contract = candidate.contract.model_copy(update={"durability": durability})
    changed = candidate.model_copy(update={"contract": contract})
    return replace(subject, loaded=replace(subject.loaded, candidate=changed))


def executed(id_: str, execution: Callable[..., Any], *given: object, subject: Subject) -> Finding:
    """The finding of this criterion, which what was kept in the evidence says as well."""
    found = proved(BY_ID[id_], subject, _no_campaign, execution, *given)
    kept = list(load_observations(subject.evidence.folder, id_))
    again = BY_ID[id_].judged(Seen(subject.promises, {}, kept, (), subject.declared))
    assert (again.state, again.reason, again.measured) == (found.state, found.reason, found.measured)
    return found


def _no_campaign() -> Any:
    raise AssertionError("no scenario is played")
