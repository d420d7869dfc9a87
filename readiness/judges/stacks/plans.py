"""A migration plan: complete, current, reviewed, and it says what to return to."""

from __future__ import annotations

import re
from collections.abc import Iterator

from readiness.evidence.rehearsal import Configured, PlanRead
from readiness.finding import Finding, proved, refuted

STEPS = ("state pull", "backend config review", "init/migrate plan", "no-op plan", "rollback note")
"""The plan's own words for the five steps of one stack."""


def check(plan: PlanRead, configured: Configured, *, observations: int = 0) -> Finding:
    """P3.x.5, and P3.x.2 as far as it is text. `observations` are those of the rehearsal that did what the plan says;
    a plan alone, however good, proves nothing.
    """
    wrong = list(faults(plan, configured))
    if wrong:
        reason = f"{configured.name}, migration plan: {'; '.join(wrong)}"
        return refuted(reason, observations=max(observations, 1))
    return proved(f"{configured.name}: {reviewed(plan)}", observations)


def reviewed(plan: PlanRead) -> str:
    """What is said of a plan without a fault."""
    return f"plan complete, current, reviewed by {plan.reviewed_by}"


def faults(plan: PlanRead, configured: Configured) -> Iterator[str]:
    """What is wrong with this plan for this configuration."""
    if plan.stack != configured.name:
        yield f"it is the plan of {plan.stack}"
    missing = [name for name in STEPS if name not in plan.steps]
    if missing:
        yield f"it has no {', no '.join(missing)}"
    if plan.configuration_digest != configured.digest:
        yield (
            f"it is older than the configuration: written for {plan.configuration_digest[:19]}…, "
            f"the checkout has {configured.digest[:19]}…"
        )
    if plan.backend != configured.backend:
        yield f"it moves a backend {plan.backend}, the configuration has {configured.backend}"
    if configured.workspaces not in ((), ("default",)) and not plan.workspaces:
        yield (
            f"it moves only the workspace that is selected, and the state has {', '.join(configured.workspaces)}: its "
            "commands have to name the workspace (TF_WORKSPACE)"
        )
    yield from _unsafe(plan, configured)
    if not plan.reviewed_by or not re.fullmatch(r"\d{4}-\d\d-\d\d", plan.reviewed_on):
        yield "nobody has reviewed it"
    elif plan.reviewed_text != plan.text_digest:
        yield "it was changed after its review"


def _unsafe(plan: PlanRead, configured: Configured) -> Iterator[str]:
    """What is wrong with its way back, and with how it handles an encrypted state."""
    if not re.fullmatch(r"(version|file):[\w./+=@-]+", plan.returns_to) or "TODO" in plan.returns_to:
        yield "its rollback note names neither the version (version:…) nor the pulled file (file:…) to return to"
    if configured.encrypted and plan.decrypts:
        yield (
            "it would write the encrypted state decrypted: `state pull` prints it so, `state push` takes it so; "
            "copy the stored state as it is"
        )
    if not plan.rollback:
        yield "its rollback note has no commands"
