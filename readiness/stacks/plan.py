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

from readiness.evidence.rehearsal import Configured, PlanRead
from readiness.finding import Finding
from readiness.judges.stacks import plans
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
    """Whether the plan is complete, current, reviewed, and says what to return to (readiness/judges/stacks/plans.py).

    `observations` are those of a rehearsal that did what the plan says; a plan alone, however good, proves nothing.
    """
    return plans.check(plan_read(plan), configured(config), observations=observations)


def plan_read(plan: MigrationPlan) -> PlanRead:
    """What is kept of a plan: none of its commands."""
    return PlanRead(
        stack=plan.stack,
        configuration_digest=plan.configuration_digest,
        backend=plan.backend,
        steps=tuple(name for name, command in plan.steps.items() if command.strip()),
        decrypts=_plain(plan),
        workspaces=_names_workspaces(plan),
        returns_to=plan.returns_to,
        rollback=len(plan.rollback),
        reviewed_by=plan.reviewed_by,
        reviewed_on=plan.reviewed_on,
        reviewed_text=plan.reviewed_text,
        text_digest=plan.text_digest,
    )


def configured(
    config: StackConfig, without: tuple[str, ...] = (), workspaces: tuple[str, ...] = ()
) -> Configured:
    """What a plan is written for. `without`: settings that a stand-in does not have; `workspaces`: those of the state,
    as far as they are known.
    """
    return Configured(
        name=config.name,
        digest=config.digest,
        backend=config.backend,
        encrypted=config.encryption is not None and config.encryption.state,
        without=without,
        workspaces=workspaces,
    )


def _plain(plan: MigrationPlan) -> bool:
    """Whether a command of this plan handles the state decrypted."""
    return any(re.search(r"\bstate (pull|push)\b", line) for line in (*plan.steps.values(), *plan.rollback))


def _names_workspaces(plan: MigrationPlan) -> bool:
    """Whether what reads the state, what moves it and what rolls back each name a workspace."""
    named = re.compile(r"\bTF_WORKSPACE\b|\bworkspace (select|list)\b")
    moved = [plan.steps.get(name, "") for name in ("state pull", "no-op plan")]
    return all(map(named.search, [*moved, "\n".join(plan.rollback)]))


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
