from __future__ import annotations

import io

import pytest
from rich.console import Console

from readiness.criteria import BY_ID
from readiness.finding import State
from readiness.plugin.progress import Progress
from readiness.report.terminal import print_verdict
from readiness.verdict import judge, results_of
from tests.report.folders import red


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    return Terminal()


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def play(progress: Progress, clock: Clock | None = None) -> None:
    progress.announce("embedded is ready")
    progress.begin(BY_ID["P1.6"])
    for scenario in ("crash:bumble", "crash:bumble", "crash:honey"):
        progress.announce(scenario)
        if clock:
            clock.now += 1
    progress.done(BY_ID["P1.6"], State.PROVED)
    progress.begin(BY_ID["P1.7"])
    progress.done(BY_ID["P1.7"], State.NOT_RUN)
    progress.stop()
    progress.stop()


def test_where_there_is_no_terminal_lines_are_few_and_plain() -> None:
    out = io.StringIO()
    play(Progress(out))
    assert out.getvalue().split("\n") == [
        "  embedded is ready",
        "",
        "Phase 1: Scratch S3 Proof",
        "  crash:bumble",
        "  crash:honey",
        "✓ P1.6 bucket/object HEAD through one node-unavailability event, by crash and by silence",
        "",
    ]


def test_on_a_terminal_a_live_line_says_what_is_waited_for_and_how_long(terminal: Terminal) -> None:
    clock = Clock()
    play(Progress(terminal, clock=clock), clock)
    message = terminal.getvalue()
    assert "P1.6" in message
    assert "crash:honey, 0 s" in message
    assert "crash:bumble, 1 s" in message
    assert "\n  crash:bumble" not in message


def test_a_verbose_run_leaves_the_lines_to_pytest() -> None:
    out = io.StringIO()
    play(Progress(out, quiet=True))
    assert "✓" not in out.getvalue()
    assert "Phase 1" in out.getvalue()


def test_the_table_at_the_end_fits_and_names_what_did_not_run_once_a_phase() -> None:
    findings = {"P1.6": [red("a reason of many words " * 40)], "P3.runner-dashboard.5": [red("no note")]}
    out = io.StringIO()
    print_verdict(Console(file=out, width=100), judge(results_of(findings, {}, {}, {})), {"seed": "1"})
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= 100
    assert sum("NOT RUN" in line for line in lines) == 5 + 1  # one a phase, and the counts
    assert any("P3.runner-dashboard.5 REFUTED" in line for line in lines)
    assert any("and 19 more: it was not collected" in line for line in lines)
