"""`--watch`: what it shows, and that it cannot disturb a run."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console, RenderableType

from readiness.criteria import BY_ID
from readiness.evidence.folder import Evidence
from readiness.history import Outcome, Verb
from readiness.plugin.progress import Progress
from readiness.plugin.watching import SECONDS, Endpoints
from readiness.redact import Redactor
from readiness.topology import Endpoint
from tests.report.test_progress import Terminal, terminal

__all__ = ["terminal"]

ONE = Endpoint("one", "http://127.0.0.1:1", "a", "store-a")
SERVICE = Endpoint("service", "http://127.0.0.1:2")


class Told(Evidence):
    """An evidence folder whose clock is set."""

    moment = 0.0

    def now(self) -> float:
        return self.moment


@pytest.fixture
def evidence(tmp_path: Path) -> Iterator[Told]:
    made = Told(tmp_path / "run", Redactor())
    yield made
    made.close()


def record(evidence: Told, scope: str) -> Callable[..., None]:
    recorder = evidence.recorder(scope)

    def add(endpoint: str, at: float, outcome: Outcome = Outcome.OK, *, took: float = 0.01) -> None:
        recorder.record(
            workload="probe", process="p", endpoint=endpoint, verb=Verb.READ, bucket="b", key="k",
            invoked=at, completed=at + took, outcome=outcome,
        )  # fmt: skip

    return add


def shown(view: RenderableType) -> list[str]:
    out = io.StringIO()
    Console(file=out, width=100).print(view)
    return [line.rstrip() for line in out.getvalue().splitlines()]


def test_every_endpoint_has_a_row_with_a_mark_for_each_second(evidence: Told) -> None:
    view = Endpoints([ONE, SERVICE], lambda endpoint: endpoint.is_service, evidence)
    add = record(evidence, "crash:a")
    for second in range(26, 30):
        add("service", second + 0.5)
    add("service", 28.6, Outcome.FAIL)
    add("service", 29.4, Outcome.UNKNOWN, took=0.3)
    add("one", 26.5)
    add("elsewhere", 29.5)
    evidence.moment = 29.9
    one, service, legend = shown(view.table())
    assert one.startswith("one")
    assert "out of service" in one
    assert one.endswith("·" * 26 + "✓···")
    assert "in service" in service
    assert "·✓✓✗?" in service
    assert "no answer" not in one
    assert legend.strip() == "the last 30 s: ✓ answered, ✗ errors, ? no answer"


def test_for_how_long_nothing_came_back_counts_from_the_first_request_without_an_answer(
    evidence: Told,
) -> None:
    view = Endpoints([SERVICE], lambda _: True, evidence)
    add = record(evidence, "silence:a")
    add("service", 5.0)
    add("service", 4.0, Outcome.UNKNOWN, took=3.0)  # sent before the last answer
    evidence.moment = 7.5
    assert "no answer for" not in shown(view.table())[0]
    add("service", 6.0, Outcome.UNKNOWN, took=3.0)
    add("service", 8.0, Outcome.UNKNOWN, took=3.0)
    evidence.moment = 11.0
    assert "no answer for 5 s" in shown(view.table())[0]
    add("service", 11.2)
    evidence.moment = 12.0
    assert "no answer for" not in shown(view.table())[0]


def test_only_what_is_new_is_read_and_what_is_old_is_forgotten(evidence: Told) -> None:
    view = Endpoints([SERVICE], lambda _: True, evidence)
    first, second = record(evidence, "crash:a"), record(evidence, "crash:b")
    first("service", 1.0)
    evidence.moment = 2.0
    assert shown(view.table())[0].count("✓") == 1
    read = next(evidence.recorders()).history
    read[0] = replace(read[0], outcome=Outcome.FAIL)  # seen only if it were read again
    second("service", 1.5)
    second("service", 2.5)
    assert shown(view.table())[0].count("✓") == 1, "within half a second it is the same"
    evidence.moment = 3.0
    assert shown(view.table())[0].endswith("·✓✓·")
    evidence.moment = 3.0 + SECONDS
    assert shown(view.table())[0].count("✓") == 0


def test_the_view_stands_below_the_live_line(terminal: Terminal, evidence: Told) -> None:
    progress = Progress(terminal)
    assert progress.why_not_live is None
    progress.show(Endpoints([SERVICE], lambda _: True, evidence).table)
    progress.begin(BY_ID["P1.6"])
    progress.announce("crash:a")
    progress.stop()
    text = terminal.getvalue()
    assert text.index("crash:a") < text.rindex("the last 30 s")


def test_it_is_shown_in_a_search_too_whose_announcements_stay(terminal: Terminal, evidence: Told) -> None:
    progress = Progress(terminal)
    progress.show(Endpoints([SERVICE], lambda _: True, evidence).table)
    progress.begin_search()
    progress.announce("segment 1: crash:a")
    progress.stop()
    text = terminal.getvalue()
    assert text.rindex("search 0 s") < text.rindex("the last 30 s")
    assert "\x1b[2m  segment 1: crash:a\x1b[0m" in text, "a line of its own, dimmed"


def test_a_view_that_fails_ends_and_the_run_goes_on(terminal: Terminal) -> None:
    def fails() -> RenderableType:
        raise RuntimeError("changed size during iteration")

    progress = Progress(terminal)
    progress.show(fails)
    progress.begin(BY_ID["P1.6"])
    progress.announce("crash:a")
    progress.announce("crash:b")
    progress.stop()
    assert terminal.getvalue().count("--watch ended: RuntimeError: changed size") == 1
    assert "crash:b" in terminal.getvalue()


def test_without_a_view_nothing_is_added(terminal: Terminal) -> None:
    progress = Progress(terminal)
    progress.begin(BY_ID["P1.6"])
    progress.stop()
    assert "the last" not in terminal.getvalue()


def test_where_it_can_show_nothing_it_says_why(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Progress(io.StringIO()).why_not_live == "standard error is not a terminal"
    assert Progress(terminal, quiet=True).why_not_live == "with -v pytest prints lines of its own"
    monkeypatch.setenv("TERM", "dumb")
    assert Progress(terminal).why_not_live == "this terminal cannot move its cursor (TERM)"
