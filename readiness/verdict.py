"""What the evidence adds up to (docs/read-a-verdict.md). Pure: results in, verdict out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType

from readiness.criteria import DECIDING, MANIFEST, PHASES, Criterion, Level
from readiness.evidence.models import CriterionRecord, FindingRecord
from readiness.finding import WORST_FIRST, Finding, State, merge

EXIT_GOOD, EXIT_JUDGED = 0, 1


class Word(StrEnum):
    """The verdict in one word; GOOD are good news."""

    READY = "READY"
    INTERIM = "INTERIM AS EXPECTED"
    PHASE_PROVED = "PROVED"
    NOT_READY = "NOT READY"
    NOT_INTERIM = "NOT AS EXPECTED"
    SELECTION_PROVED = "SELECTION PROVED"
    PHASE_NOT_PROVED = "NOT PROVED"
    INTERRUPTED = "INTERRUPTED"
    CHECKED = "CHECKED"
    CHECK_FAILED = "CHECK FAILED"


GOOD = frozenset({Word.READY, Word.INTERIM, Word.PHASE_PROVED, Word.SELECTION_PROVED, Word.CHECKED})
OF_A_CHECK = frozenset({Word.CHECKED, Word.CHECK_FAILED})
"""No word of these says anything about failures."""


_HELD = "held without faults"


@dataclass(frozen=True)
class Result:
    """One criterion of the manifest with its finding. `issue` is set where the candidate's file expects it
    red, unless it is red by a wrong answer; `declared`, the reason, where the file declares that its fault may be
    impossible to inject. `not_promised`: why it is not asked of this candidate.
    """

    criterion: Criterion
    finding: Finding
    issue: str | None = None
    seconds: float = 0.0
    declared: str | None = None
    not_promised: str | None = None

    @property
    def state(self) -> State:
        """Its state; a claim of PROVED without an observation is UNKNOWN."""
        return self.finding.state

    @property
    def as_expected(self) -> bool:
        """In interim mode: NOT RUN as declared; else REFUTED where the file says so, PROVED everywhere else. An error
        is never expected. What is not promised is not missed.
        """
        as_listed = self.state is (State.REFUTED if self.issue else State.PROVED)
        return self.not_run_as_declared or self.not_asked or as_listed

    @property
    def not_asked(self) -> bool:
        """It did not run, and the candidate does not promise it."""
        return self.not_promised is not None and self.state is State.NOT_RUN

    @property
    def not_run_as_declared(self) -> bool:
        """The file declares it, and it did not run because its fault cannot be injected here, for no other cause."""
        return self.declared is not None and self.finding.impossible


@dataclass(frozen=True)
class Verdict:
    """The verdict of a run over a whole manifest. `phases` are the phases judged whole; `judged` is how many criteria
    were selected; `taken` names the earlier run of each criterion that was taken over. `levels` are those whose
    criteria decide; `beside` are the judged criteria of the others. `held` names the criteria that held in a check,
    which injects no fault, though it takes faults to prove them.
    """

    word: Word
    phases: tuple[int, ...]
    results: tuple[Result, ...]
    interim: bool
    judged: int = 0
    taken: Mapping[str, str] = field(default_factory=dict)
    levels: frozenset[Level] = DECIDING
    beside: tuple[Result, ...] = ()
    held: frozenset[str] = frozenset()

    def decides(self, result: Result) -> bool:
        """Whether this criterion had a part in the word."""
        return result not in self.beside

    @property
    def exit_code(self) -> int:
        """0 for READY, INTERIM AS EXPECTED, a PROVED phase, PROVED selected criteria and CHECKED; else 1."""
        return EXIT_GOOD if self.word in GOOD else EXIT_JUDGED

    @property
    def sentence(self) -> str:
        """The verdict as it is printed. Good news names what is not PROVED of the levels that did not decide."""
        if self.word in OF_A_CHECK:
            return self._of_a_check
        word = self._word
        open_: Counter[State] = Counter(r.state for r in self.beside if r.state is not State.PROVED)
        asked = self._not_promised if self.word in (Word.READY, Word.INTERIM, Word.PHASE_PROVED) else ""
        if self.word not in GOOD or not open_:
            return word + asked
        counts = ", ".join(f"{open_[state]} {state}" for state in WORST_FIRST if open_[state])
        one_word = self.word not in (Word.READY, Word.INTERIM)
        first, comma, more = (word, "", "") if one_word else word.partition(", ")
        return f"{first} at levels plan and state{comma}{more}{asked}; s3: {counts}"

    @property
    def _not_promised(self) -> str:
        """How many of the judged criteria the candidate does not promise."""
        whole = [r for r in self.results if not self.phases or r.criterion.phase in self.phases]
        count = sum(result.not_asked for result in whole)
        return f", {count} not promised" if count else ""

    @property
    def _of_a_check(self) -> str:
        """How many criteria are in each state; red ones of levels that did not decide apart."""
        red = (State.REFUTED, State.UNKNOWN)
        apart = Counter(r.state for r in self.beside if r.state in red)
        others = [r for r in self.results if self.decides(r) or r.state not in red]
        counted = Counter(_HELD if r.criterion.id in self.held else str(r.state) for r in others)
        counts = [f"{counted[State.PROVED]} {State.PROVED}", f"{counted[_HELD]} {_HELD}"]
        counts += [f"{counted[state]} {state}" for state in red if counted[state]]
        counts += [f"{counted[State.NOT_RUN]} {State.NOT_RUN}"]
        beside = ", ".join(f"{apart[state]} {state}" for state in red if apart[state])
        parts = [f"{self.word}: {', '.join(counts)}", *([f"s3: {beside}"] if beside else [])]
        return "; ".join([*parts, "nothing was proved about failures"])

    @property
    def _word(self) -> str:
        """The verdict's words without the levels that did not decide."""
        if self.word is Word.SELECTION_PROVED:
            return f"{self.judged} of {self.judged} selected criteria PROVED; not a verdict"
        if self.word in (Word.PHASE_PROVED, Word.PHASE_NOT_PROVED):
            if not self.phases:
                return "NOTHING PROVED: no phase was selected whole"
            numbers = ", ".join(str(phase) for phase in self.phases)
            return f"PHASE{'S' if len(self.phases) > 1 else ''} {numbers} {self.word}"
        if self.word is Word.READY and self.taken:
            runs = ", ".join(sorted(set(self.taken.values())))
            return f"READY, {len(self.taken)} of {len(self.results)} taken over from {runs}"
        declared = sum(result.not_run_as_declared for result in self.results)
        if self.word is Word.INTERIM and declared:
            return f"{Word.INTERIM}, {declared} {State.NOT_RUN} as declared"
        return str(self.word)

    def counts(self) -> dict[State, int]:
        """How many criteria are in each state; every state is named."""
        counted = Counter(result.state for result in self.results)
        return {state: counted[state] for state in State}


