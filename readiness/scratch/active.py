"""P1.8: no active stack points at the candidate."""

from __future__ import annotations

from pathlib import Path

from readiness.criteria import PROTECTED_STACKS
from readiness.errors import UsageError
from readiness.finding import Finding, State, refuted
from readiness.load.rig import Rig
from readiness.s3.library import translate
from readiness.stacks.points import no_active_stack
from readiness.stacks.stack import EXAMPLES, examine
from readiness.subject import Subject


def stacks_point_elsewhere(subject: Subject, rig: Rig, stacks: Path | None) -> Finding:
    """P1.8: the HCL and backend files of the protected stacks are read, and none names an endpoint of the
    candidate.

    Without `--stacks` the example stacks are read, and only for a candidate that the suite started itself:
    for any other that would say nothing about the operator's stacks, and the criterion is NOT RUN.
    """
    if stacks is None and not subject.provider.owns_candidate:
        return Finding(
            State.NOT_RUN,
            "give --stacks DIR, the checkout with tofu/stacks/NAME/backend.tf of the protected stacks",
        )
    answered = 0
    for endpoint in subject.topology.all_endpoints():
        translate(subject.client(endpoint).list_buckets)
        answered += 1
    try:
        configs = {name: examine(name, stacks or EXAMPLES).config for name in PROTECTED_STACKS}
    except UsageError as error:
        return refuted(str(error))
    urls = [endpoint.url for endpoint in subject.topology.all_endpoints()]
    return no_active_stack(configs, urls, rig.buckets.both(), observations=answered)
