"""A stack's migration plan: a file people review, with a front matter that a machine checks. Draft, review, check."""

from __future__ import annotations

import datetime
import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from readiness.criteria.phase3 import STEPS
from readiness.finding import Finding, proved, refuted
from readiness.stacks.config import StackConfig

FILE = "migration-plan.md"
_FENCE = "+++"


class BadPlanError(Exception):
    """A plan file that cannot be read; the message says why."""


@dataclass(frozen=True)
class MigrationPlan:
    """One plan file. `reviewed_text` is the digest of the text that was reviewed: everything but the review's own
    lines."""

    stack: str
    configuration_digest: str
    backend: str
    steps: Mapping[str, str]
    returns_to: str
    rollback: tuple[str, ...]
    reviewed_by: str
    reviewed_on: str
    reviewed_text: str
    text_digest: str


def load(path: Path) -> MigrationPlan:
    """The plan in this file. Raises BadPlanError."""
    try:
        return parse(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise BadPlanError(f"{path.name}: cannot be read") from error


def parse(text: str) -> MigrationPlan:
    """The plan in this text. Raises BadPlanError."""
    parts = text.split(f"{_FENCE}\n")
    if len(parts) < 3 or parts[0].strip():
        raise BadPlanError(f"it does not begin with a front matter between lines of {_FENCE}")
    try:
        front = tomllib.loads(parts[1])
        rollback = front["rollback"]
        return MigrationPlan(
            stack=_text(front["stack"]),
            configuration_digest=_text(front["configuration_digest"]),
            backend=_text(front["backend"]),
            steps={_text(step["name"]): _text(step.get("command", "")) for step in front["steps"]},
            returns_to=_text(rollback.get("returns_to", "")),
            rollback=tuple(_text(line) for line in rollback.get("commands", ())),
            reviewed_by=_text(front.get("reviewed_by", "")),
            reviewed_on=str(front.get("reviewed_on", "")),
            reviewed_text=_text(front.get("reviewed_text", "")),
            text_digest=text_digest(text),
        )
    except (tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError) as error:
        raise BadPlanError(f"its front matter is not complete ({type(error).__name__}: {error})") from error


def check_plan(plan: MigrationPlan, config: StackConfig, *, observations: int = 0) -> Finding:
    """P3.x.5, and P3.x.2 as far as it is text: the plan is complete, current, reviewed, and says what to return to.

    `observations` are those of the rehearsal that did what the plan says; a plan alone, however good, proves nothing.
    """
    faults = []
    if plan.stack != config.name:
        faults.append(f"it is the plan of {plan.stack}")
    missing = [name for name in STEPS if not plan.steps.get(name, "").strip()]
    if missing:
        faults.append(f"it has no {', no '.join(missing)}")
    if plan.configuration_digest != config.digest:
        faults.append(
            f"it is older than the configuration: written for {plan.configuration_digest[:19]}…, "
            f"the checkout has {config.digest[:19]}…"
        )
    if plan.backend != config.backend:
        faults.append(f"it moves a backend {plan.backend}, the configuration has {config.backend}")
    faults += _unsafe(plan, config)
    if not plan.reviewed_by or not re.fullmatch(r"\d{4}-\d\d-\d\d", plan.reviewed_on):
        faults.append("nobody has reviewed it")
    elif plan.reviewed_text != plan.text_digest:
        faults.append("it was changed after its review")
    if faults:
        return refuted(
            f"{config.name}, migration plan: {'; '.join(faults)}", observations=max(observations, 1)
        )
    return proved(f"{config.name}: plan complete, current, reviewed by {plan.reviewed_by}", observations)


def _unsafe(plan: MigrationPlan, config: StackConfig) -> list[str]:
    """What is wrong with its way back, and with how it handles an encrypted state."""
    faults = []
    if not re.fullmatch(r"(version|file):[\w./+=@-]+", plan.returns_to) or "TODO" in plan.returns_to:
        faults.append(
            "its rollback note names neither the version (version:…) nor the pulled file (file:…) to return to"
        )
    if config.encryption is not None and config.encryption.state and _plain(plan):
        faults.append(
            "it would write the encrypted state decrypted: `state pull` prints it so, `state push` takes it so; "
            "copy the stored state as it is"
        )
    if not plan.rollback:
        faults.append("its rollback note has no commands")
    return faults


def _plain(plan: MigrationPlan) -> bool:
    """Whether a command of this plan handles the state decrypted."""
    return any(re.search(r"\bstate (pull|push)\b", line) for line in (*plan.steps.values(), *plan.rollback))


def review(text: str, by: str, on: datetime.date) -> str:
    """The same plan with its review entered. Raises BadPlanError."""
    parse(text)
    if not by.strip() or '"' in by or "\n" in by:
        raise BadPlanError("a review needs a name")
    entered = _set(_set(text, "reviewed_by", by.strip()), "reviewed_on", on.isoformat())
    return _set(entered, "reviewed_text", text_digest(entered))


def text_digest(text: str) -> str:
    """A digest of everything but the review's own lines."""
    rest = "\n".join(line for line in text.splitlines() if not re.match(r"reviewed_(by|on|text) = ", line))
    return f"sha256:{hashlib.sha256(rest.encode()).hexdigest()}"


def _set(text: str, name: str, value: str) -> str:
    return re.sub(rf"^{name} = .*$", lambda _: f'{name} = "{value}"', text, count=1, flags=re.MULTILINE)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not text")
    return value
