"""`reports/STORE/verdict.json`: what is committed of the runs of one store, from which its page and the
tables are made.

What is read is validated by these models, and what is written too.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from readiness.criteria import BY_ID, MANIFEST
from readiness.criteria import Level as CriterionLevel
from readiness.errors import UsageError
from readiness.evidence.models import CriterionId, Digest, Level, Mode, Text
from readiness.finding import State
from readiness.topology import FaultKind

FILE = "verdict.json"
SUMS = ("P4.1", "P4.2")
"""Criteria that only add up others: they stand in the way of nothing by themselves."""


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PublishedRun(_Record):
    """One run. `suite` is the commit of the suite, `judged` the number of criteria that it judged, `seconds` how long
    it took, `command` what repeats it.
    """

    run: Text
    suite: Text
    machine: Text
    judged: int
    seconds: float
    command: Text


class Criterion(_Record):
    """What was found of one criterion. `level` is None where the suite had no levels yet."""

    id: CriterionId
    state: State
    title: Text
    reason: Text
    level: Level | None = None
    expected_red: str | None = None
    declared_not_run: str | None = None
    not_promised: str | None = None


class LongestOutage(_Record):
    """The longest outage of all faults of one kind where an endpoint had to serve, in words, and the scenario and
    endpoint. `state` is the worst of all: whether the promise, in seconds, was kept.
    """

    kind: FaultKind
    words: Text
    where: str
    promised: float
    state: State


class ReadBack(_Record):
    """Acknowledged writes: see readiness.report.writes.Writes. `unproved` are the criteria that read them back and are
    not PROVED, each with its state.
    """

    acknowledged: int
    objects: int
    lost: int
    scenarios: int
    unproved: list[str]


class Would(_Record):
    """One sentence on what would have happened to OpenTofu; `because` are the criteria that it rests on."""

    state: State
    sentence: Text
    because: list[CriterionId]


class Obstacle(_Record):
    """What stands between the store and READY at the levels plan and state: criteria with one state for one reason,
    and the command that shows it again.
    """

    criteria: Annotated[list[CriterionId], Field(min_length=1)]
    state: State
    reason: Text
    command: Text


class Answers(_Record):
    """What a page answers first. `writes` is None if no criterion that reads back what was written was judged."""

    outages: list[LongestOutage]
    writes: ReadBack | None
    would: list[Would]
    obstacles: list[Obstacle]
    unread: list[str] = []
    """Scenarios whose record could not be read, each with the reason."""


class Published(_Record):
    """All of one store. `answers` is None for pages of a suite that kept none."""

    candidate: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,40}$")]
    summary: Text
    nodes: list[str]
    fingerprint: Digest
    mode: Mode
    verdict: Text
    versions: dict[str, str]
    note: str = ""
    runs: Annotated[list[PublishedRun], Field(min_length=1)]
    answers: Answers | None = None
    criteria: Annotated[list[Criterion], Field(min_length=1)]

    @property
    def current(self) -> bool:
        """Whether exactly today's criteria were judged, with their levels and figures."""
        ids = {criterion.id for criterion in MANIFEST}
        return self.answers is not None and {row.id for row in self.criteria} == ids

    @property
    def suites(self) -> str:
        """The commits of the suite."""
        return ", ".join(dict.fromkeys(run.suite for run in self.runs))

    def text(self) -> str:
        """As it is committed."""
        kept = self.model_dump(mode="json", exclude_none=True)
        return json.dumps(kept, indent=1, ensure_ascii=False) + "\n"


def open_rows(criteria: Sequence[Criterion]) -> list[Criterion]:
    """What is not PROVED at the levels plan and state and is promised. Criteria that only add up others count only if
    nothing else does. A criterion without a level has that of today.
    """
    rows = [
        row
        for row in criteria
        if row.state is not State.PROVED and row.not_promised is None and _level(row) != "s3"
    ]
    return [row for row in rows if row.id not in SUMS] or rows


def _level(row: Criterion) -> str:
    known = BY_ID.get(row.id)
    return row.level or (known.level.value if known else CriterionLevel.STATE.value)


def load(path: Path) -> Published:
    """What that file says. Raises UsageError."""
    try:
        return Published.model_validate_json(path.read_text("utf-8"))
    except (OSError, ValidationError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from None


def load_all(reports: Path) -> list[Published]:
    """Every committed store, by name. Raises UsageError."""
    return [load(path) for path in sorted(reports.glob(f"*/{FILE}"))]
