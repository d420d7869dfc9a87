from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from readiness.criteria import MANIFEST
from readiness.finding import Finding, State, impossible
from readiness.history import Op, Outcome, Verb
from readiness.report.html import MAX_BYTES, render
from readiness.report.html.page import gather
from readiness.report.html.witness import steps
from tests.report.folders import Made, make, red

pytestmark = pytest.mark.side_by_side

HOSTILE = "</details><script>alert(1)</script><img src=http://evil.example/x onerror=alert(2)>\"'&\x1b[31m"


class Reader(HTMLParser):
    """Collects tags, and what would load something."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loads: list[str] = []
        self.events: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name in ("src", "srcset", "data", "action") or (name in ("href", "xlink:href") and tag != "a"):
                self.loads.append(f"{tag} {name}={value}")
            if name.startswith("on"):
                self.events.append(name)
            if name == "id":
                self.ids.append(value or "")


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    return reader


@pytest.mark.store
def test_the_page_loads_nothing_and_runs_nothing(tmp_path: Path) -> None:
    text = (make(tmp_path) / "report.html").read_text("utf-8")
    reader = read(text)
    assert "script" not in reader.tags
    assert "link" not in reader.tags
    assert not reader.loads
    assert not reader.events
    assert "default-src 'none'" in text
    assert not re.search(r"url\((?!#)", text)
    assert len(set(reader.ids)) == len(reader.ids)


@pytest.mark.store
def test_the_page_has_every_criterion_with_the_plans_words_and_its_state_in_words(tmp_path: Path) -> None:
    page = gather(make(tmp_path))
    shown = {each.id: each for _, _, every, _ in page.phases for each in every}
    assert shown.keys() == {criterion.id for criterion in MANIFEST}
    assert all(shown[criterion.id].title == criterion.title for criterion in MANIFEST)
    assert {each.glyph for each in shown.values()} <= set("✓✗?–")
    text = render(make(tmp_path, name="20261124T094608Z-embedded-aaaaaa"))
    for word in ("PROVED", "NOT RUN", "crash:three", "had to serve", "RTO 4 s", "./just recheck", "--seed 7"):
        assert word in text
    stops = [criterion.sentence for criterion in MANIFEST if criterion.stops]
    assert len(stops) == text.count("The plan stops the migration if “") == 6
    assert all(f"The plan stops the migration if “{sentence}”." in text for sentence in stops)


def test_what_a_store_says_is_escaped(tmp_path: Path) -> None:
    op = Op(0, "probe", HOSTILE, HOSTILE, Verb.READ, "b", HOSTILE, 0, 1, Outcome.UNKNOWN, error=HOSTILE)
    findings = {"P1.2": red(HOSTILE, {HOSTILE: 1.0}, [op])}
    text = (make(tmp_path, Made(error=HOSTILE, findings=findings)) / "report.html").read_text("utf-8")
    reader = read(text)
    assert "script" not in reader.tags
    assert "img" not in reader.tags
    assert not reader.events
    assert "&lt;script&gt;" in text


def test_the_page_is_bounded(tmp_path: Path) -> None:
    many = {f"value {number} {'n' * 100}": float(number + 1) for number in range(500)}
    long = "a word " * 7000
    op = Op(0, "probe", "p", "one", Verb.READ, "b", "k" * 400, 0, 1, Outcome.UNKNOWN, error="e" * 500)
    findings = {criterion.id: red(long, many, [op] * 60) for criterion in MANIFEST}
    each = (long, json.dumps(many), op.as_json() * 60)
    assert all(len(part) * len(MANIFEST) > MAX_BYTES for part in each), (
        "without a bound any of them is too much"
    )
    folder = make(tmp_path, Made(findings=findings))
    assert (folder / "report.html").stat().st_size < MAX_BYTES


@pytest.mark.parametrize(
    ("outage", "message"), [(0.0, "✓ kept"), (0.6, "✓ kept"), (5.5, "✗ not kept"), (3.95, "? undecided")]
)
def test_an_outage_is_shown_with_its_bounds_against_the_promise(
    tmp_path: Path, outage: float, message: str
) -> None:
    text = render(make(tmp_path, Made(outage=outage)))
    row = text[text.index("<tr><td>two</td><td>had to serve") :].split("</tr>")[0]
    assert message in row
    if outage:
        assert re.search(r"\d\.\d\d to \d\.\d\d s", row)


def test_a_lost_write_is_shown_with_who_asked_whom_when_and_what_came(tmp_path: Path) -> None:
    page = gather(make(tmp_path, Made(lose=True)))
    shown = next(each for each in page.unexpected if each.id == "P1.13")
    lines = shown.witness
    assert [step.asked.split()[0] for step in lines][:2] == ["write", "read"]
    assert lines[-1].expected == "body-3, or newer"
    assert lines[-1].came == "404"
    assert "final" in lines[-1].client
    assert lines[-1].culprit


def test_a_witness_line_that_is_none_is_left_out() -> None:
    assert steps(["not json", "{}", "[]"]) == []


def test_in_interim_mode_what_is_expected_red_comes_second(tmp_path: Path) -> None:
    findings = {"P0.7": red("a singleton"), "P1.2": red("no answer")}
    made = Made(findings=findings, interim=True, expected={"P0.7": "TIN-1012"})
    page = gather(make(tmp_path, made))
    assert [each.id for each in page.expected] == ["P0.7"]
    assert "P1.2" in [each.id for each in page.unexpected]
    assert "P1.2" in page.summary


def test_what_is_not_run_as_declared_is_listed_apart(tmp_path: Path) -> None:
    found = {"P1.22": impossible("no loop devices"), "P1.23": Finding(State.NOT_RUN, "blocked")}
    made = Made(findings=found, interim=True, declared={"P1.22": "TIN-1: no power", "P1.23": "TIN-1"})
    folder = make(tmp_path, made)
    page = gather(folder)
    assert [each.id for each in page.declared] == ["P1.22"]
    assert "P1.22" not in [id_ for _, ids in page.not_run for id_ in ids]
    assert "P1.23" in [id_ for _, ids in page.not_run for id_ in ids]
    text = render(folder)
    assert "NOT RUN as declared" in text
    assert "(TIN-1: no power)" in text
    assert "; NOT RUN as declared: P1.22" in page.summary


def test_a_history_that_cannot_be_read_is_said_not_hidden(tmp_path: Path) -> None:
    folder = make(tmp_path, Made(seal=False))
    (folder / "history" / "crash_three.jsonl").write_text("", "utf-8")
    assert "Left out: crash:three" in render(folder)