def results_of(
    findings: Mapping[str, Sequence[Finding]],
    reasons: Mapping[str, str],
    expected_red: Mapping[str, str],
    seconds: Mapping[str, float],
    manifest: Iterable[Criterion] = MANIFEST,
    *,
    declared_not_run: Mapping[str, str] = MappingProxyType({}),
    not_promised: Mapping[str, str] = MappingProxyType({}),
) -> tuple[Result, ...]:
    """One result for every criterion of the manifest: what was found, else NOT RUN with its reason. `expected_red` and
    `declared_not_run` are those of the candidate's file, empty in strict mode; `not_promised` are the criteria that are
    not asked of this candidate, each with the reason.
    """
    results = []
    for criterion in manifest:
        found = findings.get(criterion.id, ())
        why = reasons.get(criterion.id, "it was not collected")
        finding = merge(found) if found else Finding(State.NOT_RUN, why)
        issue = expected_red.get(criterion.id)
        if issue and finding.wrong_answer:
            why = "a wrong answer is never to be expected of a store that serves"
            issue, finding = None, replace(finding, reason=f"{finding.reason}; {why} (expected_red: {issue})")
        declared, took = declared_not_run.get(criterion.id), seconds.get(criterion.id, 0.0)
        results.append(Result(criterion, finding, issue, took, declared, not_promised.get(criterion.id)))
    return tuple(results)


