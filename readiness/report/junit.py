"""The JUnit report. It fails closed: a failing sentinel from the start, replaced only by the verdict of the run that
wrote it, or by a later run once that one has ended.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from junitparser import Error, Failure, JUnitXml, JUnitXmlError, Skipped
from junitparser.junitparser import FinalResult
from junitparser.xunit2 import TestCase, TestSuite

from readiness.criteria import PHASES
from readiness.finding import Finding, State
from readiness.undo.living import Process, this_process
from readiness.verdict import Result, Verdict

NOT_JUDGED, PROCESS = "NOT JUDGED", "process"
SUITE = "tofu-state-ha-readiness"
MAX_MESSAGE, MAX_MEASURED = 2000, 100
_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class ReportTaken(Exception):
    """The report belongs to another run."""


def write_sentinel(path: Path, why: str, properties: Mapping[str, str]) -> None:
    """A report that fails: whatever happens to the run from here, no reader sees a pass. Raises ReportTaken if the
    report is that of another run that is still going on.
    """
    suite = TestSuite(SUITE)
    ours = {"verdict": NOT_JUDGED, **properties, PROCESS: this_process().text}
    for name, value in ours.items():
        _property(suite, name, value)
    case = TestCase("the run ended and was judged", f"{SUITE}.run")
    case.result = [Failure(_clean(why))]
    suite.add_testcase(case)
    with _alone(path):
        before = _properties_of(path)
        other = Process.of_text(before.get(PROCESS, ""))
        if _of_other(before, properties) and other is not None and other.lives:
            raise ReportTaken(
                f"the report {path} belongs to run {before.get('run', 'unknown')}, which is still going on "
                f"(process {other.pid}): wait for it, or name another file with --junitxml"
            )
        _write(path, suite)


def invalidate(path: Path | None, why: str, properties: Mapping[str, str]) -> None:
    """A report of an earlier run must not be taken for that of a run that did not even begin. One of a run that is
    still going on fails already, and stays.
    """
    if path and path.exists():
        with contextlib.suppress(ReportTaken):
            write_sentinel(path, f"nothing was judged: {why}", properties)


def write(path: Path, verdict: Verdict, properties: Mapping[str, str], *, evidence: str) -> None:
    """The report of a judged run: one test case for every criterion of the manifest, whether it ran or not. Raises
    ReportTaken if the report is another run's by now.
    """
    suite = TestSuite(SUITE)
    counts = {f"count.{state}": str(count) for state, count in verdict.counts().items()}
    for name, value in {"verdict": verdict.sentence, **properties, **counts}.items():
        _property(suite, name, value)
    for result in verdict.results:
        suite.add_testcase(_case(result, verdict, evidence=evidence))
    if verdict.exit_code:
        case = TestCase("verdict", f"{SUITE}.run")
        case.result = [Failure(f"{verdict.sentence}: see the criteria that are not PROVED")]
        suite.add_testcase(case)
    with _alone(path):
        before = _properties_of(path)
        if _of_other(before, properties):
            raise ReportTaken(
                f"the report {path} belongs to run {before.get('run', 'unknown')} by now: it is left as it is"
            )
        _write(path, suite)


def _of_other(before: Mapping[str, str], properties: Mapping[str, str]) -> bool:
    return "run" in before and before["run"] != properties.get("run")


def _properties_of(path: Path) -> dict[str, str]:
    """The properties of the report that is there; empty if there is none, or it is not one of ours."""
    try:
        found = [TestSuite.fromelem(each._elem) for each in JUnitXml.fromfile(str(path))]
    except (OSError, ValueError, SyntaxError, JUnitXmlError):
        return {}
    return {each.name: each.value for suite in found for each in suite.properties()}


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """No other run looks at that report and replaces it meanwhile."""
    path.parent.mkdir(parents=True, exist_ok=True)
    folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _case(result: Result, verdict: Verdict, *, evidence: str) -> TestCase:
    criterion, finding = result.criterion, result.finding
    phase = f"phase{criterion.phase}_{PHASES[criterion.phase].lower().replace(' ', '_')}"
    case = TestCase(f"{criterion.id} {criterion.title}", f"{SUITE}.{phase}", round(result.seconds, 3))
    _property(case, "criterion", criterion.id)
    _property(case, "sentence", criterion.title)
    if criterion.sentence:
        _property(case, "plan", criterion.sentence)
    _property(case, "level", criterion.level)
    _property(case, "state", str(finding.state))
    _property(case, "reason", finding.reason[:MAX_MESSAGE])
    _property(case, "observations", str(finding.observations))
    _property(case, "evidence", evidence)
    telling = sorted(finding.measured.items(), key=lambda item: not item[1])  # zeros last; else as measured
    for name, value in telling[:MAX_MEASURED]:
        _property(case, f"measured.{name}"[:MAX_MESSAGE], str(value)[:MAX_MESSAGE])
    if len(telling) > MAX_MEASURED:
        _property(case, "measured", f"{len(telling) - MAX_MEASURED} more values are in verdict.json")
    if result.issue:
        _property(case, "expected_red", result.issue)
    if result.declared:
        _property(case, "declared_not_run", result.declared)
    case.result = list(
        _outcome(finding, result, interim=verdict.interim) if verdict.decides(result) else _beside(result)
    )
    for outcome in case.result:  # some readers show the text of an outcome, others its message
        outcome.text = _clean(f"{outcome.message}\n\n{criterion.title}\nevidence: {evidence}")
    return case


def _property(of: TestSuite | TestCase, name: str, value: str) -> None:
    of.add_property(_clean(name), _clean(value))


def _clean(text: str) -> str:
    """Stores answer with control characters too, which XML has no way to say."""
    return _NOT_XML.sub("\ufffd", text)


def _beside(result: Result) -> list[FinalResult]:
    """A criterion of a level that does not decide is skipped, as an expected red is, so that a reader who counts
    failures agrees with the verdict; the message says what was found.
    """
    if result.state is State.PROVED:
        return []
    level = f"level {result.criterion.level}, which does not decide (--require {result.criterion.level})"
    return [Skipped(f"{result.state}, {level}: {_clean(result.finding.reason)}"[:MAX_MESSAGE], "level")]


def _outcome(finding: Finding, result: Result, *, interim: bool) -> list[FinalResult]:
    reason, issue = _clean(finding.reason), _clean(result.issue or "")
    message = f"{finding.state}: {reason}"[:MAX_MESSAGE]
    if finding.state is State.PROVED:
        if interim and issue:
            text = f"now PROVED, but listed as expected red ({issue}): remove it from expected_red"
            return [Failure(text, "no longer red")]
        return []
    if finding.state is State.REFUTED:
        if interim and issue:
            return [Skipped(f"expected red ({issue}): {reason}"[:MAX_MESSAGE], "pytest.xfail")]
        return [Failure(message, "refuted")]
    if finding.state is State.UNKNOWN:
        return [Error(message, "unknown")]
    if interim and result.not_run_as_declared:
        text = f"{State.NOT_RUN} as declared ({_clean(result.declared or '')}): {reason}"
        return [Skipped(text[:MAX_MESSAGE], "not-run-as-declared")]
    return [Skipped(message, "not-run")]


def _write(path: Path, suite: TestSuite) -> None:
    suite.update_statistics()
    report = JUnitXml(SUITE)
    report.add_testsuite(suite)
    report.update_statistics()
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    report.write(str(partial), pretty=True)
    partial.replace(path)
