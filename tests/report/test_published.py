"""What is published of a store: levels, obstacles and outages, and its line in the decision."""

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest

from readiness.criteria import MANIFEST
from readiness.finding import State
from readiness.report.html.outages import Back, Outage, Row
from readiness.report.published.levels import by_level
from readiness.report.published.model import Answers, LongestOutage, ReadBack, Would
from readiness.report.published.obstacles import obstacles
from readiness.report.published.outages import by_kind
from readiness.report.published.page import page
from readiness.report.published.sentence import WrittenFor
from readiness.report.published.tables import EARLIER, criteria_table, decision
from readiness.topology import FaultKind
from tests.report.published import criteria, red, store

SENTENCES = {"some": "Accept it as it is.", "other": "Do not use it."}
FILE = "test_a.py"
ABOUT = {
    "arguments": ["--keep-going", "--seed", "7"],
    "candidate": "some",
    "mode": "strict",
    "seed": 7,
    "tests": {each.id: f"suites/{FILE}::test_{each.phase}[{each.id}-1]" for each in MANIFEST},
}


def states(changed: dict[str, dict[str, Any]], **fields: Any) -> dict[str, str]:
    return {each.level: each.words for each in by_level(store(changed, **fields))}


def line_of(table: str, candidate: str) -> list[str]:
    (line,) = [line for line in table.splitlines() if line.startswith(f"| **{candidate}**")]
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def test_a_level_is_ready_only_if_all_of_it_is_proved() -> None:
    assert all(each.ready for each in by_level(store()))
    found = states({"P1.13": red(), "P1.12": {"state": State.UNKNOWN}, "P1.6": {"state": State.NOT_RUN}})
    assert found["plan"].startswith("NOT READY: 1 NOT RUN, ")
    assert found["state"].startswith("NOT READY: 1 REFUTED, ")
    assert found["s3"].startswith("NOT READY: 1 UNKNOWN, ")


def test_what_is_not_promised_is_counted_and_not_missed() -> None:
    more = {"state": State.NOT_RUN, "not_promised": "no [upgrade]"}
    found = states({"P1.27": more})
    assert found["state"].startswith("READY: ")
    assert found["state"].endswith("1 not promised")
    assert obstacles(criteria({"P1.27": more}), {}) == []


def test_red_as_listed_is_not_ready() -> None:
    listed = {"P0.7": {**red(), "expected_red": "TIN-1"}}
    assert states(listed)["plan"].startswith("NOT READY, as listed: 1 REFUTED")
    assert states({**listed, "S.1": red()})["plan"].startswith("NOT READY: 2 REFUTED")


def test_each_reason_stands_once_with_a_command_of_its_own() -> None:
    changed = {
        "P1.13": red("gone | after a crash"),
        "P2.3": {"state": State.UNKNOWN, "reason": "no answer"},
        "P2.4": {"state": State.UNKNOWN, "reason": "no answer"},
        "P3.attic.1": {"state": State.NOT_RUN, "reason": "phase 2 is red"},
        "P4.1": red("1 of 2"),
        "P1.12": red("s3 does not decide"),
    }
    rows = criteria(changed)
    found = obstacles(rows, dict.fromkeys((row.id for row in rows), ABOUT))
    assert [(each.criteria, each.state) for each in found] == [
        (["P1.13"], State.REFUTED),
        (["P2.3", "P2.4"], State.UNKNOWN),
        (["P3.attic.1"], State.NOT_RUN),
    ]
    first, _, last = (shlex.split(each.command) for each in found)
    assert f"suites/{FILE}::test_1[P1.13-1]" in first
    assert last == ["./just", "tofu-state-ha-readiness", "--candidate", "some", "--keep-going", "--seed", "7"]


def test_a_sum_stands_in_the_way_only_alone() -> None:
    rows = criteria({"P4.1": red(), "P4.3": red("incomplete")})
    assert [each.criteria for each in obstacles(rows, {"P4.3": ABOUT})] == [["P4.3"]]
    assert [each.criteria for each in obstacles(criteria({"P4.1": red()}), {"P4.1": ABOUT})] == [["P4.1"]]


def test_the_obstacles_are_on_the_page_with_their_commands() -> None:
    rows = criteria({"P1.13": red("gone")})
    found = obstacles(rows, {"P1.13": ABOUT})
    answers = Answers(outages=[], writes=None, would=[], obstacles=found)
    text = page(store(criteria=rows, answers=answers, verdict="NOT READY"), "Do not use it.")
    assert "1. **P1.13** REFUTED: " in text
    assert f"   ```sh\n   {found[0].command}\n   ```\n" in text
    assert "Nothing at the levels" not in text