def judge(
    results: Sequence[Result],
    *,
    interim: bool = False,
    selected: frozenset[str] | None = None,
    by_name: bool = False,
    taken: Mapping[str, str] | None = None,
    interrupted: bool = False,
    levels: frozenset[Level] = DECIDING,
) -> Verdict:
    """The verdict. The criteria of `levels` decide it; in interim mode also those that the candidate's file names, and
    where tests were named one by one all of them.

    `selected` names the criteria that were selected to run; None is a whole run by the rules, the only one
    that can be READY or INTERIM AS EXPECTED. A selection, and a run that went on after a red phase, can at
    most say that a phase is PROVED, and only of phases that were selected whole. `by_name`: the tests were named one by
    one; then it can say that they are PROVED, which is no verdict.
    """
    chosen = {result.criterion.id for result in results} if selected is None else set(selected)
    whole = tuple(
        phase
        for phase in PHASES
        if (ids := {r.criterion.id for r in results if r.criterion.phase == phase}) and ids <= chosen
    )
    judged = [result for result in results if result.criterion.id in chosen]
    beside = tuple(
        r for r in judged if not (by_name or r.criterion.level in levels or (interim and _listed(r)))
    )
    deciding = [r for r in judged if r not in beside and (by_name or not r.not_asked)]
    good = bool(deciding) and all(r.as_expected if interim else r.state is State.PROVED for r in deciding)
    everything = selected is None and bool(results)
    if interrupted:
        word = Word.INTERRUPTED
    elif everything and interim:
        word = Word.INTERIM if good else Word.NOT_INTERIM
    elif everything:
        word = Word.READY if good else Word.NOT_READY
    else:
        covered = {r.criterion.phase for r in judged} == set(whole)
        word = Word.PHASE_NOT_PROVED
        if good and not interim and (covered or by_name):
            word = Word.PHASE_PROVED if covered else Word.SELECTION_PROVED
    return Verdict(word, whole, tuple(results), interim, len(judged), taken or {}, levels, beside)


def checked(
    results: Sequence[Result],
    *,
    selected: frozenset[str],
    held: frozenset[str],
    interrupted: bool = False,
    levels: frozenset[Level] = DECIDING,
) -> Verdict:
    """The verdict of a check. It is good if every selected criterion that decides is PROVED, or `held` without faults
    and is otherwise NOT RUN. It covers no phase.
    """
    judged = [result for result in results if result.criterion.id in selected]
    beside = tuple(result for result in judged if result.criterion.level not in levels)
    holds = frozenset(r.criterion.id for r in judged if r.state is State.NOT_RUN) & held
    deciding = [result for result in judged if result not in beside]
    good = bool(deciding) and all(r.state is State.PROVED or r.criterion.id in holds for r in deciding)
    word = Word.INTERRUPTED if interrupted else Word.CHECKED if good else Word.CHECK_FAILED
    return Verdict(
        word, (), tuple(results), interim=False, judged=len(judged), levels=levels, beside=beside, held=holds
    )


def _listed(result: Result) -> bool:
    return result.issue is not None or result.declared is not None


def criterion_record(result: Result) -> CriterionRecord:
    """A criterion of the manifest with what was found, as verdict.json keeps it."""
    return CriterionRecord(
        id=result.criterion.id,
        phase=result.criterion.phase,
        title=result.criterion.title,
        level=result.criterion.level.value,
        **FindingRecord.values(result.finding),
        expected_red=result.issue,
        declared_not_run=result.declared,
        not_promised=result.not_promised if result.not_asked else None,
        seconds=round(result.seconds, 3),
    )
