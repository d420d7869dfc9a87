"""Findings of earlier runs, for the gate: sealed evidence is judged again, never believed for what it claims."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError
from securesystemslib.signer._key import Key

from readiness.candidate.load import Loaded
from readiness.criteria import BY_ID, MANIFEST, PHASES
from readiness.errors import UsageError
from readiness.evidence.folder import BrokenSeal, verify_seal
from readiness.evidence.models import UNKNOWN_SUITE, RunRecord, VerdictRecord
from readiness.evidence.stored import StoredRun, Unreadable, read_run
from readiness.finding import Finding, State, refuted, unknown
from readiness.gate.again import judged_again
from readiness.gate.signature import BadSignature, verify

MAX_AGE_SECONDS = 24 * 3600
BEFORE_THE_GATE = tuple(phase for phase in PHASES if phase < 4)


@dataclass(frozen=True)
class Earlier:
    """One earlier run of this candidate. `phases` were judged whole; `findings` are those of today's judges where the
    run kept what they take.
    """

    name: str
    folder: Path
    started: datetime
    suite: str
    phases: frozenset[int]
    programs: Mapping[str, str]
    signed_by: str | None
    findings: Mapping[str, Finding]


@dataclass
class Taken:
    """What is taken over: findings by criterion, the run each criterion's came from, and refusals that a later whole
    run of the phase has superseded.
    """

    findings: dict[str, list[Finding]] = field(default_factory=dict)
    runs: dict[str, str] = field(default_factory=dict)
    superseded: dict[str, list[str]] = field(default_factory=dict)


def programs_of(facts: Mapping[str, object]) -> dict[str, str]:
    """The versions of the store's parts and of tofu, from the facts of a run."""
    versions = facts.get("versions")
    found = {str(k): str(v) for k, v in versions.items()} if isinstance(versions, Mapping) else {}
    return found | ({"tofu": str(facts["tofu"])} if "tofu" in facts else {})


def read_earlier(
    folders: Sequence[Path], loaded: Loaded, suite: str, keys: Sequence[Key] = ()
) -> list[Earlier]:
    """The earlier runs, the oldest first.

    `suite` is the commit of this run. Raises UsageError for evidence that is edited, foreign, too old, of another or
    a changed suite, of a run that did not end, or not signed where `keys` are given.
    """
    return sorted((_read(folder, loaded, suite, keys) for folder in folders), key=lambda run: run.started)


def _read(folder: Path, loaded: Loaded, suite: str, keys: Sequence[Key]) -> Earlier:
    try:
        verify_seal(folder)
        signed_by = verify(folder, keys) if keys else None
        run = read_run(folder)
        about, verdict = RunRecord.model_validate(run.about), VerdictRecord.model_validate(run.verdict)
        _must_fit(folder, about, verdict, loaded, suite)
        findings = dict(_findings(run, verdict))
    except (BrokenSeal, BadSignature, Unreadable) as error:
        raise UsageError(f"--evidence: {error}") from None
    except ValidationError as error:
        raise UsageError(f"--evidence {folder} cannot be read: {type(error).__name__}") from None
    programs = programs_of(verdict.facts)
    phases = frozenset(verdict.phases)
    return Earlier(folder.name, folder, about.started, about.suite, phases, programs, signed_by, findings)


def _must_fit(folder: Path, about: RunRecord, verdict: VerdictRecord, loaded: Loaded, suite: str) -> None:
    age = (datetime.now(UTC) - about.started).total_seconds()
    reasons = {
        f"is of another candidate: fingerprint {about.fingerprint[:12]}, this one's is {loaded.fingerprint[:12]}": (
            about.fingerprint != loaded.fingerprint
        ),
        f"is {age / 3600:.1f} h old; at most {MAX_AGE_SECONDS // 3600} h count": not 0
        <= age
        <= MAX_AGE_SECONDS,
        f"was made by the suite at {about.suite}, this run is {suite}": about.suite != suite,
        "was made by a suite whose commit is not known: judge from a git checkout, with git, or from an image": (
            about.suite == UNKNOWN_SUITE
        ),
        f"was made by a changed suite ({about.suite}): commit the changes and run again": "dirty"
        in about.suite,
        "is of a run that was interrupted": verdict.verdict == "INTERRUPTED",
        "is of a check, which injects no fault": "check" in (about.mode, verdict.mode),
    }
    for reason, holds in reasons.items():
        if holds:
            raise UsageError(f"--evidence {folder} {reason}")


def _findings(run: StoredRun, verdict: VerdictRecord) -> Iterator[tuple[str, Finding]]:
    """What today's judges say of each criterion. Where they cannot say it, a refusal stands and nothing else does."""
    by_id = {row.id: row for row in verdict.criteria}
    for row in judged_again(run):
        if row.criterion not in BY_ID or row.recorded is State.NOT_RUN:
            continue
        note = f"[{run.folder.name}]"
        if row.now is not None:
            found = replace(row.now, reason=f"{row.now.reason} {note}", witness=())
        elif row.recorded is State.REFUTED:
            kept = by_id[row.criterion]
            found = refuted(
                f"{row.recorded_reason} {note}",
                observations=max(kept.observations, 1),
                measured=kept.measured,
            )
        else:
            found = unknown(f"cannot be judged again ({row.note}) {note}")
        yield row.criterion, found


def taken_over(runs: Sequence[Earlier], judged_here: Collection[str]) -> Taken:
    """What counts of the earlier runs (the oldest first) besides the criteria that this run judges itself.

    Of each phase that this run does not judge whole, the latest whole run counts. A refusal of any run counts, too,
    unless a later whole run of that phase has judged it anew.
    """
    taken = Taken()
    for phase in BEFORE_THE_GATE:
        ids = [criterion.id for criterion in MANIFEST if criterion.phase == phase]
        here = set(ids) <= set(judged_here)
        chosen = None if here else next((run for run in reversed(runs) if phase in run.phases), None)
        for id_ in ids:
            _take(taken, runs, id_, chosen, here=here)
    return taken


def _take(taken: Taken, runs: Sequence[Earlier], id_: str, chosen: Earlier | None, *, here: bool) -> None:
    if chosen is not None and id_ in chosen.findings:
        taken.findings.setdefault(id_, []).append(chosen.findings[id_])
        taken.runs[id_] = chosen.name
    for run in runs:
        found = run.findings.get(id_)
        if run is chosen or found is None or found.state is not State.REFUTED:
            continue
        if here or (chosen is not None and run.started < chosen.started):
            taken.superseded.setdefault(id_, []).append(f"{run.name}: {found.reason}")
        else:
            taken.findings.setdefault(id_, []).append(found)
            taken.runs.setdefault(id_, run.name)