def outage(kind: str, lower: float, upper: float, state: State = State.PROVED) -> Outage:
    return Outage(f"{kind}:one", "service", lower, upper, 4.0, state, "")


def row(kind: FaultKind, *every: Outage, **fields: Any) -> Row:
    return Row(str(kind), kind, 4.0, every=list(every), **{"scenarios": [f"{kind}:one"], **fields})


def test_the_longest_outage_of_a_kind_is_over_all_its_faults() -> None:
    rows = [
        row(FaultKind.SILENCE, outage("silence", 0.2, 0.6)),
        row(FaultKind.CRASH, outage("crash", 0, 0)),
        row(FaultKind.SILENCE, outage("unplug", 1.0, 1.5)),
    ]
    crash, silence = by_kind(rows)
    assert (crash.words, crash.state, crash.where) == ("none", State.PROVED, "")
    assert (silence.words, silence.where) == ("1.00 to 1.50 s", "unplug:one through service")


@pytest.mark.parametrize(
    ("more", "words", "state"),
    [
        (outage("crash", 9.0, 9.5, State.REFUTED), "9.00 to 9.50 s", State.REFUTED),
        (outage("crash", 1.0, float("inf"), State.UNKNOWN), "at least 1.00 s, not seen whole", State.UNKNOWN),
        (outage("crash", 0, 0, State.UNKNOWN), "not measured", State.UNKNOWN),
    ],
)
def test_a_promise_is_kept_only_if_every_outage_kept_it(more: Outage, words: str, state: State) -> None:
    (found,) = by_kind([row(FaultKind.CRASH, outage("crash", 0.5, 1.0), more)])
    assert (found.words, found.state) == (words, state)


def test_what_was_not_played_is_not_kept() -> None:
    unmeasured = ["crash:two: the node was not to be killed"]
    (found,) = by_kind([row(FaultKind.CRASH, outage("crash", 0.5, 1.0), unmeasured=unmeasured)])
    assert (found.words, found.state) == ("0.50 to 1.00 s; not measured: crash:two", State.UNKNOWN)
    (alone,) = by_kind([row(FaultKind.CRASH, none_left=True)])
    assert (alone.words, alone.state) == ("nobody left to serve", State.REFUTED)
    (empty,) = by_kind([row(FaultKind.CRASH)])
    assert (empty.words, empty.state) == ("not measured", State.UNKNOWN)


def test_a_restarted_instance_that_was_not_seen_again_is_said() -> None:
    backs = {"two": Back("restart:two", "two", None, 4.0, State.REFUTED)}
    (found,) = by_kind([row(FaultKind.RESTART, outage("restart", 0, 0), backs=backs)])
    assert (found.words, found.state) == ("none; not seen back", State.REFUTED)


def test_a_line_of_the_decision_has_a_cell_for_each_question() -> None:
    answers = Answers(
        outages=[
            LongestOutage(
                kind=FaultKind.SILENCE, words="5.00 to 6.00 s", where="a", promised=4, state=State.REFUTED
            )
        ],
        writes=ReadBack(acknowledged=2345, objects=20, lost=0, scenarios=1, unproved=[]),
        would=[
            Would(state=State.REFUTED, sentence="It <b>stops|</b>.", because=["P1.6"]),
            Would(state=State.REFUTED, sentence="Real tofu: no", because=["P2.6"]),
        ],
        obstacles=[],
    )
    found = store({"P1.6": red()}, verdict="NOT READY", answers=answers)
    assert line_of(decision([found], SENTENCES, "../reports"), "some") == [
        "**some**: store 1.0",
        f"✗ NOT READY: 1 REFUTED, {sum(each.level == 'plan' for each in MANIFEST) - 1} PROVED",
        f"✓ READY: {sum(each.level == 'state' for each in MANIFEST)} PROVED",
        f"✓ READY: {sum(each.level == 's3' for each in MANIFEST)} PROVED",
        "not measured",
        "✗ 5.00 to 6.00 s (4 s)",
        "not measured",
        "✓ 0 of 2,345",
        r"✗ It &lt;b>stops\|&lt;/b>. And 1 more.",
        f"[{len(MANIFEST)} criteria, abc1234](../reports/some/README.md)",
    ]


