"""P1.8: no active stack points at the candidate."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import JsonValue

from readiness.criteria import PROTECTED_STACKS
from readiness.errors import NotRun, UsageError
from readiness.evidence.observation import PROVIDER
from readiness.evidence.stacks import BackendRead
from readiness.judges.stacks.points import Step
from readiness.recording import Recording
from readiness.s3.library import Answered, Unanswered
from readiness.stacks.config import read
from readiness.stacks.hcl import UnreadableError
from readiness.stacks.known_as import names
from readiness.stacks.observed import backend_read
from readiness.stacks.stack import EXAMPLES
from readiness.subject import Subject
from readiness.topology import Endpoint


def stacks_point_elsewhere(subject: Subject, see: Recording, stacks: Path | None) -> None:
    """P1.8: the configuration of the protected stacks is read, with everything that completes it, in each of the ways
    in which they are initialised. The candidate is only read, by listing its buckets.

    Without `--stacks` the example stacks are read, and only for a candidate that the suite started itself:
    for any other that would say nothing about the operator's stacks. Raises NotRun then.
    """
    if stacks is None and not subject.provider.owns_candidate:
        raise NotRun(
            "give --stacks DIR, the checkout with tofu/stacks/NAME/backend.tf of the protected stacks"
        )
    endpoints = subject.topology.all_endpoints()
    held = {name for endpoint in endpoints for name in _buckets(subject, see, endpoint)}
    found = [_backend(see, stacks or EXAMPLES, name) for name in PROTECTED_STACKS]
    understood = [one for one in found if one is not None]
    see.fact(
        Step.NAMES,
        subject.candidate.name,
        lambda: names(subject.candidate, [endpoint.url for endpoint in endpoints], held, understood),
        kept=lambda known: known.model_dump(mode="json"),
    )


def _buckets(subject: Subject, see: Recording, endpoint: Endpoint) -> list[str]:
    client = subject.client(endpoint)

    def listing() -> list[str]:
        return [bucket["Name"] for bucket in client.list_buckets().get("Buckets", ())]

    asked: dict[str, JsonValue] = {"url": endpoint.url}
    answer = see.ask(Step.BUCKETS, endpoint, "boto3", listing, asked=asked, kept=_all)
    return [] if isinstance(answer, Answered | Unanswered) else answer


def _all(names: list[str]) -> JsonValue:
    return [*names]


def _backend(see: Recording, stacks: Path, name: str) -> BackendRead | None:
    """Where this stack's state is, kept; None where it cannot be said."""
    began = see.subject.now()
    try:
        found = backend_read(read(stacks, name, caller=os.environ))
    except UsageError as error:
        see.keep(Step.BACKEND, name, PROVIDER, began, "error", error=str(error))
        return None
    except UnreadableError as error:
        see.keep(Step.BACKEND, name, PROVIDER, began, "malformed", error=f"{name}: {error}")
        return None
    see.keep(Step.BACKEND, name, PROVIDER, began, "ok", result=found.model_dump(mode="json"))
    return found
