"""One run: its candidate, its evidence folder, and what has been found so far."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from readiness.candidate.load import Loaded, load
from readiness.criteria import BY_ID, Criterion, Level, not_promised
from readiness.errors import UsageError
from readiness.evidence.folder import Evidence
from readiness.evidence.models import (
    ALL_LEVELS,
    CriterionFound,
    FindingRecord,
    Mode,
    RunRecord,
    VerdictRecord,
)
from readiness.finding import Finding, State
from readiness.gate.earlier import Earlier, programs_of, taken_over
from readiness.gate.gate import GateFindings
from readiness.gate.signature import sign, signer_of
from readiness.plugin.description import PACKAGE, description
from readiness.plugin.options import Options
from readiness.redact import Redactor
from readiness.report import junit, words
from readiness.report.folder import write_reports
from readiness.report.kept import promises_kept
from readiness.verdict import Result, Verdict, checked, criterion_record, judge, results_of


class Run:
    """Collects findings by criterion; knows which criteria were selected; writes the verdict once."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self._signer = signer_of(options.sign) if options.sign else None
        self.check = options.check
        self.loaded: Loaded = self.check.loaded if self.check else load(options.candidate)
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        self.id = f"{stamp}-{self.loaded.candidate.name}-{secrets.token_hex(3)}"
        self.redactor = Redactor()
        self.redactor.add_environment(os.environ)
        self.evidence: Evidence | None = None
        self.findings: dict[str, list[Finding]] = {}
        self.reasons: dict[str, str] = {}
        self.seconds: dict[str, float] = {}
        self.selected: set[str] = set()
        self.partly: set[str] = set()
        self.held: set[str] = set()
        self.tests: dict[str, str] = {}
        self._earlier: tuple[Earlier, ...] = ()
        self.taken: dict[str, str] = {}
        self.superseded: dict[str, list[str]] = {}
        self.interrupted = False
        self.started = time.monotonic()
        self.split: dict[str, float] = {}
        self.verdict: Verdict | None = None
        self.failed_start: str | None = None
        self.facts: dict[str, Any] = {}
        self.no_report: str | None = None
        """Why there is no JUnit report of this run, once it is judged."""

    @property
    def expected_red(self) -> dict[str, str]:
        """Criteria that the candidate's file expects red, with their issue; empty in strict mode."""
        return dict(self.loaded.candidate.expected_red) if self.options.interim else {}

    @property
    def mode(self) -> Mode:
        """How it judges."""
        return "check" if self.check else "interim" if self.options.interim else "strict"

    @property
    def undo_command(self) -> str:
        """What undoes what a killed run left on this candidate."""
        whose = "" if self.check else f" --candidate {self.options.candidate}"
        return f"{PACKAGE} undo{whose}"

    @property
    def clean_command(self) -> str:
        """What removes the scratch buckets that are left on this candidate."""
        whose = self.check.store if self.check else f"--candidate {self.options.candidate}"
        return f"{PACKAGE} clean {whose} --yes"

    def explained(self, error: UsageError) -> str:
        """Its message, without secrets; that of a check names options, where it would name fields of a file."""
        text = self.redactor.clean(str(error))
        return self.check.explained(text) if self.check else text

    @property
    def declared_not_run(self) -> dict[str, str]:
        """Criteria whose fault, by the candidate's file, may be impossible to inject, with the reason; empty in strict
        mode.
        """
        return dict(self.loaded.candidate.declared_not_run) if self.options.interim else {}

    @cached_property
    def not_promised(self) -> dict[str, str]:
        """Criteria that are not asked of this candidate, with the reason: its file does not promise them."""
        return not_promised(self.loaded.candidate.model_dump(mode="json", by_alias=True))

    def decides(self, criterion: Criterion) -> bool:
        """Whether it has a part in the verdict: its level is required, the candidate's file names it for interim mode,
        or single tests were named.
        """
        return (
            self.options.by_name
            or criterion.level in self.options.levels
            or criterion.id in self.expected_red
            or criterion.id in self.declared_not_run
        )

    def begin(self) -> None:
        """Makes the evidence folder and the failing sentinel. From here on no reader can see a pass before
        there is one.
        """
        self.sentinel("the run did not end: it was interrupted, killed, or is still going on")
        self.evidence = Evidence(self.options.runs / self.id, self.redactor)
        self.evidence.write("run.json", self._description().model_dump(mode="json"))

    def sentinel(self, why: str) -> None:
        """Replaces the JUnit report by one that fails, for this reason. Raises UsageError if it is that of another run
        that is still going on.
        """
        if self.options.junit:
            try:
                junit.write_sentinel(self.options.junit, self.redactor.clean(why), self.properties())
            except junit.ReportTaken as error:
                raise UsageError(str(error)) from None

    def invalidate_stale_report(self, why: str) -> None:
        """A report of an earlier run must not be taken for this one's, which did not even begin."""
        junit.invalidate(self.options.junit, self.redactor.clean(why), self.properties())

    def add(self, criterion: str, finding: Finding, seconds: float) -> None:
        """Records one finding of a criterion, in memory and in the evidence, without secrets: everything that
        reports it takes it from here.
        """
        finding = finding.cleaned(self.redactor.clean)
        self.findings.setdefault(criterion, []).append(finding)
        self.seconds[criterion] = self.seconds.get(criterion, 0.0) + seconds
        if self.evidence:
            self.evidence.append(
                "criteria.jsonl",
                CriterionFound(
                    criterion=criterion, seconds=round(seconds, 3), **FindingRecord.values(finding)
                ).model_dump(mode="json"),
            )

    def take_over(self, runs: Sequence[Earlier]) -> None:
        """What counts of earlier runs, besides the criteria that this run judges itself."""
        taken = taken_over(runs, self.selected)
        self._earlier = tuple(runs)
        self.taken = taken.runs
        self.superseded = taken.superseded
        for id_, findings in taken.findings.items():
            self.findings.setdefault(id_, []).extend(findings)
        self.selected |= taken.findings.keys()

    def found(self) -> GateFindings:
        """What the gate is asked about."""
        programs = programs_of(self.facts)
        return GateFindings(
            self.findings,
            self.loaded,
            self.evidence,
            self._earlier,
            programs,
            self.options.levels,
            self.declared_not_run,
            self.not_promised,
        )

    def red_before(self, phase: int) -> str | None:
        """Why this phase may not run: a criterion of an earlier phase that is not as it must be. None if it
        may.
        """
        for result in self._results():
            criterion = result.criterion
            if criterion.phase >= phase or criterion.id not in self.findings or not self.decides(criterion):
                continue
            if not result.as_expected:
                return f"phase {criterion.phase} is red: {criterion.id} is {result.state}"
        return None

    def _results(self) -> tuple[Result, ...]:
        return results_of(
            self.findings,
            self.reasons,
            self.expected_red,
            self.seconds,
            declared_not_run=self.declared_not_run,
            not_promised=self.not_promised,
        )

    def judge(self) -> Verdict:
        """The verdict on what has been found."""
        for id_ in self.selected:
            self.reasons.setdefault(id_, "the run ended before it")
        for id_ in self.partly:
            self.add(id_, Finding(State.NOT_RUN, "one of its tests was deselected"), 0.0)
        results = self._results()
        if self.check:
            self.verdict = checked(
                results,
                selected=frozenset(self.selected),
                held=frozenset(self.held),
                interrupted=self.interrupted,
                levels=self.options.levels,
            )
            return self.verdict
        whole = self.selected >= BY_ID.keys() and not self.options.keep_going
        self.verdict = judge(
            results,
            interim=self.options.interim,
            selected=None if whole else frozenset(self.selected),
            by_name=self.options.by_name,
            taken=self.taken,
            interrupted=self.interrupted,
            levels=self.options.levels,
        )
        return self.verdict

    def finish(self) -> Verdict:
        """Judges, writes verdict.json and the reports, seals the evidence, and writes the JUnit report last.

        Raises ValueError for a verdict that contradicts itself: nothing is sealed then, and the failing sentinel stays.
        """
        verdict = self.judge()
        if not self.check and (kept := promises_kept(verdict.results, self.loaded.promises)):
            self.facts["measured"] = kept
        folder = "none"
        if self.evidence:
            self.evidence.write("verdict.json", self._record(verdict).model_dump(mode="json"))
            self.evidence.flush()
            write_reports(self.evidence)
            if self._signer:
                sign(self.evidence.folder, self._signer)
            self.facts["seal"] = self.evidence.seal()
            folder = str(self.evidence.folder)
        if self.options.junit:
            try:
                junit.write(self.options.junit, verdict, self.properties(), evidence=folder)
            except junit.ReportTaken as error:
                self.no_report = str(error)
        return verdict

    def next_step(self) -> dict[str, str]:
        """The criterion to start with and the command that runs only that one; empty if all is well."""
        if self.verdict is None or not self.verdict.exit_code:
            return {}
        row = self._record(self.verdict).model_dump(mode="json")
        found = words.first_open(row["criteria"], row["levels"])
        again = words.next_step(row, self._description().model_dump(mode="json"))
        first = {"start with": f"{found['id']} {found['title']}"} if found else {}
        return first | ({"re-run only this criterion": again} if again else {})

    def properties(self) -> dict[str, str]:
        """Suite properties of the JUnit report."""
        return {
            "run": self.id,
            "candidate": self.loaded.candidate.name,
            "fingerprint": self.loaded.fingerprint,
            "mode": self.mode,
            "levels": ", ".join(level for level in Level if level in self.options.levels),
            "seed": str(self.options.seed),
            **{
                self.redactor.clean(str(name)): self.redactor.clean(str(value))
                for name, value in self.facts.items()
                if isinstance(value, str | int | float)
            },
        }

    def _description(self) -> RunRecord:
        return description(self.id, self.loaded, self.options, self.mode, self.tests)

    def _record(self, verdict: Verdict) -> VerdictRecord:
        return VerdictRecord(
            run=self.id,
            verdict=verdict.sentence,
            exit_code=verdict.exit_code,
            candidate=self.loaded.candidate.name,
            fingerprint=self.loaded.fingerprint,
            mode=self.mode,
            seed=self.options.seed,
            ended=datetime.now(UTC).replace(microsecond=0),
            seconds={**self.split, "total": round(time.monotonic() - self.started, 1)},
            phases=list(verdict.phases),
            levels=tuple(level for level in ALL_LEVELS if level in verdict.levels),
            counts=verdict.counts(),
            facts=self.facts,
            taken_over=self.taken,
            superseded=self.superseded,
            signed=self._signer is not None,
            criteria=[criterion_record(result) for result in verdict.results],
        )
