"""S.6 and P4.1 to P4.3: what the gate asks of everything that was found."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from readiness.candidate.load import Loaded, load
from readiness.criteria import DECIDING, MANIFEST, STOP_CONDITIONS, Criterion, Level
from readiness.errors import UsageError
from readiness.evidence.folder import Evidence, kept_in
from readiness.finding import Finding, State, merge, proved, refuted, unknown, worst
from readiness.gate.earlier import MAX_AGE_SECONDS, Earlier


@dataclass(frozen=True)
class GateFindings:
    """What the gate is asked about: every finding so far by criterion, and the evidence behind it. `earlier` are the
    runs that findings were taken over from; `programs` the versions of the store and of tofu in this run; `levels`
    those whose criteria decide; `declared_not_run` are the criteria whose fault, by the candidate's file, may be
    impossible to inject (empty in strict mode). `not_promised` are those that are not asked of this candidate.
    """

    findings: Mapping[str, Sequence[Finding]]
    loaded: Loaded
    evidence: Evidence | None
    earlier: tuple[Earlier, ...] = ()
    programs: Mapping[str, str] = field(default_factory=dict)
    levels: frozenset[Level] = DECIDING
    declared_not_run: Collection[str] = ()
    not_promised: Collection[str] = ()

    def state(self, criterion: Criterion) -> State | None:
        """The state so far; None if nothing was found yet."""
        found = self.findings.get(criterion.id)
        return worst(finding.state for finding in found) if found else None

    def not_asked(self, criterion: Criterion) -> bool:
        """The candidate does not promise it, and it was not run."""
        return criterion.id in self.not_promised and self.state(criterion) in (None, State.NOT_RUN)

    def not_run_as_declared(self, criterion: Criterion) -> bool:
        """The file declares it, and its fault cannot be injected here."""
        found = self.findings.get(criterion.id, ())
        return criterion.id in self.declared_not_run and bool(found) and merge(found).impossible


def _before_gate() -> list[Criterion]:
    return [
        criterion for criterion in MANIFEST if not criterion.id.startswith("P4.") and criterion.id != "S.6"
    ]


def direct_evidence(found: GateFindings) -> Finding:
    """S.6: what was found rests on direct observations of this candidate, S3 or `tofu` operations of the suite itself,
    and those are in the evidence. A cache hit, a dispatched job or an RBE signal is not one, and nothing here records
    any.
    """
    findings = [finding for c in _before_gate() for finding in found.findings.get(c.id, ())]
    total = sum(finding.observations for finding in findings)
    if not total or found.evidence is None:
        return unknown("no criterion rests on a direct observation")
    kept = found.evidence.kept() + sum(kept_in(run.folder) for run in found.earlier)
    if not kept:
        return refuted(f"{total} observations are claimed, and the evidence holds none")
    return proved(f"{total} direct observations behind {len(findings)} findings", kept, claimed=total)


def all_proved(found: GateFindings) -> Finding:
    """P4.1: every criterion of phases 0 to 3, the stop conditions and the boundary is PROVED, as far as its level
    decides. The others are named.
    """
    before = [criterion for criterion in MANIFEST if not criterion.id.startswith("P4.")]
    everything = [criterion for criterion in before if not found.not_asked(criterion)]
    wanted = [criterion for criterion in everything if criterion.level in found.levels]
    open_ = [
        f"{c.id} {found.state(c) or State.NOT_RUN}" for c in wanted if found.state(c) is not State.PROVED
    ]
    if open_:
        more = f" and {len(open_) - 12} more" if len(open_) > 12 else ""
        return refuted(
            f"{len(open_)} of {len(wanted)} criteria are not PROVED: {', '.join(open_[:12])}{more}"
        )
    beside = [
        f"{c.id} {found.state(c) or State.NOT_RUN}"
        for c in everything
        if c not in wanted and found.state(c) is not State.PROVED
    ]
    more = f"; of level s3, which does not decide: {', '.join(beside)}" if beside else ""
    not_asked = [criterion.id for criterion in before if criterion not in everything]
    more += f"; not promised: {', '.join(not_asked)}" if not_asked else ""
    return proved(f"all {len(wanted)} criteria are PROVED{more}", len(wanted))


def no_stop(found: GateFindings) -> Finding:
    """P4.2: each of the plan's stop conditions was judged, and none holds."""
    states = {
        criterion.id: found.state(criterion) for criterion in MANIFEST if criterion.id in STOP_CONDITIONS
    }
    holds = [id_ for id_, state in states.items() if state is State.REFUTED]
    if holds:
        return refuted(f"reasons to stop before migration: {', '.join(holds)}")
    unjudged = [id_ for id_, state in states.items() if state is not State.PROVED]
    if unjudged:
        return unknown(f"not judged: {', '.join(unjudged)}")
    return proved(f"none of {len(states)} stop conditions holds", len(states))


def evidence_complete(found: GateFindings) -> Finding:
    """P4.3: every history was kept whole, the evidence is younger than a day, and the candidate's file is the
    one that was judged.
    """
    evidence = found.evidence
    if evidence is None:
        return unknown("there is no evidence folder")
    age = evidence.now()
    if age > MAX_AGE_SECONDS:
        return refuted(f"the evidence is {age / 3600:.1f} h old")
    try:
        if load(str(found.loaded.path)).fingerprint != found.loaded.fingerprint:
            return refuted("the candidate's file was changed during the run")
    except UsageError as error:
        return refuted(f"the candidate's file was changed during the run: {error}")
    asked = [criterion for criterion in _before_gate() if not found.not_asked(criterion)]
    not_run = [c for c in asked if found.state(c) in (None, State.NOT_RUN)]
    declared = [c.id for c in not_run if found.not_run_as_declared(c)]
    bare = [c.id for c in not_run if c.id not in declared]
    if bare:
        return refuted(
            f"the evidence is not complete: {len(bare)} criteria were not run, for example {bare[0]}"
        )
    if reason := _other_programs(found):
        return refuted(reason)
    kept, cut = _kept_whole(evidence)
    if cut:
        return refuted(cut)
    kept += sum(kept_in(run.folder) for run in found.earlier)
    findings = len((evidence.folder / "criteria.jsonl").read_text("utf-8").splitlines())
    if not kept:
        return unknown("no history was kept")
    imported = ", ".join(run.name for run in found.earlier) or "none"
    return proved(
        f"{kept} operations kept, {findings} findings, other runs' evidence: {imported}"
        + (f"; NOT RUN as declared: {', '.join(declared)}" if declared else ""),
        kept,
        findings=findings,
    )


def _other_programs(found: GateFindings) -> str | None:
    for run in found.earlier:
        if other := sorted(name for name in run.programs if run.programs[name] != found.programs.get(name)):
            versions = ", ".join(f"{name} {run.programs[name]}" for name in other)
            return f"{run.name} used other versions: {versions}"
    return None


def _kept_whole(evidence: Evidence) -> tuple[int, str | None]:
    """How many operations were kept, and which history was not kept whole, if one was not."""
    kept = 0
    for recorder in evidence.recorders():
        recorder.flush()
        lines = len(recorder.path.read_text("utf-8").splitlines())
        if lines != len(recorder.history):
            return kept, f"history {recorder.scope}: {lines} of {len(recorder.history)} operations were kept"
        kept += lines
    return kept, None
