"""Evidence folders as runs leave them, made of a few hundred operations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from securesystemslib.signer._crypto_signer import CryptoSigner

from readiness.candidate.load import load
from readiness.criteria import BY_ID, Level
from readiness.evidence.folder import Evidence, Recorder
from readiness.evidence.models import VerdictRecord
from readiness.evidence.observation import Observation
from readiness.evidence.scenario import Event, ScenarioRecord
from readiness.evidence.seen import Group, Promises, Seen
from readiness.evidence.stored import JUDGED, SCENARIOS, as_row
from readiness.finding import Finding, merge, refuted
from readiness.gate.signature import sign
from readiness.history import Outcome, Verb
from readiness.redact import Redactor
from readiness.report.folder import write_reports
from readiness.topology import FaultKind
from readiness.verdict import OF_A_CHECK, Verdict, criterion_record, judge, results_of

RUN = "20261124T094608Z-embedded-7b0c3b"
RTO = {FaultKind.RESTART: 4.0, FaultKind.DRAIN: 4.0, FaultKind.CRASH: 4.0, FaultKind.SILENCE: 5.0}
ENDPOINTS = ("one", "two")


@dataclass
class Made:
    """What to make."""

    outage: float = 0.6
    lose: bool = False
    error: str = "ConnectTimeout"
    findings: Mapping[str, Finding] = field(default_factory=dict)
    interim: bool = False
    seal: bool = True
    expected: Mapping[str, str] = field(default_factory=dict)
    declared: Mapping[str, str] = field(default_factory=dict)
    about: Mapping[str, Any] = field(default_factory=dict)
    phases: tuple[int, ...] = ()
    signer: CryptoSigner | None = None
    verdict: Verdict | None = None
    """Instead of what the findings add up to."""


def make(root: Path, made: Made | None = None, name: str = RUN) -> Path:
    """One scenario, `crash:three`: probes every 0.1 s for ten seconds, an outage on endpoint `two` from 3 s."""
    made = made or Made()
    redactor = Redactor()
    evidence = Evidence(root / name, redactor)
    loaded = load("embedded")
    about = _about(loaded.candidate.model_dump(mode="json", by_alias=True), name) | dict(made.about)
    evidence.write("run.json", about)
    record = _record(evidence.recorder("crash:three"), made)
    evidence.append(SCENARIOS, as_row(record, "history/crash_three.jsonl"))
    evidence.observe(
        Observation(
            criterion="P1.1",
            step="list-buckets",
            endpoint="one",
            client="boto3",
            asked={"wanted": ["scratch"]},
            invoked=1.0,
            completed=1.1,
            outcome="ok",
            result=["scratch"],
        )
    )
    findings: dict[str, list[Finding]] = {id_: [finding] for id_, finding in made.findings.items()}
    for id_ in ("P1.13", "P1.14"):
        of_records = BY_ID[id_].judge
        assert of_records is not None
        found = of_records(Seen(Promises(RTO), {Group.CRASHES: [record]}))
        row = {"observations": 0, "state": str(found.state), "reason": found.reason}
        evidence.append(JUDGED, {"criterion": id_, "scenarios": {"crashes": [record.name]}, **row})
        findings[id_] = [found]
    verdict = made.verdict or judge(
        results_of(findings, {}, dict(made.expected), {}, declared_not_run=made.declared),
        interim=made.interim,
        selected=None if made.interim else frozenset(findings),
    )
    row = verdict_row(replace(verdict, phases=made.phases or verdict.phases), name)
    evidence.write("verdict.json", row | {"fingerprint": about["fingerprint"]})
    evidence.flush()
    assert write_reports(evidence)
    if made.signer:
        sign(evidence.folder, made.signer)
    if made.seal:
        evidence.seal()
    evidence.close()
    return evidence.folder


def _about(declared: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {
        "schema": 2,
        "run": name,
        "started": "2026-11-24T09:46:08+00:00",
        "candidate": "embedded",
        "class": "dedicated-ha",
        "fingerprint": "a" * 64,
        "declared": declared,
        "mode": "strict",
        "seed": 7,
        "arguments": ["-q", "--no-header", "/somewhere/suites", "-m", "phase1", "--junitxml", "x.xml"],
        "suite": "abc1234",
        "tests": {"P1.13": "suites/test_phase1_scratch_s3.py::test_nothing_acknowledged_is_lost"},
        "python": "3.11.7",
        "machine": "Linux 6 x86_64, 2 cores",
    }


def verdict_row(verdict: Verdict, name: str = RUN) -> dict[str, Any]:
    record = VerdictRecord(
        run=name,
        verdict=verdict.sentence,
        exit_code=verdict.exit_code,
        candidate="embedded",
        fingerprint="a" * 64,
        mode="check" if verdict.word in OF_A_CHECK else "interim" if verdict.interim else "strict",
        seed=7,
        ended=datetime(2026, 11, 24, 9, 54, 21, tzinfo=UTC),
        seconds={"total": 12.5},
        phases=list(verdict.phases),
        levels=tuple(each.value for each in Level if each in verdict.levels),
        counts=verdict.counts(),
        facts={"versions": {"control": "1.0.0"}, "tofu": "1.12.6"},
        criteria=[criterion_record(replace(result, seconds=0.5)) for result in verdict.results],
    )
    return record.model_dump(mode="json")


def _record(recorder: Recorder, made: Made) -> ScenarioRecord:
    for number in range(10):
        _op(recorder, "canon", Verb.WRITE, f"canon/{number}", 0.01 * number, value=f"body-{number}")
    more: dict[str, Any]
    for tick in range(100):
        at = 0.2 + tick * 0.1
        for endpoint in ENDPOINTS:
            out = endpoint == "two" and 3.0 < at < 3.0 + made.outage
            more = (
                {"outcome": Outcome.UNKNOWN, "status": None, "error": made.error}
                if out
                else {"value": "body-1"}
            )
            _op(recorder, "probe", Verb.READ, "canon/1", at, endpoint=endpoint, connection="new", **more)
    for number in range(10):
        lost = made.lose and number == 3
        for endpoint in ENDPOINTS:
            more = {"status": 404} if lost else {"value": f"body-{number}"}
            _op(
                recorder,
                "final",
                Verb.READ,
                f"canon/{number}",
                10.5 + number * 0.01,
                endpoint=endpoint,
                **more,
            )
    for label, at in (("before", 0.15), ("after", 9.0)):
        for endpoint in ENDPOINTS:
            more = {"process": f"{label}:crash:three", "library": "boto3", "endpoint": endpoint}
            _op(recorder, "matrix", Verb.HEAD, "canon/2", at, value="body-2", **more)
    event = Event(
        "crash:three",
        "crash",
        ("three",),
        ("store-three",),
        3.0,
        3.05,
        ["process 1 was reaped"],
        7.0,
        7.1,
        8.0,
    )
    record = ScenarioRecord(
        "crash:three", FaultKind.CRASH, ("three",), ENDPOINTS, True, tuple(recorder.history), [event], 0.0, 11.0
    )  # fmt: skip
    recorder.flush()
    return record


def _op(recorder: Recorder, workload: str, verb: Verb, key: str, at: float, **more: Any) -> None:
    fields: dict[str, Any] = {
        "workload": workload,
        "process": workload,
        "endpoint": "one",
        "verb": verb,
        "bucket": "scratch",
        "key": key,
        "invoked": round(at, 4),
        "completed": round(at + 0.004, 4),
        "outcome": Outcome.OK,
        "status": 200,
    }
    recorder.record(**(fields | more))


def red(reason: str, measured: Mapping[str, float] | None = None, witness: Iterable[Any] = ()) -> Finding:
    return merge([refuted(reason, measured=measured or {}, witness=witness)])
