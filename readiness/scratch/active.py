"""P1.8: no active stack points at the candidate."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from readiness.criteria import PROTECTED_STACKS
from readiness.errors import UsageError
from readiness.finding import Finding, State, refuted
from readiness.s3.library import translate
from readiness.stacks.config import StackConfig, read
from readiness.stacks.hcl import UnreadableError
from readiness.stacks.known_as import names
from readiness.stacks.points import no_active_stack
from readiness.stacks.stack import EXAMPLES
from readiness.subject import Subject


def stacks_point_elsewhere(subject: Subject, stacks: Path | None) -> Finding:
    """P1.8: the configuration of the protected stacks is read, with everything that completes it, and in none of the
    ways in which they are initialised does it name the candidate. The candidate is only read, by listing its buckets.

    Without `--stacks` the example stacks are read, and only for a candidate that the suite started itself:
    for any other that would say nothing about the operator's stacks, and the criterion is NOT RUN.
    """
    if stacks is None and not subject.provider.owns_candidate:
        return Finding(
            State.NOT_RUN,
            "give --stacks DIR, the checkout with tofu/stacks/NAME/backend.tf of the protected stacks",
        )
    held: set[str] = set()
    answered = 0
    for endpoint in subject.topology.all_endpoints():
        listed = translate(subject.client(endpoint).list_buckets)
        held |= {bucket["Name"] for bucket in listed.get("Buckets", ())}
        answered += 1
    try:
        configs = active_stacks(stacks or EXAMPLES, os.environ)
    except UsageError as error:
        return refuted(str(error))
    known = names(subject.candidate, [endpoint.url for endpoint in subject.topology.all_endpoints()], held)
    return no_active_stack(configs, known, observations=answered)


def active_stacks(stacks: Path, caller: Mapping[str, str]) -> dict[str, StackConfig | UnreadableError]:
    """The configuration of every protected stack in this checkout, in every way in which it is initialised. Raises
    UsageError if one is not there."""
    found: dict[str, StackConfig | UnreadableError] = {}
    for name in PROTECTED_STACKS:
        try:
            found[name] = read(stacks, name, caller=caller)
        except UnreadableError as error:
            found[name] = error
    return found
