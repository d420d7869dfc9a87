"""Which fault the report shows first."""

from __future__ import annotations

from pathlib import Path

from readiness.finding import Finding
from readiness.history import Op, Outcome, Verb
from readiness.report.html import render
from readiness.report.html.page import gather
from readiness.report.html.worst import first_violation
from tests.report.folders import Made, make, red


def row(id_: str, level: str, violations: list[str], *seconds: float) -> dict[str, object]:
    ops = [Op(0, "final", "p", "one", Verb.READ, "b", "k", at - 1, at, Outcome.OK, 404) for at in seconds]
    return {
        "id": id_,
        "level": level,
        "violations": violations,
        "witness": [op.as_json() for op in ops],
        "reason": "r",
    }


def test_the_first_violation_is_the_one_that_was_complete_first() -> None:
    found = first_violation(
        [
            row("P1.12", "s3", ["older"], 1.0),
            row("P1.14", "state", ["outage"], 2.0),
            row("P1.9", "state", [], 3.0),
            row("P1.13", "state", ["lost_at_the_end"], 4.0, 9.0),
            row("P1.6", "state", ["absent"], 5.0),
        ]
    )
    assert found is not None
    assert (found.criterion, found.at) == ("P1.6", 5.0)
    assert first_violation([row("P1.14", "state", ["outage"], 2.0)]) is None


def test_a_lost_write_is_shown_where_it_was_found(tmp_path: Path) -> None:
    page = gather(make(tmp_path, Made(lose=True, outage=5.5)))
    assert page.worst is not None
    assert page.worst.scenario == "crash:three"
    assert page.worst.why.startswith("The first violation, P1.13: crash:three: ")
    assert "first violation" in page.worst.wide
    assert "first violation" in page.worst.narrow
    assert page.writes is not None
    assert (page.writes.acknowledged, page.writes.objects, page.writes.lost) == (10, 10, 1)


def test_without_a_violation_it_is_the_longest_outage(tmp_path: Path) -> None:
    folder = make(tmp_path)
    page = gather(folder)
    assert page.worst is not None
    assert page.worst.why == "The longest outage: 0.50 to 0.70 s through two; 4 s were promised"
    assert 'viewBox="0 0 350' in page.worst.narrow
    text = render(folder)
    assert text.index('id="outages"') < text.index('id="writes"') < text.index('id="opentofu"')
    assert text.index('id="opentofu"') < text.index('id="worst"') < text.index('id="phase0"')
    assert "<strong>10</strong> acknowledged" in text


def test_nothing_wrong_and_nobody_away_has_no_picture(tmp_path: Path) -> None:
    folder = make(tmp_path, Made(outage=0.0))
    assert gather(folder).worst is None
    assert "there is no worst fault to show" in render(folder)


def test_writes_that_were_not_read_back_are_not_called_kept(tmp_path: Path) -> None:
    found: dict[str, Finding] = {"P0.7": red("a singleton")}
    page = gather(make(tmp_path, Made(findings=found)))
    assert page.unproved_writes == ["P1.13 UNKNOWN"]
