"""The files of a run that others read: `run.json`, `verdict.json`, and the lines of `criteria.jsonl`.

What is written is validated by these models first; the published JSON Schema of verdict.json is generated from them.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, model_validator

from readiness.finding import Finding, State
from readiness.grounds import Violation, ViolationKind

SCHEMA: Literal[2] = 2
UNKNOWN_SUITE = "unknown"
"""The commit of a suite that has neither git nor a file REVISION: no two of these are known to be the same."""
MOST_WITNESS = 50
"""Operations of a long witness that are kept with the finding; all of them are in history/."""

Text = Annotated[str, StringConstraints(min_length=1)]
RunId = Annotated[str, StringConstraints(pattern=r"^[0-9]{8}T[0-9]{6}Z-[a-z0-9-]+-[0-9a-f]{6}$")]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
CriterionId = Annotated[str, StringConstraints(pattern=r"^(P[0-4]\.([a-z-]+\.)?[0-9]+|[SB]\.[0-9]+)$")]
Seconds = Annotated[float, Field(ge=0)]
Mode = Literal["strict", "interim", "check"]
Phase = Annotated[int, Field(ge=0, le=4)]
Level = Literal["plan", "state", "s3"]
ALL_LEVELS: tuple[Level, ...] = ("plan", "state", "s3")
_NOT_PROMISED = r"(, [0-9]+ not promised)?"
_BESIDE = r"(; s3: [0-9]+ (REFUTED|UNKNOWN|NOT RUN)(, [0-9]+ (UNKNOWN|NOT RUN))*)?"
_OF_A_CHECK = (
    r"(; s3: [0-9]+ (REFUTED|UNKNOWN)(, [0-9]+ (REFUTED|UNKNOWN))*)?; nothing was proved about failures"
)
GOOD = (
    r"^((READY( at levels plan and state)?(, [0-9]+ of [0-9]+ taken over from [^,;]+(, [^,;]+)*)?"
    r"|INTERIM AS EXPECTED( at levels plan and state)?(, [0-9]+ NOT RUN as declared)?"
    r"|PHASES? [0-4](, [0-4])* PROVED( at levels plan and state)?)"
    + _NOT_PROMISED
    + _BESIDE
    + r"|[0-9]+ of [0-9]+ selected criteria PROVED; not a verdict"
    + r"|CHECKED: [0-9]+ PROVED, [0-9]+ held without faults, [0-9]+ NOT RUN"
    + _OF_A_CHECK
    + ")$"
)
BAD = (
    r"^(NOT READY|NOT AS EXPECTED|INTERRUPTED|NOTHING PROVED: no phase was selected whole"
    r"|PHASES? [0-4](, [0-4])* NOT PROVED"
    r"|CHECK FAILED: [0-9]+ PROVED, [0-9]+ held without faults(, [0-9]+ (REFUTED|UNKNOWN))*, [0-9]+ NOT RUN"
    + _OF_A_CHECK
    + ")$"
)


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, serialize_by_alias=True)


class FindingRecord(_Record):
    """A finding as it is kept. PROVED by nothing cannot be kept."""

    state: State
    reason: Text
    observations: Annotated[int, Field(ge=0, description="Direct observations behind it.")]
    measured: dict[str, float | int | str | bool | None]
    witness: Annotated[
        list[str],
        Field(
            max_length=MOST_WITNESS, description="The shortest history that refutes it: JSON, as in history/."
        ),
    ]
    violations: Annotated[
        list[ViolationKind],
        Field(description="Kinds of wrong answers that refute it, each once; empty if something else does."),
    ] = []
    impossible: Annotated[
        bool,
        Field(description="NOT RUN because the provider or the machine lacks the means for its fault."),
    ] = False

    @model_validator(mode="after")
    def _rests_on_something(self) -> Self:
        if self.state is State.PROVED and not self.observations:
            raise ValueError("PROVED without a direct observation")
        if self.impossible and self.state is not State.NOT_RUN:
            raise ValueError(f"{self.state}, and impossible")
        return self

    @staticmethod
    def values(finding: Finding) -> dict[str, Any]:
        """The fields for this finding."""
        return {
            "state": finding.state,
            "reason": finding.reason or "no reason was given",
            "observations": finding.observations,
            "measured": dict(finding.measured),
            "witness": [op.as_json() for op in finding.witness[:MOST_WITNESS]],
            "violations": sorted({g.kind for g in finding.grounds if isinstance(g, Violation)}),
            "impossible": finding.impossible,
        }


class CriterionFound(FindingRecord):
    """A line of criteria.jsonl: one finding of a criterion, as it was made."""

    criterion: CriterionId
    seconds: Seconds


class CriterionRecord(FindingRecord):
    """A criterion of the manifest with what was found."""

    id: CriterionId
    phase: Phase
    title: Annotated[Text, Field(description="The plan's sentence.")]
    level: Level
    expected_red: Annotated[
        str | None,
        Field(description="The issue under which the candidate's file expects it red, in interim mode."),
    ]
    declared_not_run: Annotated[
        str | None,
        Field(
            description="Why the candidate's file declares that its fault may be impossible, in interim mode."
        ),
    ] = None
    not_promised: Annotated[
        str | None,
        Field(
            description="Why it is not asked of this candidate: NOT RUN, and the verdict does not miss it."
        ),
    ] = None
    seconds: Seconds

    @model_validator(mode="after")
    def _is_missed_or_not(self) -> Self:
        if self.not_promised is not None and self.state is not State.NOT_RUN:
            raise ValueError(f"{self.state}, and not promised")
        return self


class RunRecord(_Record):
    """`run.json`: what was judged, how, and with what."""

    schema_version: Annotated[Literal[2], Field(alias="schema")] = SCHEMA
    run: RunId
    started: datetime
    candidate: Text
    candidate_class: Annotated[Text, Field(alias="class")]
    fingerprint: Digest
    resolved: dict[str, JsonValue] = {}
    declared: dict[str, JsonValue]
    mode: Mode
    seed: int
    arguments: list[str]
    suite: Text
    tests: dict[str, str]
    python: Text
    machine: Text


class VerdictRecord(_Record):
    """`verdict.json`: what the evidence of one run adds up to. A change that breaks readers raises `schema`; new
    optional facts go into `facts`.
    """

    schema_version: Annotated[Literal[2], Field(alias="schema")] = SCHEMA
    run: RunId
    verdict: Annotated[str, StringConstraints(pattern=f"{GOOD}|{BAD}")]
    exit_code: Annotated[int, Field(ge=0, le=1, description="0 exactly for good news.")]
    candidate: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,40}$")]
    fingerprint: Digest
    mode: Mode
    seed: int
    ended: datetime
    seconds: dict[str, Seconds]
    phases: Annotated[list[Phase], Field(description="Phases that were judged whole.")]
    levels: Annotated[
        tuple[Level, ...],
        Field(min_length=2, description="Levels whose criteria decide; without it all of them."),
    ] = ALL_LEVELS
    counts: dict[State, Annotated[int, Field(ge=0)]]
    facts: Annotated[dict[str, Any], Field(description="Versions and other facts of the run; open for more.")]
    taken_over: Annotated[
        dict[CriterionId, Text],
        Field(description="Criteria taken over from earlier evidence, each with its run."),
    ] = {}
    superseded: Annotated[
        dict[CriterionId, list[str]],
        Field(
            description="Refusals in earlier evidence that a later whole run of the phase has judged anew."
        ),
    ] = {}
    signed: Annotated[bool, Field(description="Whether statement.dsse.json signs this evidence.")] = False
    criteria: Annotated[
        list[CriterionRecord], Field(min_length=1, description="The whole manifest, in its order.")
    ]

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        good = re.fullmatch(GOOD, self.verdict) is not None
        if good is (self.exit_code != 0):
            raise ValueError(f"exit code {self.exit_code} does not go with {self.verdict}")
        if self.verdict.startswith("CHECK") and (self.mode != "check" or self.phases):
            raise ValueError("only a check is CHECKED, and it judges no phase whole")
        if self.mode == "check" and not self.verdict.startswith(("CHECK", "INTERRUPTED")):
            raise ValueError(f"a check is not {self.verdict}")
        if set(self.counts) != set(State):
            raise ValueError("a state is not counted")
        if any(self.counts[state] != sum(c.state is state for c in self.criteria) for state in State):
            raise ValueError("the counts are not those of the criteria")
        open_ = [c for c in self.criteria if c.state is not State.PROVED and c.not_promised is None]
        if self.verdict.startswith("READY") and any(c.level in self.levels for c in open_):
            raise ValueError("READY with a criterion that is not PROVED")
        if self.verdict.startswith("READY") and bool(open_) is not ("; s3: " in self.verdict):
            raise ValueError("READY does not say what is not PROVED of the levels that did not decide")
        if self.verdict.startswith("INTERIM AS EXPECTED"):
            self._says_what_did_not_run()
        if self.verdict.startswith(("READY", "INTERIM AS EXPECTED")):
            self._says_what_is_not_promised()
        return self

    def _says_what_is_not_promised(self) -> None:
        counted = re.search(r", ([0-9]+) not promised", self.verdict)
        if sum(c.not_promised is not None for c in self.criteria) != (int(counted[1]) if counted else 0):
            raise ValueError("the verdict does not say how many criteria are not promised")

    def _says_what_did_not_run(self) -> None:
        counted = re.search(r", ([0-9]+) NOT RUN as declared", self.verdict)
        declared = [c for c in self.criteria if c.impossible and c.declared_not_run is not None]
        if len(declared) != (int(counted[1]) if counted else 0):
            raise ValueError("INTERIM AS EXPECTED does not say how many are NOT RUN as declared")
        if any(
            c.state is State.NOT_RUN
            and c.level in self.levels
            and c not in declared
            and c.not_promised is None
            for c in self.criteria
        ):
            raise ValueError("INTERIM AS EXPECTED with a criterion that is NOT RUN and not declared")
