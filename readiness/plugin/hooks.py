"""The pytest plugin: what happens when, from configuration to the verdict."""

from __future__ import annotations

import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from readiness import providers
from readiness.cli.dry_run import dry_run
from readiness.cli.explore import EXPLORATION
from readiness.cli.options import add_options
from readiness.criteria import BY_ID, Criterion
from readiness.errors import Impossible, NotRun, Refuted, Unjudged, UsageError
from readiness.finding import Finding, State, unknown, worst
from readiness.outcomes import finding_of
from readiness.paths import ROOT
from readiness.plugin.exploring import Exploring
from readiness.plugin.interrupts import Interrupts
from readiness.plugin.options import read_options
from readiness.plugin.printed import short, without_secrets
from readiness.plugin.progress import Progress, standard_error
from readiness.plugin.run import Run
from readiness.plugin.session import CREATE, SETTINGS, Session
from readiness.report import junit
from readiness.report.checked import print_check
from readiness.report.terminal import print_verdict
from readiness.verdict import EXIT_JUDGED

RUN = pytest.StashKey[Run]()
FINDING = pytest.StashKey[Finding]()
SESSION = pytest.StashKey[Session]()
INTERRUPTS = pytest.StashKey[Interrupts]()
EXPLORING = pytest.StashKey[Exploring]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of a readiness run."""
    add_options(parser.getgroup("readiness", "OpenTofu state authority readiness").addoption)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """A dry run runs no tests."""
    return dry_run(config.getoption("--candidate")) if config.getoption("--dry-run") else None


def pytest_configure(config: pytest.Config) -> None:
    """A run over suites/ becomes a readiness run; the project's own tests are left alone."""
    if not _about_suites(config):
        return
    report = config.option.xmlpath
    try:
        run = None if config.option.collectonly else Run(read_options(config))
    except UsageError as error:
        junit.invalidate(report and Path(report), str(error), {})
        raise pytest.UsageError(str(error)) from None
    config.option.xmlpath = None  # the report is written by this plugin: pytest's own fails open
    if run is None:
        return
    config.stash[RUN] = run
    config.stash[INTERRUPTS] = Interrupts()
    config.stash[INTERRUPTS].install()
    config.pluginmanager.register(config.stash[INTERRUPTS])


def _about_suites(config: pytest.Config) -> bool:
    places = [Path(str(arg).split("::", 1)[0]) for arg in config.args]
    return any(
        (config.invocation_params.dir / place).resolve().is_relative_to(ROOT / "suites") for place in places
    ) or any((config.invocation_params.dir / place).resolve() == ROOT for place in places)


def criterion_of(item: pytest.Item) -> Criterion | None:
    """The criterion that a test judges. Raises UsageError for an id that the manifest does not have."""
    mark = item.get_closest_marker("criterion")
    if mark is None:
        return None
    (id_,) = mark.args
    if id_ not in BY_ID:
        raise pytest.UsageError(f"{item.nodeid} judges the unknown criterion {id_}")
    return BY_ID[id_]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Notes which criteria are selected; marks those that may be red without deciding anything, and in interim mode
    those that the candidate's file expects red, or whose fault, it declares, may be impossible.
    """
    run = config.stash.get(RUN, None)
    if run is None:
        return
    if EXPLORATION in config.stash:
        items.clear()
        return
    items[:] = [item for item in items if not _left_out(run, item)]
    for item in items:
        criterion = criterion_of(item)
        if criterion is None:
            raise pytest.UsageError(f"{item.nodeid} names no criterion of the manifest")
        run.selected.add(criterion.id)
        run.tests[criterion.id] = item.nodeid
        issue, declared = run.expected_red.get(criterion.id), run.declared_not_run.get(criterion.id)
        if not_promised := run.not_promised.get(criterion.id):
            item.add_marker(pytest.mark.xfail(strict=False, raises=NotRun, reason=not_promised))
        elif issue:
            raises = (Refuted, Impossible) if declared else Refuted
            item.add_marker(pytest.mark.xfail(strict=True, raises=raises, reason=issue))
        elif declared:
            item.add_marker(pytest.mark.xfail(strict=False, raises=Impossible, reason=declared))
        elif not run.decides(criterion):
            why = f"level {criterion.level} does not decide"
            item.add_marker(pytest.mark.xfail(strict=False, raises=(Refuted, Unjudged), reason=why))


def _left_out(run: Run, item: pytest.Item) -> bool:
    """Whether a check does not ask for it. Notes what it would take."""
    criterion = criterion_of(item)
    if run.check is None or criterion is None or run.check.asks(criterion):
        return False
    run.reasons[criterion.id] = run.check.needs(criterion)
    return True


def pytest_deselected(items: list[pytest.Item]) -> None:
    """A deselected criterion is NOT RUN."""
    for item in items:
        run = item.config.stash.get(RUN, None)
        if run is not None and (criterion := criterion_of(item)):
            run.reasons[criterion.id] = "it was deselected"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    """Between collection and the first test: everything an operator can put right is found out here, and ends
    with exit code 4.
    """
    run = session.config.stash.get(RUN, None)
    if run is None or session.testsfailed:
        return (yield)
    run.partly = {id_ for id_ in run.selected if run.reasons.pop(id_, None) == "it was deselected"}
    run.selected -= run.partly
    candidate_session = session.config.stash[SESSION] = Session(
        run,
        _progress(session.config, watch=run.options.watch),
        create=session.config.stash.get(CREATE, providers.create),
        settings=session.config.stash.get(SETTINGS, None),
    )
    wanted = session.config.stash.get(EXPLORATION, None)
    try:
        candidate_session.start()
        if wanted is not None:
            session.config.stash[EXPLORING] = Exploring(run, candidate_session, wanted)
            session.config.stash[EXPLORING].search()
    except UsageError as error:
        run.invalidate_stale_report(str(error))
        candidate_session.stop()
        del session.config.stash[RUN]
        raise pytest.UsageError(run.explained(error)) from None
    return (yield)


def _progress(config: pytest.Config, *, watch: bool) -> Progress:
    progress = Progress(standard_error(), quiet=config.option.verbose > 0)
    if watch and (why := progress.why_not_live):
        progress.announce(f"--watch shows nothing: {why}")
    return progress


@pytest.hookimpl(wrapper=True)
def pytest_report_teststatus(config: pytest.Config) -> Generator[None, Any, Any]:
    """Beside the lines of progress pytest prints no letters of its own."""
    status = yield
    candidate_session = config.stash.get(SESSION, None)
    return (
        (status[0], "", status[2])
        if status and candidate_session is not None and not candidate_session.progress.quiet
        else status
    )


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A phase after a red one is not run; the gate always is."""
    run = item.config.stash.get(RUN, None)
    criterion = criterion_of(item) if run else None
    if run is None or criterion is None:
        return
    item.config.stash[SESSION].progress.begin(criterion)
    if (reason := item.config.stash[SESSION].not_undone.reason) and not criterion.of_the_gate:
        raise Unjudged(reason)
    if criterion.phase < 4 and not run.options.keep_going and (why := run.red_before(criterion.phase)):
        pytest.skip(why)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """The outcome of a test becomes a finding of its criterion."""
    report = yield
    run = item.config.stash.get(RUN, None)
    criterion = criterion_of(item) if run else None
    if run is None or criterion is None:
        return report
    finding = _finding(item, call)
    if finding is not None:
        run.add(criterion.id, finding, call.duration)
        item.config.stash[SESSION].progress.done(criterion, finding.state)
    if call.excinfo is not None and report.failed and not item.config.getoption("--showlocals"):
        report.longrepr = short(call.excinfo)
    without_secrets(report, run.redactor.clean)
    return report