@pytest.mark.parametrize(
    ("lost", "unproved", "cell"),
    [(0, [], "✓ 0 of 9"), (1, [], "✗ 1 of 9"), (0, ["P1.13 UNKNOWN"], "? 0 of 9")],
)
def test_no_loss_is_kept_only_if_it_was_proved(lost: int, unproved: list[str], cell: str) -> None:
    writes = ReadBack(acknowledged=9, objects=9, lost=lost, scenarios=1, unproved=unproved)
    answers = Answers(outages=[], writes=writes, would=[], obstacles=[])
    assert line_of(decision([store(answers=answers)], SENTENCES, "r"), "some")[7] == cell


def test_what_faults_showed_comes_before_what_the_file_says() -> None:
    would = [
        Would(state=State.REFUTED, sentence="The plan refuses it.", because=["P0.7"]),
        Would(state=State.REFUTED, sentence="One endpoint.", because=["S.1"]),
        Would(state=State.REFUTED, sentence="Plans would have stopped.", because=["P1.5", "P1.14"]),
    ]
    answers = Answers(outages=[], writes=None, would=would, obstacles=[])
    shown = line_of(decision([store(answers=answers)], SENTENCES, "r"), "some")
    assert shown[8] == "✗ Plans would have stopped. And 2 more."


def test_what_is_not_shown_is_no_good_news() -> None:
    would = [
        Would(state=State.PROVED, sentence="No state would have been lost.", because=["P1.13"]),
        Would(state=State.UNKNOWN, sentence="Not shown: the lock.", because=["P2.8"]),
    ]
    answers = Answers(outages=[], writes=None, would=would, obstacles=[])
    shown = line_of(decision([store(answers=answers)], SENTENCES, "r"), "some")
    assert shown[8] == "? Not shown: the lock."
    none = line_of(decision([store()], SENTENCES, "r"), "some")
    assert none[7:9] == ["not measured", "?"]


def test_pages_of_other_criteria_stand_apart_and_are_never_ready_today() -> None:
    older = store(candidate="other", criteria=criteria()[:-1])
    text = decision([older, store()], SENTENCES, "../reports")
    lines = text.splitlines()
    apart = next(number for number, line in enumerate(lines) if line.startswith(f"| {EARLIER} |"))
    assert [lines.index(line) < apart for line in lines if line.startswith("| **some")] == [True]
    assert [lines.index(line) > apart for line in lines if line.startswith("| **other")] == [True]
    assert f"[{len(MANIFEST) - 1} criteria, abc1234](../reports/other/README.md)" in lines[apart + 1]
    assert "by today's criteria: some.**" in text
    assert f"There are {len(MANIFEST)} criteria today." in text


def test_a_page_without_levels_says_so() -> None:
    bare = [row.model_copy(update={"level": None}) for row in criteria()]
    older = store(answers=None, criteria=bare)
    assert line_of(decision([older], SENTENCES, "r"), "some")[1:9] == [
        "READY, of all levels together",
        "as `plan`",
        "as `plan`",
        *["not kept"] * 5,
    ]
    assert "by today's criteria: none.**" in decision([older], SENTENCES, "r")
    assert f"Judged by an earlier suite (`abc1234`, {len(MANIFEST)} criteria)" in page(older, "Accept it.")


def test_every_store_has_its_sentence_below_the_table() -> None:
    text = decision([store(), store(candidate="other", verdict="NOT READY")], SENTENCES, "r")
    assert text.endswith("- **other**: Do not use it.\n- **some**: Accept it as it is.")


def test_a_criterion_that_a_suite_did_not_have_is_not_called_not_run() -> None:
    older = store(candidate="other", criteria=[row for row in criteria() if row.id != "P1.29"])
    (line,) = [each for each in criteria_table([older, store()]).splitlines() if "P1.29" in each]
    assert line.endswith("|   | ✓ |")


def test_a_sentence_is_written_for_what_is_open_where_it_decides() -> None:
    one = WrittenFor.of(store({"P1.13": red(), "P1.12": red(), "P4.1": red()}, verdict="NOT READY"))
    assert one.open == ["P1.13 REFUTED"]
    same = store({"P1.13": red("other numbers"), "P1.12": {"state": State.PROVED}}, verdict="NOT READY")
    assert one.changed(WrittenFor.of(same)) == ""
    better = WrittenFor.of(store(verdict="READY at levels plan and state; s3: 1 REFUTED"))
    assert one.changed(better) == "the verdict was NOT READY and is READY; no longer: P1.13 REFUTED"
    assert better.changed(one) == "the verdict was READY and is NOT READY; new: P1.13 REFUTED"