def _finding(item: pytest.Item, call: pytest.CallInfo[None]) -> Finding | None:
    """What the test handed over; else what its ending says."""
    error = call.excinfo.value if call.excinfo else None
    if isinstance(error, pytest.skip.Exception):
        return Finding(State.NOT_RUN, str(error))
    made = item.stash.get(FINDING, None) if call.when == "call" else None
    if error is None:
        return (made or unknown("the test ended without a judgement")) if call.when == "call" else None
    ending = finding_of(error)
    return (
        made
        if made is not None and worst((made.state, ending.state)) is made.state is not State.PROVED
        else ending
    )


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Heals and stops everything first, then judges and writes."""
    config = session.config
    run, candidate_session = config.stash.get(RUN, None), config.stash.get(SESSION, None)
    if run is None:
        return
    if candidate_session is None:
        run.invalidate_stale_report("the suites could not be collected")
        return
    interrupts = config.stash[INTERRUPTS]
    run.interrupted = interrupts.ended_tests or exitstatus in (
        pytest.ExitCode.INTERRUPTED,
        pytest.ExitCode.INTERNAL_ERROR,
    )
    with interrupts.taking_down(candidate_session.please_wait, candidate_session.end_cleaning):
        candidate_session.stop()
        if exploring := config.stash.get(EXPLORING, None):
            session.exitstatus = exploring.finish()
            return
        code = run.finish().exit_code
        session.exitstatus = max(code, EXIT_JUDGED) if run.no_report else code


def pytest_terminal_summary(config: pytest.Config) -> None:
    """The verdict, last."""
    run = config.stash.get(RUN, None)
    if run is not None and (exploring := config.stash.get(EXPLORING, None)):
        exploring.show(_console())
        return
    if run is None or run.verdict is None:
        return
    facts = {"measured": str(run.facts["measured"])} if "measured" in run.facts else {}
    facts |= {"candidate": run.loaded.candidate.name, "seed": str(run.options.seed)}
    facts["took"] = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in run.split.items())
    if run.evidence:
        facts["evidence"] = _relative(run.evidence.folder)
        facts["report"] = _relative(run.evidence.folder / "report.html")
    if run.options.junit:
        facts["junit"] = run.no_report or _relative(run.options.junit)
    facts |= run.next_step()
    show = print_check if run.check else print_verdict
    show(_console(), run.verdict, facts)


def _console() -> Console:
    console = Console(file=sys.stdout)
    if not console.is_terminal:
        console.width = 100
    return console


def _relative(path: Path) -> str:
    cwd = Path.cwd()
    return str(path.relative_to(cwd) if path.is_relative_to(cwd) else path)


def run_of(config: pytest.Config) -> Run:
    """The run of this session. Raises KeyError outside of a readiness run."""
    return config.stash[RUN]


def session_of(config: pytest.Config) -> Session:
    """The candidate's session. Raises KeyError outside of a readiness run."""
    return config.stash[SESSION]
